# SPDX-License-Identifier: Apache-2.0
"""Texts of documents and pictures: Office XML joined over its runs, PDF's streams, PNG's text chunks.

Formats: ECMA-376, OpenDocument 1.3, ISO 32000-1 chapters 7.3 and 9.4, PNG (third edition) chapter 11.3.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator

from pipeline_guard.scan.decode import undone
from pipeline_guard.scan.fragment import Piece, Span

_OFFICE = re.compile(r"(?:^|/)(?:(?:word|xl|ppt)/[^!]*|content|styles|meta)\.xml$")
_TAG = re.compile(rb"<(/?[A-Za-z][\w:.-]*+)[^<>]*+>")
_BREAKS = re.compile(rb"/(?:\w+:)?(?:p|si|row|c|h|v)|(?:\w+:)?(?:br|tab|cr|line-break|s)")
_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_SHOWN = re.compile(rb"\(((?:[^()\\]++|\\.)*+)\)|<([0-9A-Fa-f\s]{2,})>|(T[dDmJj*]|[\"']|ET|BT)(?=\s|$)|\[|\]|(-?[0-9.]+)", re.S)
_LITERAL = re.compile(rb"\\(?:([0-7]{1,3})|\r?\n|(.))", re.S)
_STREAM_LIMIT = 8 * 1024 * 1024
_ALL_STREAMS = 64 * 1024 * 1024
_GAP = -200.0  # thousandths of the font size; a larger step back is a space


def is_office(path: str) -> bool:
    """Tell the parts of a document that hold text, by their names in the archive."""
    return bool(_OFFICE.search(path))


def office_text(data: bytes) -> Piece:
    """Return a part without its tags: runs of one paragraph in one line."""
    return undone(data, 0, len(data), _TAG, _tag)


def _tag(match: re.Match[bytes]) -> bytes:
    return b"\n" if _BREAKS.fullmatch(match[1]) else b""


# --- PDF


def pdf_texts(data: bytes) -> Iterator[Piece]:
    """Give the text of every stream that can be inflated; a finding's place is the stream."""
    total = end = 0
    while begin := _STREAM.search(data, end):
        start = begin.end()
        end = data.find(b"endstream", start)
        if end < 0 or total > _ALL_STREAMS:
            return
        head = data[max(data.rfind(b"obj", max(begin.start() - 4096, 0), begin.start()), 0) : begin.start()]
        if b"/Image" in head or b"/FontFile" in head or b"/Length1" in head:
            continue
        content = data[start:end]
        if b"FlateDecode" in head or b"/Fl " in head:
            engine = zlib.decompressobj()
            try:
                content = engine.decompress(content, _STREAM_LIMIT)
            except zlib.error:
                continue
        elif b"/Filter" in head:
            continue
        total += len(content)
        text = _shown(content) if b"BT" in content else content
        if text.strip():
            yield Piece(text, _at((start, end)))


def _at(span: Span) -> Callable[[int, int], Span]:
    return lambda _start, _end: span


def _shown(content: bytes) -> bytes:
    """Return what a content stream shows, a line for each move to another one."""
    out: list[bytes] = []
    for token in _SHOWN.finditer(content):
        literal, hexadecimal, operator, number = token.groups()
        if literal is not None:
            out.append(_LITERAL.sub(_unescaped, literal))
        elif hexadecimal is not None:
            digits = re.sub(rb"\s", b"", hexadecimal)
            raw = bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))
            out.append(raw.replace(b"\0", b""))
        elif operator in (b"Td", b"TD", b"T*", b"Tm", b"'", b'"', b"ET"):
            out.append(b"\n")
        elif number is not None and len(number) < 12 and number.count(b".") <= 1 and number.strip(b"-.") and float(number) < _GAP:
            out.append(b" ")
    return b"".join(out)


def _unescaped(match: re.Match[bytes]) -> bytes:
    octal, simple = match.groups()
    if octal:
        return bytes((int(octal, 8) & 0xFF,))
    return {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f"}.get(simple, simple or b"")


# --- PNG


def png_texts(data: bytes) -> Iterator[Piece]:
    """Give the compressed text chunks; the plain ones stand in the file as they are."""
    place = 8
    while place + 12 <= len(data):
        size, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        start, end = place + 8, min(place + 8 + size, len(data))
        if kind in (b"zTXt", b"iTXt"):
            body = data[start:end]
            key, _, rest = body.partition(b"\0")
            packed = rest[1:] if kind == b"zTXt" else rest[2:].split(b"\0", 2)[-1] if rest[:1] == b"\1" else b""
            try:
                text = zlib.decompressobj().decompress(packed, _STREAM_LIMIT) if packed else b""
            except zlib.error:
                text = b""
            if text:
                yield Piece(key[:79] + b": " + text, _at((start, end)))
        place = end + 4
