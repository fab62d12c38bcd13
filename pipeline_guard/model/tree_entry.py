# SPDX-License-Identifier: Apache-2.0
"""What lies in a folder, as it was when it was looked at."""

from __future__ import annotations

from typing import NamedTuple


class TreeEntry(NamedTuple):  # a tuple: there may be hundreds of thousands
    """One file or folder below a root; ``name`` is relative, with ``/``, a folder's without one at its end.

    ``mode`` has the permission bits, ``links`` counts the names of a file. ``stamp`` is (device, inode, size, mtime in ns, ctime in
    ns): if it is the same later, nobody wrote meanwhile.
    """

    name: str
    is_folder: bool
    mode: int
    links: int
    stamp: tuple[int, int, int, int, int]

    @property
    def size(self) -> int:
        """The length in bytes when it was looked at."""
        return self.stamp[2]


class Piece(NamedTuple):
    """A file, or its bytes from ``start`` up to ``end`` (-1: the whole file), as it was listed (``stamp``) or however it is now (None)."""

    name: str
    stamp: tuple[int, int, int, int, int] | None = None
    start: int = 0
    end: int = -1
