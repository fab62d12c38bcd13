# SPDX-License-Identifier: Apache-2.0
"""R's serialized objects (.rds, .rda): promises and code in them run when a value is first used (CVE-2024-27322).

Format: R Internals, 1.8 Serialization Formats; only the binary big-endian form XDR is read.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.model_hazard import Doubt, Hazard, code
from pipeline_guard.gate.octets import Octets

MOST_ITEMS = 5_000_000
_NIL, _GLOBAL, _UNBOUND, _MISSING, _BASE_SPACE, _NAMESPACE, _PACKAGE, _PERSIST, _REFERENCE = 254, 253, 252, 251, 247, 249, 250, 247, 255
_EMPTY = {254, 253, 252, 251, 242, 241, 247}
_SYMBOL, _PAIRS, _CLOSURE, _ENVIRONMENT, _PROMISE, _CALL, _SPECIAL, _BUILTIN, _CHARS = 1, 2, 3, 4, 5, 6, 7, 8, 9
_BYTECODE = 21
_FIX = "have the object saved as data (CSV, Parquet, ONNX, xgb.save); readRDS and load run code in it"


class _Broken(Exception):
    """Carries why it cannot be read."""


def is_rds(content: Octets, _name: str) -> bool:
    """Tell whether a file is one: ``X`` and a newline, or an archive's header before it, then version 2 or 3."""
    at = 5 if content.startswith((b"RDX2\n", b"RDX3\n")) else 0
    return content.startswith(b"X\n\0\0\0\2\0", at) or content.startswith(b"X\n\0\0\0\3\0", at)


def inspect(content: Octets, _name: str) -> Iterator[Hazard | Doubt]:
    """Give what would run."""
    walk = _Walk(content)
    try:
        walk.all()
    except _Broken as broken:
        yield Doubt(f"an R object that cannot be followed: {broken}")
    for what, offset in walk.found.items():
        yield code(what, "", offset, _FIX)


class _Walk:
    def __init__(self, content: Octets) -> None:
        self.content = content
        self.position = 5 if content.startswith(b"RDX") else 0
        self.found: dict[str, int] = {}

    def number(self) -> int:
        """Read a big-endian number of four bytes."""
        piece = self.content[self.position : self.position + 4]
        if len(piece) < 4:
            raise _Broken("it ends early")
        self.position += 4
        return int.from_bytes(piece, "big", signed=True)

    def pass_by(self, count: int) -> None:
        """Pass over bytes."""
        if count < 0 or self.position + count > len(self.content):
            raise _Broken("it ends early")
        self.position += count

    def length(self) -> int:
        """Read the length of a vector."""
        count = self.number()
        if count == -1:
            count = (self.number() << 32) + (self.number() & 0xFFFFFFFF)
        if count < 0 or count > len(self.content):
            raise _Broken(f"a vector of {count} items")
        return count

    def all(self) -> None:
        """Read items until none is owed."""
        self.position += 2
        version = self.number()
        self.pass_by(8)
        if version == 3:
            self.pass_by(self.number())
        owed = 1
        for _ in range(MOST_ITEMS):
            if not owed:
                return
            owed += self.item() - 1
        raise _Broken(f"more than {MOST_ITEMS:,} items")

    def item(self) -> int:
        """Read one item's own bytes; return how many items follow as its parts."""
        at = self.position
        flags = self.number()
        kind, has_attributes, has_tag = flags & 0xFF, bool(flags & 0x200), bool(flags & 0x400)
        if kind in _EMPTY:
            return 0
        if kind == _REFERENCE:
            if not flags >> 8:
                self.number()
            return 0
        if kind == _SYMBOL:
            return 1
        if kind in (_NAMESPACE, _PACKAGE, 248):
            self.number()
            return self.number()
        if kind == _ENVIRONMENT:
            self.number()
            return 4
        if kind in (_PAIRS, _CLOSURE, _PROMISE, _CALL, 17):
            if kind == _PROMISE:
                self.found.setdefault("a promise, which runs its code when the value is used", at)
            return has_attributes + has_tag + 2
        if kind == _CHARS:
            self.pass_by(max(self.number(), 0))
            return 0
        if kind in (10, 13):
            self.pass_by(4 * self.length())
        elif kind == 14:
            self.pass_by(8 * self.length())
        elif kind == 15:
            self.pass_by(16 * self.length())
        elif kind == 24:
            self.pass_by(self.length())
        elif kind in (16, 19, 20):
            return self.length() + has_attributes
        elif kind in (_SPECIAL, _BUILTIN):
            self.pass_by(self.number())
        elif kind == 25:
            return int(has_attributes)
        elif kind == 22:
            return 2 + has_attributes
        elif kind == 238:
            return 3
        elif kind == _BYTECODE:
            self.found.setdefault("compiled code", at)
            raise _Broken("compiled code")
        else:
            raise _Broken(f"an item of unknown type {kind} at byte {at}")
        return int(has_attributes)
