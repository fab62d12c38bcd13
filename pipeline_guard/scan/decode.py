# SPDX-License-Identifier: Apache-2.0
"""One layer of encoding undone: base64, hexadecimal, escapes, entities; every text with the way back to its encoded form.

Only what looks like encoded text is decoded, and only what decodes to text is kept, or to one of the few compressed
formats that people put in base64. A value after its name keeps the name before it, as ``password: BASE64`` in a
Kubernetes manifest: rules that need it see it.
"""

from __future__ import annotations

import binascii
import html
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate

from pipeline_guard.scan import plausible
from pipeline_guard.scan.fragment import Piece, Span

_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]+(={0,2})")
_WRAPPED = re.compile(rb"\r?\n[ \t]*([A-Za-z0-9+/_-]{4,}+={0,2}|[A-Za-z0-9+/_-]{3}=|[A-Za-z0-9+/_-]{2}==)(?![^\s\"'`,;)\]}<])")
_HEX = re.compile(rb"[0-9a-fA-F]+")
_TEXT = re.compile(rb"[\t\n\r\x20-\x7e\x80-\xff]{8,}")
_SHORT_TEXT = re.compile(rb"[\t\n\r\x20-\x7e\x80-\xff]+")
_ALPHABET = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_MAGIC = (b"\x1f\x8b\x08", b"PK\x03\x04", b"BZh", b"\xfd7zXZ\0", b"\x78\x9c", b"\x78\x01", b"\x78\xda", b"\x78\x5e")
_STORES = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")  # of Java
_EVERY = 64  # escapes
_MADE_UP = re.compile(rb"(?:DUMMY|EXAMPLE|dummy|example)(?=[A-Za-z0-9+/_\-])")
_CONTEXT = 80  # bytes before a value that may name it
_REGION = (160, 2048)  # bytes before and after an escape that are read with it
_MANIFEST = re.compile(rb"^([ \t]+[\w.-]+:[ \t]*[\"']?)([A-Za-z0-9+/]{8,}={0,2})(?=[\"']?[ \t]*\r?$)", re.M)

