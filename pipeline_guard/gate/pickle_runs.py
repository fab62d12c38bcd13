# SPDX-License-Identifier: Apache-2.0
"""Whole batches of a list or mapping that hold constants alone, found by one expression instead of opcode by opcode.

Ordinary picklers write what a list holds as MARK, items, APPENDS, a thousand at a time (Lib/pickle.py, _batch_appends, _batch_setitems).
Items that are numbers, texts, and tuples, lists and mappings of them cannot name, call or change anything, so only what they put
into the memo may matter later: ``Machine.settle_memo`` reads them again, opcode by opcode, if something asks for it.
"""

from __future__ import annotations

import re
from functools import cache

# a batch is not looked for in less, since the expressions must be compiled first
LEAST = 64 * 1024
_MOST = 4000  # items; a pickler writes 1,000
_FRAME = rb"(?:\x95.{8})?"  # a pickler begins one between any two opcodes
_NUMBER = rb"[N\x88\x89)]|K.|M..|J.{4}|G.{8}|\x8a\x01.|\x8a\x05.{5}"


# how a text begins before its length, what follows that, and how it or a container is memoized: by MEMOIZE in protocols 4 and 5, by
# LONG_BINPUT before, of which the first 256 indexes stay what they are
_NEW = (rb"\x8c", b"", rb"\x94")
_OLD = (b"X", bytes(3), rb"r(?!.\0\0\0).{4}")
_Family = tuple[bytes, bytes, bytes]


def _text(family: _Family, most: int) -> bytes:
    """Return an expression of a text up to so many ASCII characters that is memoized: each length is an alternative."""
    begin, rest, memoize = family
    lengths = (re.escape(bytes([length]) + rest) + rb"[\x00-\x7f]{%d}" % length for length in range(most + 1))
    return begin + rb"(?:" + b"|".join(lengths) + rb")" + memoize


def _any(*alternatives: bytes) -> bytes:
    return rb"(?:" + b"|".join(alternatives) + rb")" + _FRAME


def _batch(item: bytes) -> re.Pattern[bytes]:
    """Return the expression of a MARK and items, without the opcode that takes them."""
    return re.compile(rb"\(" + _FRAME + rb"(?:" + item + rb"){0,%d}" % _MOST, re.DOTALL)


def _simple(family: _Family) -> bytes:
    return _any(_NUMBER, rb"h.", _text(family, 48))


def _mapping(family: _Family) -> bytes:
    entry = _any(rb"h.", _text(family, 48)) + _simple(family)
    return rb"\}" + family[2] + _FRAME + rb"(?:" + entry + rb"s|\(" + _FRAME + rb"(?:" + entry + rb"){1,1000}u)?"


def _row(family: _Family) -> bytes:
    simple = _simple(family)
    return rb"\]" + family[2] + _FRAME + rb"(?:" + simple + rb"a|\(" + _FRAME + rb"(?:" + simple + rb"){1,1000}e)?"


def _tuple(family: _Family, item: bytes) -> bytes:
    one, two, three = (code + family[2] for code in (rb"\x85", rb"\x86", rb"\x87"))
    return item + rb"(?:" + one + rb"|" + item + rb"(?:" + two + rb"|" + item + three + rb"))" + _FRAME


@cache
def of_lists(*, new: bool) -> tuple[re.Pattern[bytes], ...]:
    """Return the expressions of a list's batches: numbers and texts; mappings and lists; tuples of all these."""
    family = _NEW if new else _OLD
    return (
        _batch(_any(_NUMBER, rb"h.", _text(family, 255))),
        _batch(_any(_mapping(family), _row(family))),
        _batch(_tuple(family, _any(_simple(family), _mapping(family), _row(family)))),
    )


@cache
def of_mappings(*, new: bool) -> tuple[re.Pattern[bytes], ...]:
    """Return the expressions of a mapping's batches: texts with numbers or texts; other keys, and lists. Nothing memoized is a value."""
    family = _NEW if new else _OLD
    value = _any(_NUMBER, _text(family, 255))
    key = _any(_tuple(family, _simple(family)), _NUMBER, _text(family, 255))
    return _batch(_any(_text(family, 255)) + value), _batch(key + _any(_NUMBER, _text(family, 255), _mapping(family), _row(family)))


class Batches:
    """Finds batches in one stream. What is read in vain is bounded by a part of what was read before."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.vain = 0  # bytes

    def end(self, at: int, *, mapping: bool, new: bool = True) -> int:
        """Return where a batch ends that begins with the MARK at ``at``; 0 where there is none. ``new``: memoized by MEMOIZE."""
        if self.vain > 65536 + at // 4:
            return 0
        for pattern in of_mappings(new=new) if mapping else of_lists(new=new):
            found = pattern.match(self._data, at)
            end = found.end() if found else at
            if self._data[end : end + 1] in ((b"u",) if mapping else (b"e", b"\x90")):
                return end + 1
            self.vain += end - at
        self.vain += 16
        return 0
