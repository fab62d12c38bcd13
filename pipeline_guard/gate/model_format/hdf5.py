# SPDX-License-Identifier: Apache-2.0
"""HDF5: descriptions of Keras models in attributes, and links that lead to other files.

Attributes are stored as they are, in an object header or a heap, never compressed: what a loader would read as JSON is found in
the bytes. Link messages: HDF5 File Format Specification 3.0, IV.A.2.g; external data files: IV.A.2.h.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.model_format import keras
from pipeline_guard.gate.model_hazard import Doubt, Hazard, code
from pipeline_guard.gate.octets import Octets

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_LINK = re.compile(rb"\x01[\x08-\x1f]\x40")
_CHUNK = 4 * 1024 * 1024


def is_hdf5(content: Octets, _name: str) -> bool:
    """Tell whether a file is HDF5: its signature lies at byte 0, or at 512 and its doubles behind a user block."""
    at = 0
    while at < len(content) and at <= 1 << 20:
        if content.startswith(SIGNATURE, at):
            return True
        at = at * 2 or 512
    return False


def inspect(content: Octets, _name: str) -> Iterator[Hazard | Doubt]:
    """Give what the descriptions in it would run, and links that leave the file."""
    yield from keras.within(content)
    position = 0
    while position < len(content):
        piece = content[position : position + _CHUNK + 4096]
        for match in _LINK.finditer(piece, 0, min(len(piece), _CHUNK)):
            target = _external(piece, match.start())
            if target:
                yield code(
                    f"a link into another file, {target[:80]!r}",
                    target,
                    position + match.start(),
                    "have it saved again without external links",
                )
                return
        position += _CHUNK


def _external(piece: bytes, at: int) -> str:
    """Return the file that a link message at ``at`` names; "" where it is no external link after all."""
    flags = piece[at + 1]
    place = at + 3 + (8 if flags & 4 else 0) + (1 if flags & 16 else 0)
    width = 1 << (flags & 3)
    length = int.from_bytes(piece[place : place + width], "little")
    place += width + length
    size = int.from_bytes(piece[place : place + 2], "little")
    value = piece[place + 2 : place + 2 + size]
    if not 1 <= length <= 1024 or not 5 <= size <= 2048 or len(value) < size or value[:1] != b"\0" or value[-1:] != b"\0":
        return ""
    names = value[1:-1].split(b"\0")
    if len(names) != 2 or not all(names) or not all(name.decode("utf-8", "replace").isprintable() for name in names):
        return ""
    return names[0].decode("utf-8", "replace")
