# SPDX-License-Identifier: Apache-2.0
"""A filter that takes secret values, and the forms they usually take, out of a stream of bytes.

White space, quotes, backslashes and NULs are looked past, so a value is found across line breaks, shell quotes and escapes.
Only bytes that could be the beginning of a form are held back, at most ``PIECE`` of them; long values are looked for in pieces
of that length. One pass of Hyperscan finds all forms; where it is missing, a regular expression does (slow, the same answer).
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from typing import Any, NamedTuple

from pipeline_guard.adapters.disguise import forms
from pipeline_guard.model.secret import Secret

MASK = b"***"
PIECE = 256  # bytes
_GAPS = b" \t\r\n\v\f\0\\\"'"  # what the filter looks past
_SURE = 16  # bytes from which a form may stand with blanks in between, wherever these are
_EARLY = 3  # bytes of a possible beginning that are shown when nothing follows for a while
_GZIP = b"H4sI"  # how base64 of gzip begins
_GZIP_HELD, _GZIP_OPENED = 64 * 1024, 1024 * 1024  # bytes of base64 that are waited for; of content that is looked at
_GZIP_TRIED = 400  # bytes of base64 that are tried first
_STANDARD = bytes.maketrans(b"-_", b"+/")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{1,%d}" % _GZIP_HELD)
_BASE64_TRIED = re.compile(rb"[A-Za-z0-9+/_-]{1,%d}" % _GZIP_TRIED)
_FREE = re.compile(rb"[ \t\0]*[\r\n][\s\0]*|[\"'\\\0]")  # gaps that a short form may have, too
_BLANK = re.compile(rb"(?<=\S)[ \t]+(?=\S)")
_BLOCK = 512
_PROBE = 12  # bytes of a pattern that the engine looks for


class _Span(NamedTuple):
    """Where a form stands, and whose it is (indices of secrets)."""

    start: int
    end: int
    owners: frozenset[int]


class Redactor:
    """Replaces every form of every secret by ``***``; feed it chunks, tell it when it is ``idle``, then ``finish`` it."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        values = [secret.reveal() for secret in secrets]
        self._owners: dict[bytes, frozenset[int]] = {}
        self._exact: dict[bytes, frozenset[bytes]] = {}  # of short forms: how they may be written
        for index, value in enumerate(values):
            for form in forms(value):
                for piece in _pieces(form.translate(None, _GAPS)):
                    self._owners[piece] = self._owners.get(piece, frozenset()) | {index}
                    if len(piece) < _SURE:
                        self._exact[piece] = self._exact.get(piece, frozenset()) | {_FREE.sub(b"", form)}
        patterns = sorted({*self._owners, _GZIP}) if self._owners else []
        self._patterns = patterns
        self._engine = _engine(patterns) if patterns else None
        self._begin = {pattern[:4] for pattern in patterns}
        self._longest = max(map(len, patterns), default=0)
        self._held = b""
        self._done = 0  # bytes of what is held that were dealt with already
        self._masked = False  # whether those are hidden, not shown
        self.counts = [0] * len(values)

    def beside(self) -> Redactor:
        """Return a filter for a second stream: of the same secrets, which counts with this one."""
        other = copy(self)
        other._held, other._done, other._masked = b"", 0, False
        return other

    @property
    def hits(self) -> int:
        """How often something was hidden; one place may hide several secrets."""
        return sum(self.counts)

    @property
    def waiting(self) -> bool:
        """Tell whether bytes are held back that ``idle`` might show."""
        return self._done < len(self._held)

    def feed(self, chunk: bytes) -> bytes:
        """Return what may be shown of everything fed so far."""
        return self._take(chunk) if self._patterns else chunk

    def idle(self) -> bytes:
        """Return what need not wait any longer: nothing was fed for a while. The rest of a value that goes on is still hidden."""
        if not self._patterns:
            return b""
        shown = self._take(b"", settle=True)
        if self.waiting and len(self._held.translate(None, _GAPS)) <= _EARLY:
            shown += self._held[self._done :]
            self._done, self._masked = len(self._held), False
        return shown

    def finish(self) -> bytes:
        """Return what was held back, masked; the stream is over."""
        return self._take(b"", settle=True, last=True) if self._patterns else b""

    def _take(self, chunk: bytes, *, settle: bool = False, last: bool = False) -> bytes:
        text = self._held + chunk
        plain = text.translate(None, _GAPS)
        spans, keep = self._spans(text, plain, settle=settle)
        if last:
            keep = len(text)
        elif count := self._beginning(plain):
            keep = min(keep, _from_end(text, count))
        return self._show(text, spans, keep)

    def _show(self, text: bytes, spans: Sequence[_Span], keep: int) -> bytes:
        """Return the text up to ``keep`` without what is hidden; a span that reaches beyond is remembered as dealt with."""
        shown: list[bytes] = []
        place, masked = self._done, self._masked
        for start, end, owners in spans:
            if start >= keep:
                break
            if end <= place:
                continue
            if start >= place or not masked:
                shown += [text[place:start], MASK]
                for owner in owners:
                    self.counts[owner] += 1
            place, masked = end, True
        if place < keep:
            shown.append(text[place:keep])
            place, masked = keep, False
        self._held, self._done, self._masked = text[keep:], place - keep, masked
        return b"".join(shown)

    def _spans(self, text: bytes, plain: bytes, *, settle: bool) -> tuple[list[_Span], int]:
        """Return the spans that hold a form, overlapping ones joined, and from where on the text must wait (its length: nowhere)."""
        found: list[tuple[int, int, bytes, frozenset[int]]] = []  # where, which form ("": packed), whose
        wait = len(plain)
        for pattern, end in self._engine(plain) if self._engine else ():
            start = end - len(pattern)
            if pattern != _GZIP:
                found.append((start, end, pattern, self._owners[pattern]))
                continue
            known, behind, owners = self._packed(plain, start)
            if not known and not settle and len(plain) - start < _GZIP_HELD:
                wait = min(wait, start)
            elif owners:
                found.append((start, behind, b"", owners))
        if not found and wait == len(plain):
            return [], len(text)
        at = _places(text, sorted({start for start, *_ in found} | ({wait} if wait < len(plain) else set())))
        # most stand in one piece: where they end needs no search
        broken = {end - 1 for start, end, pattern, _ in found if not (pattern and text.startswith(pattern, at[start]))}
        ends = _places(text, sorted(broken))
        spans: list[_Span] = []
        for start, end, pattern, owners in sorted(found, key=lambda each: each[:3]):
            first = at[start]
            behind = ends[end - 1] + 1 if end - 1 in broken else first + len(pattern)
            if not pattern and (word := _BLANK.search(text, first, behind)):  # base64 that was cut off: what follows is a word
                behind = word.start()
            exact = self._exact.get(pattern)
            if exact and _FREE.sub(b"", text[first:behind]) not in exact:
                continue
            if spans and first < spans[-1].end:
                spans[-1] = _Span(spans[-1].start, max(behind, spans[-1].end), spans[-1].owners | owners)
            else:
                spans.append(_Span(first, behind, owners))
        return spans, at.get(wait, len(text))

    def _packed(self, plain: bytes, start: int) -> tuple[bool, int, frozenset[int]]:
        """Look into base64 of gzip: return whether all of it is there, where it ends, and whose values it holds."""
        text, packed, content, ended, unused = b"", b"", b"", False, 0
        for pattern in (_BASE64_TRIED, _BASE64):  # what only looks like it mostly shows at once
            run = pattern.match(plain, start)
            text = plain[start : run.end() if run else start].translate(_STANDARD)
            try:
                packed = base64.b64decode(text[: len(text) // 4 * 4])
                inflate = zlib.decompressobj(wbits=31)
                content = inflate.decompress(packed, _GZIP_OPENED)
            except (binascii.Error, zlib.error):
                return True, start, frozenset()
            ended, unused = inflate.eof, len(inflate.unused_data)
            if ended:
                break
        owners: set[int] = set()
        for form, _ in self._engine(content.translate(None, _GAPS)) if self._engine else ():
            owners |= self._owners.get(form, frozenset())
        if ended:
            return True, start + min(-(-(len(packed) - unused) // 3) * 4, len(text)), frozenset(owners)
        return start + len(text) < len(plain), start + len(text), frozenset(owners)

    def _beginning(self, plain: bytes) -> int:
        """Return how many bytes at the end of the text are the beginning of a form."""
        size = len(plain)
        for count in range(min(self._longest - 1, size), 0, -1):
            if count >= 4 and plain[size - count : size - count + 4] not in self._begin:
                continue
            tail = plain[size - count :]
            index = bisect_right(self._patterns, tail)
            if index < len(self._patterns) and self._patterns[index].startswith(tail):
                return count
        return 0


def _pieces(form: bytes) -> Iterator[bytes]:
    """Cut a long form into pieces, the last of which overlaps the one before."""
    if len(form) <= PIECE:
        if len(form) > 4:
            yield form
        return
    for start in range(0, len(form) - PIECE, PIECE - 1):
        yield form[start : start + PIECE]
    yield form[-PIECE:]


def _engine(patterns: Sequence[bytes]) -> Any:
    """Return a function that gives each pattern in a text, with its end.

    The engine looks for one telling piece of each pattern, which compiles in a hundredth of the time; the rest is compared.
    """
    try:
        import hyperscan
    except ImportError:
        return _slow_engine(patterns)
    probes: dict[bytes, list[tuple[int, bytes]]] = {}  # piece -> where it begins in which patterns
    for pattern in patterns:
        last = max(0, len(pattern) - _PROBE)
        place = max((last, last // 2, 0), key=lambda start: len(set(pattern[start : start + _PROBE])))
        probes.setdefault(pattern[place : place + _PROBE], []).append((place, pattern))
    pieces, count = list(probes), len(probes)
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(expressions=pieces, ids=list(range(count)), elements=count, flags=[0] * count, literal=True)
    database.scratch = hyperscan.Scratch(database)

    def search(text: bytes) -> list[tuple[bytes, int]]:
        seen: list[tuple[int, int]] = []
        if text:
            database.scan(text, match_event_handler=lambda number, _start, end, _flags, _context: seen.append((number, end)))
        found = []
        for number, end in seen:
            piece = pieces[number]
            for place, pattern in probes[piece]:
                start = end - len(piece) - place
                if start >= 0 and text.startswith(pattern, start):
                    found.append((pattern, start + len(pattern)))
        return found

    return search


def _slow_engine(patterns: Sequence[bytes]) -> Any:
    """Do without Hyperscan: the longest pattern at each place."""
    regex = re.compile(b"(?=(" + b"|".join(map(re.escape, sorted(patterns, key=len, reverse=True))) + b"))")
    return lambda text: [(found[1], found.end(1)) for found in regex.finditer(text)]


def _places(text: bytes, wanted: Sequence[int]) -> dict[int, int]:
    """Return where signs of the text without gaps, named by ascending index, stand in the text."""
    found: dict[int, int] = {}
    passed = number = 0
    for start in range(0, len(text), _BLOCK):
        if number == len(wanted):
            break
        block = text[start : start + _BLOCK]
        held = len(block.translate(None, _GAPS))
        while number < len(wanted) and wanted[number] < passed + held:
            found[wanted[number]] = start + _sign(block, wanted[number] - passed)
            number += 1
        passed += held
    return found


def _sign(block: bytes, index: int) -> int:
    """Return where the sign with this index stands, gaps not counted; the block's length where it has none."""
    place, missing = -1, index + 1
    while missing and place < len(block):  # at least as many bytes on as signs are missing, never beyond the one that is wanted
        part = block[place + 1 : place + 1 + missing]
        place += missing
        missing -= len(part.translate(None, _GAPS))
    return min(place, len(block))


def _from_end(text: bytes, count: int) -> int:
    """Return where the last ``count`` signs begin that are no gaps."""
    window = 2 * count + 64
    while len(text[-window:].translate(None, _GAPS)) < count:
        window *= 2
    return max(0, len(text) - window) + _sign(text[-window:], len(text[-window:].translate(None, _GAPS)) - count)
