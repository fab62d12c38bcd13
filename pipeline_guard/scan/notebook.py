# SPDX-License-Identifier: Apache-2.0
"""Jupyter notebooks by cell: sources and text outputs unescaped, with a map back to the file; images left out.

Format: nbformat 4 (and 3's worksheets), https://nbformat.readthedocs.io/en/latest/format_description.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline_guard.scan.decode import undone
from pipeline_guard.scan.fragment import Piece, Span

# possessive: a string that never ends is given up at once, not after every way to divide it
_TOKEN = re.compile(rb'"((?:[^"\\]++|\\.)*+)"|[\[\]{}:,"]|[^\s"\[\]{}:,]+', re.S)
_PART = re.compile(
    rb"\\(?:u([0-9a-fA-F]{4})(?:\\u([dD][c-fC-F][0-9a-fA-F]{2}))?|(.))|\"\s*+,\s*+\"", re.S
)  # an escape, or what divides strings
_SIMPLE = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f"}
MAX_DEPTH = 64


@dataclass(slots=True)
class _Level:
    closing: bytes
    key: bytes = b""
    wants_key: bool = False
    texts: Span | None = None  # from its first text to its last


def read(data: bytes) -> tuple[list[Piece], bytes] | None:
    """Return the texts of the cells, and the file with those texts and all images blanked.

    None where this is no notebook, or not JSON to its end: then its bytes are read as they are.
    """
    if b'"cells"' not in data and b'"worksheets"' not in data:
        return None
    stack: list[_Level] = []
    rest = bytearray(data)
    texts: list[Piece] = []
    for token in _TOKEN.finditer(data):
        first = token.group()[:1]
        if first in b"[{":
            if len(stack) >= MAX_DEPTH:
                return None
            stack.append(_Level(b"]" if first == b"[" else b"}", wants_key=first == b"{"))
        elif first in b"]}":
            if not stack or stack[-1].closing != first:
                return None
            level = stack.pop()
            if level.texts:  # nbformat divides a text after each line: what stands between the strings goes too
                texts.append(undone(data, *level.texts, _PART, _decode))
        elif first == b",":
            if stack:
                stack[-1].wants_key = stack[-1].closing == b"}"
        elif first == b'"' and token.group(1) is None:  # a string that never ends
            return None
        elif first == b'"' and stack:
            level = stack[-1]
            if level.wants_key:
                level.key, level.wants_key = token.group(1), False
                continue
            kind = _kind([one.key for one in stack if one.closing == b"}"])
            if kind:
                start, end = token.span(1)
                rest[start:end] = b" " * (end - start)
                if kind == "text" and level.closing == b"]":
                    level.texts = (level.texts[0] if level.texts else start, end)
                elif kind == "text":
                    texts.append(undone(data, start, end, _PART, _decode))
    return (texts, bytes(rest)) if not stack else None


def _kind(keys: list[bytes]) -> str:
    """Tell by the path of keys whether a string is a cell's "text", an "image", or "" for anything else."""
    if not keys or keys[0] not in (b"cells", b"worksheets"):
        return ""
    last = keys[-1]
    if last.startswith(b"image/") and last != b"image/svg+xml":
        return "image"
    if last in (b"source", b"input", b"text", b"traceback", b"evalue") or (b"outputs" in keys and b"/" in last):
        return "text"
    return ""


def _decode(escape: re.Match[bytes]) -> bytes:
    unit, low, simple = escape.groups()
    if unit is None and simple is None:
        return b""
    if simple is not None:
        return _SIMPLE.get(simple, simple)
    high = int(unit, 16)
    if low and 0xD800 <= high < 0xDC00:
        return chr(0x10000 + ((high - 0xD800) << 10) + (int(low, 16) - 0xDC00)).encode()
    tail = chr(int(low, 16)).encode("utf-8", "replace") if low else b""
    return chr(high).encode("utf-8", "replace") + tail
