# SPDX-License-Identifier: Apache-2.0
"""Values behind a word that names whose they are: the word is looked for first, the expression only behind it.

The result is that of the rule's whole expression. But ``re`` would try each of two hundred words at every place of a
line, and a thousand rules have not much more than a hundred different expressions behind their words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from pipeline_guard.scan.rule import Rule

_FEW = 8  # words that are found one by one, quicker than by an expression
_HEAD = 2  # letters by which words are told apart first; none is shorter


def places(words: Sequence[bytes], low: bytes, zones: Sequence[tuple[int, int]], *, every: bool = True) -> list[int]:
    """Return where any of the words begins within the zones of a text in small letters, ascending.

    Without ``every`` a few words are not looked for inside themselves: who only wants to know where to look needs no place
    for each letter of a run of one.
    """
    found: set[int] = set()
    for first, last in zones:
        if len(words) > _FEW:
            found.update(match.start() for match in _anywhere(tuple(words)).finditer(low, first, last))
            continue
        for word in words:
            place = low.find(word, first, last)
            while place >= 0:
                found.add(place)
                place = low.find(word, place + (1 if every else len(word)), last)
    return sorted(found)


def behind(rule: Rule, text: bytes, low: bytes, starts: Sequence[int], end: int) -> Iterator[re.Match[bytes]]:
    """Give the matches of a rule with ``near`` that begin at ``starts``, without overlaps; none ends behind ``end``."""
    if not starts or not _compiled(rule.pattern).search(text, starts[0], end):
        return  # no value: for most texts the dear expression need not even be compiled
    words, tail = _by_head(rule.near), _compiled(rule.tail)
    floor = 0
    for start in starts:
        if start < floor or not _begins(text, start):
            continue
        for word in words.get(low[start : start + _HEAD], ()):
            if low.startswith(word, start) and (match := tail.match(text, start + len(word), end)):
                yield match
                floor = match.end()
                break


def _begins(text: bytes, place: int) -> bool:
    """Tell whether a word can begin here: behind no letter, or as a capital behind a small one."""
    before = text[place - 1 : place]
    return not before.isalpha() or (before.islower() and text[place : place + 1].isupper())


@lru_cache(maxsize=1024)
def _compiled(tail: str) -> re.Pattern[bytes]:
    return re.compile(tail.encode("utf-8"))


@lru_cache(maxsize=4096)
def _by_head(near: tuple[str, ...]) -> dict[bytes, tuple[bytes, ...]]:
    """Return the words by their first letters, in the order of the rule: the first one whose value fits counts."""
    found: dict[bytes, tuple[bytes, ...]] = {}
    for word in (word.encode("utf-8") for word in near):
        found[word[:_HEAD]] = (*found.get(word[:_HEAD], ()), word)
    return found


@lru_cache(maxsize=4096)
def _anywhere(words: tuple[bytes, ...]) -> re.Pattern[bytes]:
    return re.compile(b"(?=" + _tree(sorted(words)) + b")")


def _tree(words: Sequence[bytes]) -> bytes:
    """Write words as an expression that tells their beginnings, branching by letter."""
    if b"" in words:
        return b""  # the shortest one will do
    branches: dict[bytes, list[bytes]] = {}
    for word in words:
        branches.setdefault(word[:1], []).append(word[1:])
    written = [re.escape(letter) + _tree(rest) for letter, rest in branches.items()]
    return written[0] if len(written) == 1 else b"(?:" + b"|".join(written) + b")"