_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_UNICODE = re.compile(rb"\\u([0-9a-fA-F]{4})")
_ESCAPE = re.compile(rb"\\x([0-9a-fA-F]{2})")
_JSON = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|([\"\\/bfnrt]))")
_ENTITY = re.compile(rb"&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|quot|amp|lt|gt|apos|nbsp);")
_QUOTED = re.compile(rb"=(?:([0-9A-F]{2})|[ \t]*\r?\n)")
_COLOUR = re.compile(rb"\x1b\[[0-9;]{0,16}m")
_SEPARATED = re.compile(rb"""["'](?: ?[+.\\])?\r?\n[ \t]{0,80}(?:[+.] ?)?["']""")
_SIMPLE = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f"}


def _byte(match: re.Match[bytes]) -> bytes:
    return bytes((int(match[1], 16),))


def _unit(match: re.Match[bytes]) -> bytes:
    return chr(int(match[1], 16)).encode("utf-8", "replace")


def _json(match: re.Match[bytes]) -> bytes:
    return _unit(match) if match[1] else _SIMPLE.get(match[2], match[2])


def _entity(match: re.Match[bytes]) -> bytes:
    return html.unescape(match[0].decode("ascii")).encode("utf-8", "replace")


def _quoted(match: re.Match[bytes]) -> bytes:
    return _byte(match) if match[1] else b""


def _nothing(_match: re.Match[bytes]) -> bytes:
    return b""


_ESCAPES: dict[str, tuple[re.Pattern[bytes], Callable[[re.Match[bytes]], bytes]]] = {
    "percent": (_PERCENT, _byte),
    "unicode": (_UNICODE, _unit),
    "escape": (_ESCAPE, _byte),
    "html": (_ENTITY, _entity),
    "quoted-printable": (_QUOTED, _quoted),
    "json": (_JSON, _json),
    "concatenated": (_SEPARATED, _nothing),
    "coloured": (_COLOUR, _nothing),
}


class OverLimit(Exception):
    """There is more encoded text than may be decoded."""


def decoded(text: bytes, limit: int) -> Iterator[tuple[str, Piece]]:
    """Give what a text holds in encoded form, by kind, up to ``limit`` bytes in all; raise OverLimit where there is more."""
    found = plausible.spots(text)
    for kind in plausible.KINDS:
        if kind not in found:
            continue
        for piece in _of(kind, text, plausible.matches(kind, text, found[kind])):
            limit -= len(piece.data)
            if limit < 0:
                raise OverLimit
            yield ("base64" if kind in ("base64-utf-16", "base64-packed", "kubernetes") else kind), piece


def _of(kind: str, text: bytes, spots: Iterator[re.Match[bytes]]) -> Iterator[Piece]:
    if kind in _ESCAPES:
        return _escapes(text, spots, *_ESCAPES[kind])
    if kind == "kubernetes":
        return _manifest(text)
    return _runs(text, spots, _DECODERS[kind])


# --- runs of an alphabet

_Decoder = Callable[[bytes, int], tuple[list[Piece], int]]


def _runs(text: bytes, spots: Iterator[re.Match[bytes]], decode: _Decoder) -> Iterator[Piece]:
    """Decode wherever a run of the alphabet begins to look like text."""
    place = 0
    for spot in spots:
        start = spot.start()
        if start < place:  # within what was decoded
            continue
        pieces, place = decode(text, start)
        whole = start == 0 or text[start - 1] not in _ALPHABET
        for index, piece in enumerate(pieces):
            yield _named(text, start, piece) if whole and index == 0 and decode is not _unpacked else piece


def _named(text: bytes, start: int, piece: Piece) -> Piece:
    """Put what stands before a value on its line before the decoded value."""
    first = max(start - _CONTEXT, text.rfind(b"\n", max(start - _CONTEXT, 0), start) + 1, 0)
    context = start - first

    def stored(begin: int, end: int) -> Span | None:
        if end <= context:
            return None  # found in the text itself
        last = piece.stored(max(begin - context, 0), end - context)
        return last if begin >= context or last is None else (first + begin, last[1])

    following = piece.data
    return Piece(text[first:start] + following, stored)


def _run(text: bytes, start: int) -> tuple[bytes, list[Span], int]:
    """Return a run of base64 from ``start`` without its line ends, the spans it is made of, and its end."""
    found = _BASE64.match(text, start)
    if found is None:  # Defensive: a spot begins with a letter of the alphabet
        return b"", [], start + 1
    spans = [found.span()]
    while not found[1 if len(spans) == 1 else 0].endswith(b"=") and (spans[-1][1] - spans[-1][0]) % 4 == 0:
        more = _WRAPPED.match(text, spans[-1][1])
        if more is None or (len(spans) > 1 and spans[-1][1] - spans[-1][0] != spans[-2][1] - spans[-2][0]):
            break  # all lines but the last are of one length
        found = more
        spans.append(more.span(1))
    return b"".join(text[first:last] for first, last in spans), spans, spans[-1][1]


def _bytes_of(run: bytes) -> bytes:
    """Decode base64 of either alphabet, padded or not; a single character at the end is left out."""
    run = run.rstrip(b"=")
    run = run[: len(run) - 1] if len(run) % 4 == 1 else run
    try:
        return binascii.a2b_base64(run.translate(_URL_SAFE) + b"=" * (-len(run) % 4))
    except binascii.Error:  # Defensive: the alphabet and the length are right
        return b""


def _mapped(spans: list[Span], group: int, size: int, padding: int = 0) -> Callable[[int, int], Span]:
    """Map decoded bytes to encoded ones, of which ``group`` encode ``size``; both ends are rounded outwards.

    The last byte takes with it what pads the encoded form.
    """
    starts = [0, *accumulate(last - first for first, last in spans)]

    def place(offset: int) -> int:
        index = min(bisect_right(starts, offset) - 1, len(spans) - 1)
        return min(spans[index][0] + offset - starts[index], spans[index][1])

    def stored(begin: int, end: int) -> Span:
        # NOTE: the character before the one where a span ends, so that a line's end is not taken for the next line
        finish = -(-end * group // size)
        return place(begin * group // size), place(finish - 1 + (padding if finish == starts[-1] - padding else 0)) + 1

    return stored


def _padding(run: bytes) -> int:
    return len(run) - len(run.rstrip(b"="))


def _unbase64(text: bytes, start: int) -> tuple[list[Piece], int]:
    run, spans, end = _run(text, start)
    if _MADE_UP.search(text, max(start - 16, 0), start + 24):
        return [], end  # a mark on a token makes what it holds made up, too
    return _texts(_bytes_of(run), _mapped(spans, 4, 3, _padding(run))), end


def _texts(content: bytes, stored: Callable[[int, int], Span]) -> list[Piece]:
    """Return the texts in what was decoded: mostly it is one, or none."""
    return [Piece(part[0], _moved(stored, part.start())) for part in _TEXT.finditer(content)]


def _moved(stored: Callable[[int, int], Span], by: int) -> Callable[[int, int], Span]:
    return lambda begin, end: stored(begin + by, end + by)


def _unbase64_wide(text: bytes, start: int) -> tuple[list[Piece], int]:
    run, spans, end = _run(text, start)
    content = _bytes_of(run)
    low, high = content[::2], content[1::2]
    found = _TEXT.match(low, 0, len(high) - len(high.lstrip(b"\0")))
    return ([Piece(found[0], _mapped(spans, 8, 3, _padding(run)))] if found else []), end


def _unpacked(text: bytes, start: int) -> tuple[list[Piece], int]:
    if start and text[start - 1] in _ALPHABET:
        return [], start + 4
    run, spans, end = _run(text, start)
    content = _bytes_of(run)
    return (
        [Piece(content, lambda _begin, _end: (spans[0][0], spans[-1][1]))] if content.startswith(_MAGIC) or is_store(content) else []
    ), end


def is_store(content: bytes) -> bool:
    """Tell whether binary content begins as a key store does, of Java or of PKCS#12."""
    return content.startswith(_STORES) or (content[:2] in (b"\x30\x82", b"\x30\x80") and b"\x02\x01\x03\x30" in content[2:8])


def _unhex(text: bytes, start: int) -> tuple[list[Piece], int]:
    run = _HEX.match(text, start)
    if run is None:  # Defensive: a spot is hexadecimal
        return [], start + 1
    return _texts(binascii.unhexlify(run[0][: len(run[0]) & ~1]), _mapped([run.span()], 2, 1)), run.end()


def _manifest(text: bytes) -> Iterator[Piece]:
    """Give the values of a Kubernetes Secret, short ones too, as ``name: value``."""
    spots = plausible.pattern("base64")
    for line in _MANIFEST.finditer(text):
        content = b"" if spots.match(line[2]) else _bytes_of(line[2])  # long ones are found without the manifest
        if content and _SHORT_TEXT.fullmatch(content):
            piece = Piece(content, _mapped([line.span(2)], 4, 3, _padding(line[2])))
            yield _named(text, line.start(2), piece)


_DECODERS: dict[str, _Decoder] = {"base64": _unbase64, "base64-utf-16": _unbase64_wide, "base64-packed": _unpacked, "hex": _unhex}


# --- escapes among other characters


def _escapes(
    text: bytes, spots: Iterator[re.Match[bytes]], pattern: re.Pattern[bytes], decode: Callable[[re.Match[bytes]], bytes]
) -> Iterator[Piece]:
    """Give the surroundings of escapes, on their line, with all escapes undone."""
    start = end = -1
    seam = pattern in (_QUOTED, _SEPARATED)  # these run over the ends of lines
    for spot in spots:
        if spot.end() <= end:
            continue
        before, after = _REGION
        first = max(spot.start() - before, 0)
        last = min(spot.end() + after, len(text))
        if not seam:
            first = max(first, text.rfind(b"\n", first, spot.start()) + 1)
            newline = text.find(b"\n", spot.end(), last)
            last = newline if newline >= 0 else last
        if start >= 0 and first > end:
            yield undone(text, start, end, pattern, decode)
            start = -1
        start, end = (first if start < 0 else start), last
    if start >= 0:
        yield undone(text, start, end, pattern, decode)


def undone(text: bytes, start: int, end: int, pattern: re.Pattern[bytes], decode: Callable[[re.Match[bytes]], bytes]) -> Piece:
    """Undo every escape between ``start`` and ``end``; the way back is worked out at the first finding."""
    region = text[start:end]
    marks: list[Span] = []  # offsets, decoded and stored, before every so many escapes

    def fill() -> None:
        here = place = 0
        for count, match in enumerate(pattern.finditer(region)):
            if count % _EVERY == 0:
                marks.append((here, place))
            here += match.start() - place + len(decode(match))
            place = match.end()
        marks.append((here, place))

    def unit(offset: int) -> Span:
        """Return the stored span of one decoded byte."""
        here, place = marks[max(bisect_right(marks, (offset, len(region) + 1)) - 1, 0)]
        for match in pattern.finditer(region, place):
            plain = match.start() - place
            if offset < here + plain:
                break
            here += plain + len(decode(match))
            if offset < here:
                return match.span()
            place = match.end()
        return place + offset - here, place + offset - here + 1

    def stored(begin: int, finish: int) -> Span:
        if not marks:
            fill()
        first = unit(begin)
        return start + first[0], start + max(unit(max(finish - 1, begin))[1], first[0])

    return Piece(pattern.sub(decode, region), stored)
