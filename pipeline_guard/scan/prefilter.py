# SPDX-License-Identifier: Apache-2.0
"""Which rules can match a text at all: one pass of Hyperscan over all patterns, or none where it is missing.

The answer may hold rules that do not match; it never lacks one that does. So findings are the same with and
without it, and only the time differs. A compiled database is kept through the ``Cache`` door.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from typing import Any

from pipeline_guard.ports import Cache
from pipeline_guard.scan.rule import Rule

# Below these sizes looking for keywords in Python is faster than loading, or compiling, a database.
LOAD_FROM = 32 * 1024
COMPILE_FROM = 3 * 1024 * 1024


class Prefilter:
    """Decides by the amount of text seen so far whether a database is worth its start.

    ``engine=False`` stays with pure Python, as where the wheel is missing.
    """

    def __init__(self, rules: Sequence[Rule], digest: str, cache: Cache, *, engine: bool = True, eager: bool = False) -> None:
        self._rules = rules
        self._digest = digest
        self._cache = cache
        self._engine = engine
        self._seen = COMPILE_FROM if eager else 0
        self._database: Any = None
        self._always: tuple[int, ...] = ()
        self._tried_cache = False

    def candidates(self, text: bytes) -> Sequence[int]:
        """Return the indices of the rules that may match, ascending."""
        self._seen += len(text)
        if self._database is None and self._engine:
            self._open()
        if self._database is None:
            return range(len(self._rules))
        fired: set[int] = set(self._always)

        def heard(index: int, _start: int, _end: int, _flags: int, _context: object) -> None:
            fired.add(index)

        self._database.scan(text, match_event_handler=heard)
        return sorted(fired)

    def _open(self) -> None:
        """Load the database from the cache once enough was seen; compile it once much more was seen."""
        if self._seen < LOAD_FROM or (self._tried_cache and self._seen < COMPILE_FROM):
            return
        try:
            import hyperscan
        except ImportError:
            self._engine = False
            return
        name = self._name(hyperscan)
        if not self._tried_cache:
            self._tried_cache = True
            self._load(hyperscan, name)
        if self._database is None and self._seen >= COMPILE_FROM:
            self._compile(hyperscan, name)

    def _name(self, hyperscan: Any) -> str:
        """Name the database by all that it depends on: engine, processor, rules."""
        probe = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        probe.compile(expressions=[b"x"], ids=[0], flags=[0])
        parts = (hyperscan.__version__, probe.info().decode("ascii", "replace"), platform.machine(), platform.processor(), self._digest)
        return f"scan-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:32]}.hsdb"

    def _load(self, hyperscan: Any, name: str) -> None:
        content = self._cache.get(name)
        if content is None or len(content) < 40:
            return
        head, body = content[:32], content[32:]
        if hashlib.sha256(body).digest() != head:  # cut short, or from a broken disk: made again
            return
        count = int.from_bytes(body[:4], "big")
        always = tuple(int.from_bytes(body[4 + 4 * i : 8 + 4 * i], "big") for i in range(count))
        try:
            database = hyperscan.loadb(body[4 + 4 * count :], hyperscan.HS_MODE_BLOCK)
            database.scratch = hyperscan.Scratch(database)
        except (hyperscan.error, ValueError, TypeError):
            return
        self._database, self._always = database, always

    def _compile(self, hyperscan: Any, name: str) -> None:
        good, always = list(range(len(self._rules))), []
        database = self._try(hyperscan, good)
        if database is None:  # at least one pattern is beyond the engine: it stays with Python
            always = [index for index in good if self._try(hyperscan, [index]) is None]
            good = [index for index in good if index not in set(always)]
            database = self._try(hyperscan, good) if good else None
        if database is None:
            self._engine = False
            return
        self._database, self._always = database, tuple(always)
        body = len(always).to_bytes(4, "big") + b"".join(index.to_bytes(4, "big") for index in always) + hyperscan.dumpb(database)
        self._cache.put(name, hashlib.sha256(body).digest() + body)

    def _try(self, hyperscan: Any, indices: Sequence[int]) -> Any:
        database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        flags = hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_PREFILTER | hyperscan.HS_FLAG_ALLOWEMPTY
        try:
            database.compile(
                expressions=[self._rules[index].coarse.encode("utf-8") for index in indices],
                ids=list(indices),
                flags=[flags] * len(indices),
            )
        except (hyperscan.error, ValueError):
            return None
        return database
