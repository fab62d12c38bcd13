# SPDX-License-Identifier: Apache-2.0
"""JSON with everything kept: a key that comes twice keeps both values, so that no reader sees what we did not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

MAX_DEPTH = 100
LARGEST = 64 * 1024 * 1024


class Pairs(list[tuple[str, Any]]):
    """An object as its pairs, in order, doubles included."""

    def get(self, name: str) -> Any:
        """Return the last value of a key, as most readers do; None where there is none."""
        return next((value for key, value in reversed(self) if key == name), None)

    def all(self, name: str) -> list[Any]:
        """Return every value of a key."""
        return [value for key, value in self if key == name]

    def doubles(self) -> list[str]:
        """Return the keys that come more than once."""
        seen: set[str] = set()
        return [key for key, _ in self if key in seen or seen.add(key)]  # type: ignore[func-returns-value]


_DECODER = json.JSONDecoder(object_pairs_hook=Pairs)


def load(text: str) -> Any:
    """Read a document. Raises ValueError whatever is wrong with it."""
    try:
        return _DECODER.decode(text.removeprefix("\ufeff"))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def load_at(text: str, start: int) -> tuple[Any, int]:
    """Read the document that begins at ``start``; return it and its end. Raises ValueError."""
    try:
        return _DECODER.raw_decode(text, start)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def objects(value: Any) -> Iterator[Pairs]:
    """Give every object in a value, the outer ones first, without recursion."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Pairs):
            yield item
            waiting.extend(inner for _, inner in item if isinstance(inner, list))
        elif isinstance(item, list):
            waiting.extend(inner for inner in item if isinstance(inner, list))
