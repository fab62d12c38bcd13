# SPDX-License-Identifier: Apache-2.0
"""A place in a file or blob."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """Lines and columns count from 1 (columns in code points); bytes are offsets as stored.

    ``path`` is relative to the repository root or the folder scanned, with ``/``. Zero lines mean
    that the whole file is meant.
    """

    path: str
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    byte_start: int = 0
    byte_end: int = 0
    commit: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path
