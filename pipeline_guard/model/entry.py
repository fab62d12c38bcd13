# SPDX-License-Identifier: Apache-2.0
"""Bytes with a name: what sources give to rooms."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline_guard.model.finding import Origin


@dataclass(frozen=True, slots=True)
class Part:
    """Where the data of an entry stands in a text that is too large to be read at once.

    ``offset`` bytes, ``line`` lines and, on its first line, ``column`` characters of the text stand before it. What begins
    within ``own``, offsets into the data, belongs to this part; the rest is there for a look around.
    """

    offset: int
    line: int
    column: int
    own: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Entry:
    """One file or blob. ``path`` uses ``/``.

    ``mode`` is the git mode (100644, 100755, 120000) in octal digits, "" for a text that is no file.
    ``blob`` is git's object id where the content comes from the object database; ``part`` is None where the data is all of it.
    """

    path: str
    data: bytes
    origin: Origin | None = None
    mode: str = "100644"
    blob: str = ""
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """Texts that were to be read and were not, and why."""

    names: tuple[str, ...]
    why: str
