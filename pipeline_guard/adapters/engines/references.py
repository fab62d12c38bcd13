# SPDX-License-Identifier: Apache-2.0
"""Credentials that the configuration refers to: a variable that no job inherits, or a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipeline_guard.errors import UsageError
from pipeline_guard.model.secret import Secret

_LARGEST = 64 * 1024


def referred(reference: str, environ: Mapping[str, str]) -> Secret:
    """Return what ``env:NAME`` or ``file:PATH`` means, without a final newline; raise UsageError where it is missing."""
    kind, _, name = reference.partition(":")
    if kind == "env":
        text = environ.get(name, "")
        if not text:
            raise UsageError(f"the variable {name}, which an engine refers to, is not set", "set it where pipeline-guard runs")
        return Secret(text.encode("utf-8", "surrogateescape"))
    try:
        with Path(name).open("rb") as stream:
            content = stream.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(f"cannot read the file an engine refers to: {(error.strerror or 'error').lower()}", f"check {name}") from None
    if not content.strip() or len(content) > _LARGEST:
        raise UsageError("the file an engine refers to is empty or too large", f"check {name}")
    return Secret(content.rstrip(b"\r\n"))
