# SPDX-License-Identifier: Apache-2.0
"""Where a PIN comes from: the environment, a file, a descriptor or a prompt; never argv, never a URI as stored."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from pipeline_guard.errors import UsageError
from pipeline_guard.model.secret import Secret

_HINT = "write env:NAME, file:PATH, fd:N or prompt"


def read_pin(reference: str, environ: Mapping[str, str], longest: int = 256, what: str = "the token's PIN") -> Secret:
    """Return the PIN (or ``what`` else) that ``reference`` points to, up to ``longest`` bytes; raise UsageError where there is none."""
    kind, _, place = reference.partition(":")
    if kind == "env" and place:
        value = environ.get(place, "")
        if not value:
            raise UsageError(f"the variable {place} with {what} is not set", _HINT)
        return Secret(value.encode())
    if kind == "file" and place:
        try:
            return Secret(Path(place).read_bytes()[:longest].strip())
        except OSError as error:
            raise UsageError(f"cannot read {what} from {place}: {(error.strerror or 'error').lower()}", _HINT) from None
    if kind == "fd" and place.isdecimal():
        try:
            with os.fdopen(int(place), "rb", closefd=False) as stream:
                return Secret(stream.read(longest).strip())
        except OSError:
            raise UsageError(f"cannot read {what} from descriptor {place}", _HINT) from None
    if kind == "prompt" and not place:
        if not (sys.stdin and sys.stdin.isatty()):
            raise UsageError(f"cannot ask for {what}: there is no terminal", _HINT)
        try:
            return Secret(getpass.getpass(f"{what}: ").encode())
        except EOFError:
            raise UsageError(f"{what} was not given", _HINT) from None
    raise UsageError(f"{what} is not named in a way we read", _HINT)
