# SPDX-License-Identifier: Apache-2.0
"""Where rules can match at all: one pass of Hyperscan for all of them, or nothing where it is missing.

The answer may hold places where no rule matches; it never lacks one where a rule does. So findings are the same with
and without it, and only the time differs. A compiled database is kept through the ``Cache`` door.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pipeline_guard.ports import Cache
from pipeline_guard.scan.coarse import Probe, probes
from pipeline_guard.scan.rule import Rule

# Measured: pure Python takes about 0.6 ms of CPU for 1,024 bytes, the engine a twentieth of it; loading a database takes 15 ms,
# compiling one 2.5 s. A home that is kept is worth a database much sooner than that of a job which begins with nothing.
LOAD_FROM = 32 * 1024
COMPILE_FROM = 4 * 1024 * 1024
COMPILE_KEPT_FROM = 384 * 1024  # where an earlier run has missed one, and left its mark
_TEXT = 256  # bytes that each text counts for besides its own
FORMAT = 4  # of what is kept; raise it when probes or the layout change
_NEAR = 64  # bytes: places closer together than this are one

# Ends of what was seen, for each rule: first and last, first and last, ... ascending. Empty: anywhere.
Places = Mapping[int, Sequence[int]]


class Prefilter:
    """Decides by the amount of text, seen and expected, whether a database is worth its start.

    ``engine=False`` stays with pure Python, as where the wheel is missing.
    """

    def __init__(self, rules: Sequence[Rule], digest: str, cache: Cache, *, engine: bool = True, eager: bool = False) -> None:
        self._rules = rules
        self._digest = digest
        self._cache = cache
        self._engine = engine
        self._seen = COMPILE_FROM if eager else 0
        self._promised = 0  # of what counts as seen, what is still to come
        self._compile_from = COMPILE_FROM
        self._database: Any = None
        self._owners: list[tuple[int, ...]] = []
        self._always: dict[int, tuple[int, ...]] = {}
        self._tried_cache = False

    def expect(self, size: int) -> None:
        """Say that so many bytes more will come, so that what is worth it for them is done at once."""
        self._promised += size
        self._count(size)

    def _count(self, size: int) -> None:
        self._seen += size
        if self._database is None and self._engine:
            self._open()

    def candidates(self, text: bytes) -> Places | None:
        """Return the rules that may match, by index, and where; None without a database."""
        if self._database is None:
            if self._engine:
                size = len(text) + _TEXT
                kept = min(self._promised, size)
                self._promised -= kept
                self._count(size - kept)
            if self._database is None:
                return None
        seen: dict[int, list[int]] = {}

        def heard(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            places = seen.get(number)
            if places is None:
                seen[number] = [end, end]
            elif end - places[-1] <= _NEAR:
                places[-1] = end
            else:
                places += (end, end)

        self._database.scan(text, match_event_handler=heard)
        return self._of_rules(seen) if seen or self._always else {}

    def _of_rules(self, seen: Mapping[int, list[int]]) -> Places:
        found: dict[int, Sequence[int]] = {}
        for number, places in seen.items():
            for index in self._owners[number]:
                found[index] = [*found[index], *places] if index in found else places
        found.update(self._always)
        return {index: found[index] for index in sorted(found)}

    def _open(self) -> None:
        """Load the database from the cache once enough was seen; compile it once much more was seen."""
        if self._seen < LOAD_FROM or (self._tried_cache and self._seen < self._compile_from):
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
            if self._database is None and self._cache.get(f"{name}.missed") is not None:
                self._compile_from = COMPILE_KEPT_FROM
        if self._database is None and self._seen >= self._compile_from:
            self._compile(hyperscan, name)
        elif self._database is None and self._compile_from > COMPILE_KEPT_FROM:
            self._cache.put(f"{name}.missed", b"")

    def _name(self, hyperscan: Any) -> str:
        """Name the database by all that it depends on: engine, processor, rules."""
        probe = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        probe.compile(expressions=[b"x"], ids=[0], flags=[0])
        parts = (
            hyperscan.__version__,
            probe.info().decode("ascii", "replace"),
            platform.machine(),
            platform.processor(),
            str(FORMAT),
            self._digest,
        )
        return f"scan-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:32]}.hsdb"

    def _load(self, hyperscan: Any, name: str) -> None:
        content = memoryview(self._cache.get(name) or b"")
        if len(content) < 40 or hashlib.sha256(content[32:]).digest() != content[:32]:
            return  # cut short, or from a broken disk: made again
        start = 36 + int.from_bytes(content[32:36], "big")
        try:
            owners, always = msgspec.json.decode(content[36:start], type=tuple[list[tuple[int, ...]], list[int]])
            database = hyperscan.loadb(bytes(content[start:]), hyperscan.HS_MODE_BLOCK)
            database.scratch = hyperscan.Scratch(database)
        except (hyperscan.error, msgspec.DecodeError, ValueError, TypeError):
            return
        self._take(database, owners, always)

    def _compile(self, hyperscan: Any, name: str) -> None:
        expressions, always = probes(self._rules)
        good, refused = list(range(len(expressions))), []
        database = _try(hyperscan, expressions, good)
        if database is None:  # at least one expression is beyond the engine: its rules stay with Python
            refused = [number for number in good if _try(hyperscan, expressions, [number]) is None]
            good = [number for number in good if number not in set(refused)]
            database = _try(hyperscan, expressions, good) if good else None
        if database is None:
            self._engine = False
            return
        owners = [probe.owners for probe in expressions]
        always += [index for number in refused for index in owners[number]]
        self._take(database, owners, always)
        told = msgspec.json.encode((owners, always))
        body = len(told).to_bytes(4, "big") + told + hyperscan.dumpb(database)
        self._cache.put(name, hashlib.sha256(body).digest() + body)

    def _take(self, database: Any, owners: list[tuple[int, ...]], always: Sequence[int]) -> None:
        self._database = database
        self._owners = owners
        self._always = dict.fromkeys(always, ())


def _try(hyperscan: Any, expressions: Sequence[Probe], numbers: Sequence[int]) -> Any:
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    # NOTE: MULTILINE because ``re`` is given lines one by one, whose ends are ends of texts to it
    coarse = hyperscan.HS_FLAG_PREFILTER | hyperscan.HS_FLAG_ALLOWEMPTY | hyperscan.HS_FLAG_MULTILINE
    try:
        database.compile(
            expressions=[expressions[number].expression.encode("utf-8") for number in numbers],
            ids=list(numbers),
            flags=[hyperscan.HS_FLAG_CASELESS if expressions[number].literal else coarse for number in numbers],
        )
    except (hyperscan.error, ValueError):
        return None
    return database
