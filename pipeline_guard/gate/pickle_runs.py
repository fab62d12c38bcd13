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


def _text(most: int) -> bytes:
    """Return an expression of SHORT_BINUNICODE up to so many ASCII characters, and MEMOIZE: each length is an alternative."""
    return rb"\x8c(?:" + b"|".join(re.escape(bytes([length])) + rb"[\x00-\x7f]{%d}" % length for length in range(most + 1)) + rb")\x94"


def _any(*alternatives: bytes) -> bytes:
    return rb"(?:" + b"|".join(alternatives) + rb")" + _FRAME


def _batch(item: bytes) -> re.Pattern[bytes]:
    """Return the expression of a MARK and items, without the opcode that takes them."""
    return re.compile(rb"\(" + _FRAME + rb"(?:" + item + rb"){0,%d}" % _MOST, re.DOTALL)


_SIMPLE = _any(_NUMBER, rb"h.", _text(48))
_ENTRY = _any(rb"h.", _text(48)) + _SIMPLE
_MAPPING = rb"\}\x94" + _FRAME + rb"(?:" + _ENTRY + rb"s|\(" + _FRAME + rb"(?:" + _ENTRY + rb"){1,1000}u)?"
_ROW = rb"\]\x94" + _FRAME + rb"(?:" + _SIMPLE + rb"a|\(" + _FRAME + rb"(?:" + _SIMPLE + rb"){1,1000}e)?"


def _tuple(item: bytes) -> bytes:
    return item + rb"(?:\x85\x94|" + item + rb"(?:\x86\x94|" + item + rb"\x87\x94))" + _FRAME


@cache
def of_lists() -> tuple[re.Pattern[bytes], ...]:
    """Return the expressions of a list's batches: numbers and texts; mappings and lists; tuples of all these."""
    return (
        _batch(_any(_NUMBER, rb"h.", _text(255))),
        _batch(_any(_MAPPING, _ROW)),
        _batch(_tuple(_any(_SIMPLE, _MAPPING, _ROW))),
    )


@cache
def of_mappings() -> tuple[re.Pattern[bytes], ...]:
    """Return the expressions of a mapping's batches: texts with numbers or texts; other keys, and lists. Nothing memoized is a value."""
    value = _any(_NUMBER, _text(255))
    return _batch(_any(_text(255)) + value), _batch(_any(_tuple(_SIMPLE), _NUMBER, _text(255)) + _any(_NUMBER, _text(255), _MAPPING, _ROW))


class Batches:
    """Finds batches in one stream. What is read in vain is bounded by a part of what was read before."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.vain = 0  # bytes

    def end(self, at: int, *, mapping: bool) -> int:
        """Return where a batch ends that begins with the MARK at ``at``; 0 where there is none."""
        if self.vain > 65536 + at // 4:
            return 0
        for pattern in of_mappings() if mapping else of_lists():
            found = pattern.match(self._data, at)
            end = found.end() if found else at
            if self._data[end : end + 1] in ((b"u",) if mapping else (b"e", b"\x90")):
                return end + 1
            self.vain += end - at
        self.vain += 16
        return 0
