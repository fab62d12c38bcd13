# SPDX-License-Identifier: Apache-2.0
"""The wire format of Protocol Buffers, read field by field without a schema; nothing is copied until it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline_guard.gate.octets import Octets

MOST_FIELDS = 5_000_000  # of one file
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class Broken(Exception):
    """The bytes are no message, or more of one than the budget allows."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its number, its value where it is a number, and where its bytes lie."""

    number: int
    wire: int
    value: int
    begin: int
    end: int


class Message:
    """The fields of a message that lies at ``begin`` to ``end``; ``budget`` is shared by all messages of one file."""

    def __init__(self, content: Octets, begin: int = 0, end: int | None = None, budget: list[int] | None = None) -> None:
        self.content = content
        self.begin = begin
        self.end = len(content) if end is None else end
        self.budget = budget if budget is not None else [MOST_FIELDS]

    def __iter__(self) -> Iterator[Field]:
        """Give every field. Raises Broken."""
        content, position, end = self.content, self.begin, self.end
        while position < end:
            self.budget[0] -= 1
            if self.budget[0] < 0:
                raise Broken(f"more than {MOST_FIELDS:,} fields")
            key, position = _varint(content, position, end)
            number, wire = key >> 3, key & 7
            if number == 0:
                raise Broken(f"field 0 at byte {position}")
            if wire == _VARINT:
                value, following = _varint(content, position, end)
                yield Field(number, wire, value, position, following)
            elif wire == _BYTES:
                length, position = _varint(content, position, end)
                following = position + length
                if following > end:
                    raise Broken(f"a field that is cut off at byte {position}")
                yield Field(number, wire, length, position, following)
            elif wire in (_FIXED64, _FIXED32):
                following = position + (8 if wire == _FIXED64 else 4)
                if following > end:
                    raise Broken(f"a field that is cut off at byte {position}")
                yield Field(number, wire, 0, position, following)
            else:
                raise Broken(f"wire type {wire} at byte {position}")
            position = following

    def inside(self, *numbers: int) -> Iterator[Message]:
        """Give the messages in these fields."""
        for field in self:
            if field.wire == _BYTES and field.number in numbers:
                yield Message(self.content, field.begin, field.end, self.budget)

    def into(self, field: Field) -> Message:
        """Return the message in a field."""
        return Message(self.content, field.begin, field.end, self.budget)

    def text(self, field: Field) -> str:
        """Return a field's first 4,096 bytes as text."""
        return self.content[field.begin : min(field.end, field.begin + 4096)].decode("utf-8", "replace") if field.wire == _BYTES else ""

    def texts(self, number: int) -> list[str]:
        """Return every text in a field."""
        return [self.text(field) for field in self if field.number == number]


def _varint(content: Octets, position: int, end: int) -> tuple[int, int]:
    if position < end and content[position] < 0x80:
        return content[position], position + 1
    value = shift = 0
    while position < end and shift < 70:
        byte = content[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise Broken(f"a number that does not end at byte {position}")
