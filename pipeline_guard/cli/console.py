# SPDX-License-Identifier: Apache-2.0
"""What a command says: data on standard output, talk on standard error."""

from __future__ import annotations

import os
import sys
from typing import Protocol, TextIO

from pipeline_guard.errors import Unavailable


class Console(Protocol):
    """Where a command's words go; the dry-run gives one that listens."""

    def data(self, text: str) -> None:
        """Say what was asked for."""
        ...

    def talk(self, text: str) -> None:
        """Say something to a person."""
        ...


class Terminal:
    """The process's own streams."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet

    def data(self, text: str) -> None:
        """Write to standard output, ending in one newline."""
        try:
            sys.stdout.buffer.write(text.encode("utf-8", "replace") + (b"" if text.endswith("\n") else b"\n"))
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            raise
        except (OSError, AttributeError) as error:
            _let_go(sys.stdout)
            reason = getattr(error, "strerror", None) or "it is closed"
            raise Unavailable(f"cannot write to standard output: {reason.lower()}", "check where it goes, or use --output") from None

    def talk(self, text: str) -> None:
        """Write to standard error unless --quiet."""
        if not self._quiet:
            speak(f"pipeline-guard: {text}")


def speak(line: str) -> None:
    """Write a line to standard error if it takes any: that nobody listens changes neither the result nor the exit code."""
    try:
        print(line, file=sys.stderr)
    except OSError:
        _let_go(sys.stderr)


def _let_go(stream: TextIO | None) -> None:
    """Send what a stream could not take into nothing: Python would try again at its end, and leave with a code of its own."""
    if stream is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
