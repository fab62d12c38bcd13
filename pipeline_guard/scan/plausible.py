# SPDX-License-Identifier: Apache-2.0
"""Which encodings a text may hold at all: one pass of Hyperscan, or of ``re`` where the wheel is missing.

Ordinary text hardly ever passes: base64 of ASCII, for example, can have only half of the letters at each place of
a group of four. The answer decides only whether ``decode`` looks, so it is the same with and without the engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

# base64 of three ASCII bytes: the top bit of each is zero, and control characters but tab and newlines are left out
_GROUP = r"[C-Za-f][A-HQ-Xg-nw-z0-3][ABEFIJMNQRUVYZcdghklopstwx014589][A-Za-z0-9+/_-]"
_WIDE_GROUP = r"[C-Za-f][AQgw][AB][A-Za-z0-9+/]A[A-H][AEIMQUYcgkosw048]A"  # of UTF-16: every other byte is zero
_STORE = r"MII[A-P][A-Za-z0-9+/]{2}IBAzC[CA]|MIACAQMwgA|/u3\+7QAAAA[EI]|zs7OzgAAAA[EI]"  # PKCS#12, JKS, JCEKS
# gzip, zip, bzip2, xz, zlib, key stores
_PACKED = rf"(?:H4sI|UEsDB|QlpoO|/Td6WFoA|e(?:J[w-z0-3]|N[o-r]|A[E-H])|{_STORE})[A-Za-z0-9+/_-]{{20}}"

_WORD = "[A-Za-z0-9+/_-]{8}"
_TOKEN = "[A-Za-z0-9_-]{20}"  # as long as the shortest key that has a form of its own; its escape hides where it begins

KINDS: dict[str, str] = {
    "base64": _GROUP * 5,
    "base64-utf-16": _WIDE_GROUP * 2,
    "base64-packed": _PACKED,
    "hex": "[2-7][0-9a-fA-F]" * 12,
    # an escape matters where it cuts a long word, sticks to the front of one, names a value, or stands in a row of them
    "percent": _WORD + r"%(?:2[BFbf]|3[ADad])|%22(?:%3[Aa]|:)|(?:%[2-7][0-9A-Fa-f]){4}|%(?:0[ADad]|[2357][0-9A-Fa-f])" + _TOKEN,
    "unicode": _WORD + r"\\u00[2-7][0-9a-fA-F]|\\u0022[ ]?[:=]|(?:\\u00[2-7][0-9a-fA-F]){3}|\\u00[02357][0-9a-fA-F]" + _TOKEN,
    "escape": _WORD + r"\\x[2-7][0-9a-fA-F]|(?:\\x[2-7][0-9a-fA-F]){4}|\\x[02357][0-9a-fA-F]" + _TOKEN,
    "html": _WORD + r"&(?:#(?:[0-9]{2,3}|[xX][0-9a-fA-F]{2});|amp;)|&(?:quot|#34);[ ]?[:=]|(?:&#(?:[0-9]{2,3}|[xX][0-9a-fA-F]{2});){4}",
    "quoted-printable": _WORD + r"=3D|=3D" + _WORD + "|" + _WORD * 3 + r"=\r?\n[A-Za-z0-9]",
    "json": r'\\"[ ]?[:=][ ]?\\{1,7}"|\\[nrt]' + _TOKEN,
    "kubernetes": r"kind: Secret",
    "concatenated": r"""[A-Za-z0-9+/=_-]{2}["'](?: ?[+.\\])?\r?\n[ \t]{0,80}(?:[+.] ?)?["'][A-Za-z0-9+/=_-]{4}""",
    "coloured": r"\x1b\[[0-9;]{0,16}m[A-Za-z0-9_-]{4}",  # the escapes of a terminal stick to the words that they colour
}
_WIDE = {"wide": r"[\t\n\r\x20-\x7e]\x00" * 8}
# what a text must hold for a kind to be possible: for texts too small for the engine
_LITERALS: dict[str, tuple[bytes, ...]] = {
    "percent": (b"%",),
    "unicode": (b"\\u00",),
    "escape": (b"\\x",),
    "html": (b"&",),
    "quoted-printable": (b"=3D", b"=\n", b"=\r"),
    "json": (b'\\"', b"\\n", b"\\r", b"\\t"),
    "kubernetes": (b"kind: Secret",),
    "coloured": (b"\x1b[",),
}
_WIDEST = 160  # bytes that a kind's pattern can match
_MOST = 100_000  # places of one kind that are kept
COMPILE_FROM = 256 * 1024  # bytes read in all; below, the engine is not worth its start


@cache
def pattern(kind: str) -> re.Pattern[bytes]:
    """Return what a kind's first characters look like."""
    return re.compile((KINDS.get(kind) or _WIDE[kind]).encode("ascii"))


def _found(kind: str, text: bytes) -> bool:
    literals = _LITERALS.get(kind)
    return (literals is None or any(literal in text for literal in literals)) and pattern(kind).search(text) is not None


def spots(text: bytes) -> dict[str, list[int] | None]:
    """Return the kinds of encoding that a text may hold, each with the ends of where it seems to; None means anywhere."""
    return _gate().spots(text)


def has_wide(data: bytes) -> bool:
    """Tell whether a binary file holds eight characters of UTF-16 in a row."""
    return bool(_wide_gate().spots(data))


def matches(kind: str, text: bytes, ends: list[int] | None) -> Iterator[re.Match[bytes]]:
    """Give what looks like a kind, in order and without overlaps; the same with and without ``ends``."""
    compiled = pattern(kind)
    if ends is None:
        yield from compiled.finditer(text)
        return
    place = 0
    for end in ends:
        if end <= place:
            continue
        near = compiled.search(text, max(place, end - _WIDEST), end)
        found = compiled.match(text, near.start()) if near else None
        if found:
            yield found
            place = found.end()


class _Gate:
    """Decides by the amount of text seen so far whether the engine is worth its start: some 40 ms, once a process."""

    def __init__(self, patterns: Mapping[str, str], *, first: bool = False) -> None:
        self._seen = 0
        self._database: Any = None
        self._patterns = patterns
        self._names = tuple(patterns)
        self._first = first  # only whether there is one

    def spots(self, text: bytes) -> dict[str, list[int] | None]:
        self._seen += len(text)
        if self._database is None and self._seen >= COMPILE_FROM:
            self._database = _compiled(tuple(self._patterns.values()), first=self._first) or False
        if not self._database:
            return {kind: None for kind in self._names if _found(kind, text)}
        found: dict[int, list[int]] = {}

        def heard(index: int, _start: int, end: int, _flags: int, _context: object) -> None:
            ends = found.setdefault(index, [])
            if len(ends) < _MOST:
                ends.append(end)

        self._database.scan(text, match_event_handler=heard)
        return {self._names[index]: ends if len(ends) < _MOST else None for index, ends in found.items()}


@lru_cache(maxsize=1)
def _gate() -> _Gate:
    return _Gate(KINDS)


@lru_cache(maxsize=1)
def _wide_gate() -> _Gate:
    return _Gate(_WIDE, first=True)


def _compiled(patterns: Sequence[str], *, first: bool) -> Any:
    try:
        import hyperscan
    except ImportError:
        return None
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    try:
        database.compile(
            expressions=[text.encode("ascii") for text in patterns],
            ids=list(range(len(patterns))),
            flags=[hyperscan.HS_FLAG_SINGLEMATCH if first else 0] * len(patterns),
        )
    except hyperscan.error:
        return None
    return database
