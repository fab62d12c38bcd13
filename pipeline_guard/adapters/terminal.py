# SPDX-License-Identifier: Apache-2.0
"""Progress for a person: one line that rewrites itself, on a terminal only."""

from __future__ import annotations

import os
import shutil
import sys
import time
from typing import TextIO

_PAUSE = 0.1  # seconds between two drawings
_DELAY = 0.7  # seconds before the first one: short work draws nothing


class TerminalProgress:
    """Draws on standard error while it is a terminal; ``close`` wipes the line."""

    def __init__(self) -> None:
        self._drawn = False
        self._begun = self._last = time.monotonic()

    def step(self, what: str, done: int, total: int | None = None) -> None:
        """Show ``done`` of ``total`` with rate and remaining time."""
        now = time.monotonic()
        if now - self._begun < _DELAY or now - self._last < _PAUSE or not _moves(sys.stderr):
            return
        self._last, self._drawn = now, True
        rate = done / max(now - self._begun, 0.001)
        text = f"{what}: {done:,}" + (f" of {total:,}" if total else "") + f"  {rate:,.0f}/s"
        if total and rate > 0:
            text += f"  {max(total - done, 0) / rate:.0f} s left"
        room = shutil.get_terminal_size((80, 24)).columns - 1  # a longer line would wrap, and stay
        sys.stderr.write(f"\r\x1b[K{text[:room]}")
        sys.stderr.flush()

    def close(self) -> None:
        """Wipe what was drawn."""
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._drawn = False


def _moves(stream: TextIO) -> bool:
    """Tell whether a stream is a terminal whose cursor can be moved."""
    return stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb")


class SilentProgress:
    """For everything that is not a person."""

    def step(self, what: str, done: int, total: int | None = None) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""
