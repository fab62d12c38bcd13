# SPDX-License-Identifier: Apache-2.0
"""The exception tree and the exit codes.

Every purposeful failure is a ``GuardError``: what happened, and a hint that names the next step.

    GuardError(what, hint="")
    |-- UsageError        2   flag, configuration, policy file
    |   `-- UnknownRevision     a commit that this clone does not know
    |-- NothingToDo       3   nothing to look at: never green by accident
    |-- Denied            4   policy refused an identity, a lease, a key use
    |-- IntegrityError    1   a signature, digest, token or wrapped key did not verify (one class: no oracle)
    |   `-- Replayed          something that counts once was used before
    `-- Unavailable       5   HSM, store, forge, identity provider, audit sink; may be retried
        `-- Throttled         asked for too often

Anything else that reaches ``main`` is a bug and ends with 70.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process tells its caller. Formats and severities never change it."""

    CLEAN = 0
    NO = 1
    USAGE = 2
    NOTHING = 3
    DENIED = 4
    UNAVAILABLE = 5
    INCOMPLETE = 6
    BUG = 70


# When several apply, the one that says most about what to do first wins.
_PRECEDENCE = (
    ExitCode.BUG,
    ExitCode.UNAVAILABLE,
    ExitCode.DENIED,
    ExitCode.USAGE,
    ExitCode.NOTHING,
    ExitCode.NO,
    ExitCode.INCOMPLETE,
    ExitCode.CLEAN,
)


def weightiest(codes: list[ExitCode]) -> ExitCode:
    """Return the code that wins when several apply; ``CLEAN`` for an empty list."""
    return min(codes, key=_PRECEDENCE.index, default=ExitCode.CLEAN)


class GuardError(Exception):
    """A purposeful failure: ``what`` happened, and a ``hint`` naming the next step."""

    exit_code = ExitCode.BUG

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class UsageError(GuardError):
    """A flag, the configuration or a policy file cannot be used as given."""

    exit_code = ExitCode.USAGE


class UnknownRevision(UsageError):
    """A revision that this clone does not know. For a range to scan the command makes it NothingToDo."""


class NothingToDo(GuardError):
    """There was nothing to look at; a silent success would be a lie."""

    exit_code = ExitCode.NOTHING


class Denied(GuardError):
    """Policy refused an identity, a lease or the use of a key."""

    exit_code = ExitCode.DENIED


class IntegrityError(GuardError):
    """Something did not verify. One class for all causes, so that it is no oracle."""

    exit_code = ExitCode.NO


class Unavailable(GuardError):
    """A part of the world did not answer; trying again may help."""

    exit_code = ExitCode.UNAVAILABLE


class Replayed(IntegrityError):
    """Something that counts once was used before: an identity token, a proof of possession."""


class Throttled(Unavailable):
    """Somebody asked too often; later it may help."""
