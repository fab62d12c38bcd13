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


def read_pin(reference: str, environ: Mapping[str, str], longest: int = 256) -> Secret:
    """Return the PIN, up to ``longest`` bytes, that ``reference`` points to; raise UsageError where it points to nothing."""
    kind, _, place = reference.partition(":")
    if kind == "env" and place:
        value = environ.get(place, "")
        if not value:
            raise UsageError(f"the variable {place} with the token's PIN is not set", _HINT)
        return Secret(value.encode())
    if kind == "file" and place:
        try:
            return Secret(Path(place).read_bytes()[:longest].strip())
        except OSError as error:
            raise UsageError(f"cannot read the token's PIN from {place}: {(error.strerror or 'error').lower()}", _HINT) from None
    if kind == "fd" and place.isdecimal():
        try:
            with os.fdopen(int(place), "rb", closefd=False) as stream:
                return Secret(stream.read(longest).strip())
        except OSError:
            raise UsageError(f"cannot read the token's PIN from descriptor {place}", _HINT) from None
    if kind == "prompt" and not place:
        if not sys.stdin.isatty():
            raise UsageError("cannot ask for the token's PIN: there is no terminal", _HINT)
        return Secret(getpass.getpass("PIN of the token: ").encode())
    raise UsageError("the token's PIN is not named in a way we read", _HINT)
