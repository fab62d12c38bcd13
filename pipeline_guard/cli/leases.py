# SPDX-License-Identifier: Apache-2.0
"""What run, inject and revoke say of leases, and the files they send along with a wish."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import ExitCode, UsageError
from pipeline_guard.model.dynamic import Ended
from pipeline_guard.model.lease import Binding, Injection

_GIVEN = 64 * 1024  # bytes of a certificate request or public key


def with_files(bindings: Sequence[Binding], wiring: Wiring) -> list[Binding]:
    """Return bindings whose ``given`` holds what lies in the files that the configuration names."""
    return [
        replace(binding, given=tuple((field, wiring.files.read(path, _GIVEN).decode("utf-8", "replace")) for field, path in binding.given))
        for binding in bindings
    ]


def sent(bindings: Sequence[Binding]) -> dict[str, str]:
    """Return what goes to a broker along with a request; raise UsageError where two bindings mean different things by one word."""
    found: dict[str, str] = {}
    for binding in bindings:
        for field, text in binding.given:
            if found.setdefault(field, text) != text:
                raise UsageError(f"two secrets send another {field}", "a broker takes one of each a request: bind them in two steps")
    return found


def say_granted(injection: Injection, wiring: Wiring) -> None:
    """Tell of values that only time ends."""
    for lease in injection.leases:
        if not lease.revocable:
            wiring.console.talk(f"{lease.secret}: cannot be revoked, expires at {lease.expires:%Y-%m-%d %H:%M:%S} UTC")


def say_ended(ended: Ended, wiring: Wiring) -> ExitCode:
    """Tell, loudly, what could not be undone; return the exit code that says so."""
    for lease in ended.expiring:
        wiring.console.talk(f"{lease.secret}: cannot be revoked, expires at {lease.expires:%Y-%m-%d %H:%M:%S} UTC")
    for failure in ended.failed:
        again = f"{failure.again:%H:%M:%S} UTC"
        wiring.console.talk(f"NOT REVOKED: {failure.lease.secret} ({failure.lease.about}): {failure.why}; tried again from {again} on")
    if ended.failed:
        wiring.console.talk("run pipeline-guard revoke again, or let a broker do it; until then it lives, at most until it expires")
    return ExitCode.UNAVAILABLE if ended.failed else ExitCode.CLEAN
