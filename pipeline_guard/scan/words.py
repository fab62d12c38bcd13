# SPDX-License-Identifier: Apache-2.0
"""Which rules' words stand in a text, in pure Python: a thousand rules are not asked one by one for each small file.

A text is cut into pieces of four bytes (and of two, for words shorter than that) which the interpreter takes from memory as
numbers; only words whose first and last piece are both there are looked for. The answer is exact.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence

_LONG, _SHORT = 4, 2  # bytes of a piece


class WordIndex:
    """The words of all rules, which are given as (number, words in small letters); one word is at least two bytes."""

    def __init__(self, rules: Iterable[tuple[int, Sequence[bytes]]]) -> None:
        self._owners: dict[bytes, list[int]] = {}
        for number, words in rules:
            for word in words:
                self._owners.setdefault(word, []).append(number)
        self._halves = [
            _Half([word for word in self._owners if len(word) >= _LONG], _LONG),
            _Half([word for word in self._owners if len(word) < _LONG], _SHORT),
        ]

    def rules(self, low: bytes) -> Mapping[int, Sequence[bytes]]:
        """Return the rules with a word in a text in small letters, ascending, each with its words that are there."""
        found: dict[int, list[bytes]] = {}
        for half in self._halves:
            for word in half.present(low):
                for number in self._owners[word]:
                    found.setdefault(number, []).append(word)
        return {number: found[number] for number in sorted(found)}


class _Half:
    """Words by their first piece, each with its last one."""

    def __init__(self, words: Sequence[bytes], size: int) -> None:
        self._size = size
        self._by_first: dict[int, list[tuple[int, bytes]]] = {}
        for word in words:
            first, last = int.from_bytes(word[:size], sys.byteorder), int.from_bytes(word[-size:], sys.byteorder)
            self._by_first.setdefault(first, []).append((last, word))
        self._pieces = frozenset(self._by_first).union(last for group in self._by_first.values() for last, _ in group)

    def present(self, low: bytes) -> list[bytes]:
        memory, pieces = memoryview(low), set[int]()
        for offset in range(self._size):
            whole = (len(low) - offset) // self._size * self._size
            if whole > 0:
                part = memory[offset : offset + whole]
                pieces |= self._pieces.intersection(part.cast("I") if self._size == _LONG else part.cast("H"))
        return [
            word
            for piece in pieces
            for last, word in self._by_first.get(piece, ())
            if last in pieces and (len(word) == self._size or word in low)
        ]
