# SPDX-License-Identifier: Apache-2.0
"""GGUF (llama.cpp): key-value pairs with a chat template, and tensors whose sizes older readers multiply without looking.

Format: ggml/docs/gguf.md; element sizes from ggml.h. CVE-2024-34359 (template), CVE-2026-33298 and others (sizes).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator

from pipeline_guard.gate.model_format import jinja
from pipeline_guard.gate.model_hazard import Doubt, Hazard, malformed
from pipeline_guard.gate.octets import Octets

_MOST_PAIRS, _MOST_TENSORS, _MOST_ITEMS = 65_536, 1_000_000, 20_000_000
_LONGEST_NAME = 65_535
_STRING, _ARRAY = 8, 9
_WIDTHS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
# type: elements of a block, bytes of a block
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36), 10: (256, 84), 11: (256, 110),
    12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50),
    20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8),
    29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip
_FIX = "have the file converted anew with llama.cpp's convert_hf_to_gguf.py from weights that you trust"


class _Broken(Exception):
    """Carries what is wrong."""


class _Reader:
    def __init__(self, content: Octets) -> None:
        self.content = content
        self.position = 8
        version = int.from_bytes(content[4:8], "little")
        self.order = "<" if version & 0xFFFF else ">"
        self.version = version if self.order == "<" else int.from_bytes(content[4:8], "big")
        self.wide = self.version > 1
        self.items = 0

    def number(self, kind: str) -> int:
        """Read one number of a struct code."""
        size = struct.calcsize(self.order + kind)
        piece = self.content[self.position : self.position + size]
        if len(piece) < size:
            raise _Broken("it ends within its header")
        self.position += size
        found: int = struct.unpack(self.order + kind, piece)[0]
        return found

    def length(self) -> int:
        """Read a count or a length."""
        return self.number("Q" if self.wide else "I")

    def text(self) -> bytes:
        """Read a text."""
        length = self.length()
        if length > len(self.content) - self.position:
            raise _Broken(f"a text of {length} bytes at byte {self.position}")
        self.position += length
        return self.content[self.position - length : self.position]

    def skip(self, kind: int, depth: int = 0) -> bytes:
        """Pass over a value; return it where it is a text, or texts in a list."""
        if kind == _STRING:
            return self.text()
        if kind != _ARRAY:
            if kind not in _WIDTHS:
                raise _Broken(f"a value of unknown type {kind} at byte {self.position}")
            self._pass(_WIDTHS[kind])
            return b""
        inner, count = self.number("I"), self.length()
        self.items += count
        if self.items > _MOST_ITEMS or depth > 4:
            raise _Broken(f"a list of {count} items at byte {self.position}")
        if inner in _WIDTHS:
            self._pass(_WIDTHS[inner] * count)
            return b""
        for _ in range(count):
            self.skip(inner, depth + 1)
        return b""

    def _pass(self, width: int) -> None:
        self.position += width
        if self.position > len(self.content):
            raise _Broken("it ends within its header")


def inspect(content: Octets, _name: str) -> Iterator[Hazard | Doubt]:
    """Give dangerous templates, and every size that cannot be."""
    reader = _Reader(content)
    if not 1 <= reader.version <= 3:
        yield Doubt(f"GGUF version {reader.version}, which the gate does not know")
        return
    try:
        tensors, pairs = reader.length(), reader.length()
        if pairs > _MOST_PAIRS or tensors > _MOST_TENSORS:
            raise _Broken(f"{tensors} tensors and {pairs} keys are announced")
        alignment = 32
        seen: set[bytes] = set()
        for _ in range(pairs):
            key = reader.text()
            if key in seen or len(key) > _LONGEST_NAME:
                raise _Broken(f"the key {key[:60].decode('utf-8', 'replace')!r} comes twice or is too long")
            seen.add(key)
            kind = reader.number("I")
            at = reader.position
            value = reader.skip(kind)
            if key.startswith(b"tokenizer.chat_template") and kind == _STRING:
                yield from jinja.inspect(value.decode("utf-8", "replace"))
            if key == b"general.alignment" and kind == 4:
                alignment = struct.unpack(reader.order + "I", content[at : at + 4])[0]
        yield from _tensors(reader, tensors, alignment)
    except _Broken as broken:
        yield malformed(str(broken), reader.position, _FIX)


def _tensors(reader: _Reader, count: int, alignment: int) -> Iterator[Hazard | Doubt]:
    if alignment < 1 or alignment & (alignment - 1):
        raise _Broken(f"an alignment of {alignment}")
    places: list[tuple[int, int, bytes]] = []
    names: set[bytes] = set()
    unknown: set[int] = set()
    for _ in range(count):
        name, dimensions = reader.text(), reader.number("I")
        shown = repr(name[:60].decode("utf-8", "replace"))
        if name in names:
            raise _Broken(f"two tensors called {shown}")
        names.add(name)
        if dimensions > 4:
            raise _Broken(f"tensor {shown} has {dimensions} dimensions")
        sizes = [reader.length() for _ in range(dimensions)]
        kind, offset = reader.number("I"), reader.number("Q")
        items = math.prod(sizes)
        block, width = _BLOCKS.get(kind, (1, 0))
        if kind not in _BLOCKS:
            unknown.add(kind)
        if items >= 2**63 or any(size >= 2**63 for size in sizes) or items // block * width >= 2**63:
            raise _Broken(f"the size of tensor {shown} overflows")
        if sizes and sizes[0] % block:
            raise _Broken(f"tensor {shown} ends within a block")
        if offset % alignment:
            raise _Broken(f"tensor {shown} is not aligned")
        places.append((offset, items // block * width, name))
    start = -(-reader.position // alignment) * alignment
    available = len(reader.content) - start
    end = 0
    for offset, length, name in sorted(places):
        shown = repr(name[:60].decode("utf-8", "replace"))
        if offset + length > available:
            raise _Broken(f"tensor {shown} lies beyond the end of the file")
        if offset < end:
            raise _Broken(f"tensor {shown} overlaps another")
        end = offset + length
    if unknown:
        yield Doubt(f"tensors of type {sorted(unknown)[0]}, which the gate does not know")
