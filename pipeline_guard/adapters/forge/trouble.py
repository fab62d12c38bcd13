# SPDX-License-Identifier: Apache-2.0
"""Foreign errors of both client libraries, turned into ours: one line each, and the exit code that says what to do next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import requests

from pipeline_guard.adapters.forge.line import Trouble
from pipeline_guard.errors import Denied, GuardError, Unavailable
from pipeline_guard.model.forge import Posted

T = TypeVar("T")
NEEDS = {
    "status": "GitHub: statuses: write; GitLab: a token with the scope api and the role Developer",
    "check run": "GitHub: checks: write, and the token of an App",
    "comment": "GitHub: pull-requests: write",
    "SARIF": "GitHub: security-events: write, and code scanning switched on",
    "discussion": "GitLab: a token with the scope api and the role Developer",
    "external status check": "GitLab Ultimate, and a token with the scope api and the role Developer",
}


def explained(forge: str, what: str, status: int) -> GuardError:
    """Return the error for a status of HTTP."""
    if status == 401:
        return Denied(f"{forge} does not know the token ({what}, 401)", "it may have expired; name another with --forge-token")
    if status == 403:
        return Denied(f"{forge} does not allow the token: {what} (403)", NEEDS.get(what, "docs/enforcement.md lists the permissions"))
    if status in (404, 410):
        return Denied(f"{forge} shows no such thing to this token: {what} ({status})", "check the name, and whether the token may see it")
    if status == 409:
        return Unavailable(f"{forge}: {what} is in conflict with something else (409)", "try again")
    if status == 422:
        return Denied(f"{forge} refuses what was sent: {what} (422)", "is the commit known there, and not older than the change's head?")
    if status == 429:
        return Unavailable(f"{forge}: too many requests ({what}, 429)", "try again later")
    if status >= 500:
        return Unavailable(f"{forge} is in trouble ({what}, {status})", "try again")
    return Denied(f"{forge} refuses: {what} ({status})", "docs/enforcement.md lists the permissions")


@contextmanager
def translated(forge: str, what: str, foreign: tuple[type[Exception], ...]) -> Iterator[None]:
    """Let nothing foreign through; ``foreign`` are the library's own errors. Raises Denied or Unavailable."""
    odd = Unavailable(f"{forge}: an answer of an unknown form ({what})", "is this the address of the forge's API?")
    try:
        yield
    except Trouble as error:
        raise Unavailable(error.what, error.hint) from None
    except requests.RequestException:
        raise Unavailable(
            f"{forge}: no connection, or one that broke ({what})", "check the address and the network, or try again"
        ) from None
    except foreign as error:
        status = getattr(error, "status", getattr(error, "response_code", None))
        raise (explained(forge, what, status) if isinstance(status, int) and status >= 300 else odd) from None
    # what Python raises where a library looks into an answer that is not what it should be
    except (AssertionError, AttributeError, KeyError, IndexError, TypeError, ValueError, RuntimeError):
        raise odd from None


def optional(what: str, step: Callable[[], Posted], pause: Callable[[float], None]) -> Posted:
    """Do a step as ``again`` does; one that fails is left out, with the reason."""
    try:
        return again(step, pause)
    except GuardError as error:
        return Posted(what, "left out", error.what)


def again(step: Callable[[], T], pause: Callable[[float], None]) -> T:
    """Do a step that looks first what is there, twice more where the forge was in trouble: what was written is then found."""
    for seconds in (1.0, 4.0):
        try:
            return step()
        except Unavailable:
            pause(seconds)
    return step()
