# SPDX-License-Identifier: Apache-2.0
"""A list of what is revoked, as a file that servers read: changed by one process at a time, replaced whole, never half."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from pipeline_guard.adapters.replace import replace
from pipeline_guard.errors import Unavailable

LARGEST = 64 * 1024 * 1024


def change(path: str, work: Callable[[bytes], bytes | None]) -> None:
    """Give a list's content (b"" where there is none) to ``work``; what it returns takes its place, durably. None leaves it."""
    target = Path(path).resolve()
    try:
        lock = os.open(target.with_name(f".{target.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            before = _content(target)
            after = work(before)
            if after is not None and after != before:
                replace(target, after, 0o644)  # servers of other users read it, and it is public
        finally:
            os.close(lock)
    except OSError as error:
        hint = "check its folder's permissions and space"
        raise Unavailable(f"cannot change the list of revocations {path}: {(error.strerror or 'error').lower()}", hint) from None


def _content(target: Path) -> bytes:
    try:
        with target.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except FileNotFoundError:
        return b""
    if len(content) > LARGEST:
        raise Unavailable(f"the list of revocations {target} is too large", "move it away: what it lists has long expired")
    return content
