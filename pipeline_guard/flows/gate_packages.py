# SPDX-License-Identifier: Apache-2.0
"""The packages of a gate: which are pinned, which of them the change brings in, what is known against them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pipeline_guard.errors import Denied, IntegrityError, Unavailable, UsageError
from pipeline_guard.flows.advisories import open_snapshot
from pipeline_guard.flows.verify import VerifyDoors
from pipeline_guard.gate.facts import AdvisoryFacts, Facts, Kind
from pipeline_guard.gate.inventory import is_constraints, look
from pipeline_guard.gate.manifest.requirements import Pins
from pipeline_guard.gate.osv import from_row, parse
from pipeline_guard.gate.pins import packages
from pipeline_guard.gate.versions.order import is_ordered
from pipeline_guard.gate.weakness import Pinned, by_package, pinned, weaknesses
from pipeline_guard.model.advisory import Advisory, SnapshotFacts
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.package import Lock, Package
from pipeline_guard.model.timeline import KeyTimeline
from pipeline_guard.model.verdict import Unchecked
from pipeline_guard.ports import Advisories, AdvisoryService, Clock

LOCKS = (Kind.REQUIREMENTS, Kind.LOCK)
DEPENDENCIES = (*LOCKS, Kind.SBOM)
RULES = ("malicious-package", "vulnerable-package")
_OFF = "no database of advisories is named; make one with pipeline-guard advisories build, and name it with --advisories FILE"


@dataclass(frozen=True, slots=True)
class AdvisoryAccess:
    """How advisories are looked up: a database by its path, or a service by its address."""

    database: Callable[[str], Advisories]
    service: Callable[[str], AdvisoryService]


@dataclass(frozen=True, slots=True)
class AdviseDoors:
    """What looking up needs of the world. ``key`` finds the one that must have signed the database."""

    access: AdvisoryAccess
    verify: VerifyDoors
    clock: Clock
    key: Callable[[str], KeyTimeline]


@dataclass(frozen=True, slots=True)
class Advised:
    """What came of looking packages up; ``excused`` are checks that may stay open because nobody asked for them."""

    found: tuple[tuple[Kind, AdvisoryFacts | Unchecked], ...] = ()
    note: str = ""
    snapshot: SnapshotFacts | None = None
    excused: tuple[str, ...] = ()


def packages_of(facts: Iterable[Facts]) -> list[Package]:
    """Return every pinned package of locks, SBOMs and requirements files; constraints install nothing."""
    found: list[Package] = []
    for each in facts:
        if isinstance(each, Lock):
            found += each.packages
        elif isinstance(each, Pins) and not is_constraints(each.path):
            found += packages(each)
    return found


def packages_before(paths: Iterable[str], show: Callable[[str], bytes | None]) -> list[Package]:
    """Return what the merge target pins in files that the change touches; what cannot be read there pins nothing."""
    found: list[Facts] = []
    for path in paths:
        content = show(path)
        if content is not None:
            found += [item for kind, item in look(path, content) if kind in DEPENDENCIES and not isinstance(item, Unchecked)]
    return packages_of(found)


def advise(packages: Sequence[Package], before: Sequence[Package], settings: GateSettings, *, doors: AdviseDoors) -> Advised:
    """Look every package up; whatever goes wrong leaves all of them unchecked."""
    wanted = [each for each in pinned(packages) if is_ordered(each.ecosystem)]
    rules = settings.advisories
    if not wanted:
        return Advised()
    online = bool(rules.service) and settings.network != "off"
    if not rules.database and not online:
        return Advised(((Kind.ADVISORY, Unchecked(wanted[0].places[0].path, _OFF)),), excused=RULES)
    snapshot = None
    try:
        if rules.database:
            snapshot = _snapshot(settings, doors)
            advisories = _kept(wanted, doors.access.database(rules.database))
            note = f"advisories as of {snapshot.date:%Y-%m-%d}"
        else:
            advisories, note = _asked(wanted, rules.service, doors.access.service(rules.service)), f"advisories of {rules.service}"
    except (Unavailable, UsageError, IntegrityError, Denied) as error:
        excused = RULES if not rules.database and settings.network == "try" else ()
        return Advised(((Kind.ADVISORY, Unchecked(rules.database or rules.service, error.what)),), excused=excused)
    known = {(each.ecosystem, each.name, each.version) for each in pinned(before)}
    about = by_package(advisories)
    found: list[tuple[Kind, AdvisoryFacts | Unchecked]] = []
    for each in wanted:
        weak, unsure = weaknesses(each, about.get((each.ecosystem, each.name), ()))
        found.append((Kind.ADVISORY, AdvisoryFacts(each, tuple(weak), (each.ecosystem, each.name, each.version) not in known)))
        found += [(Kind.ADVISORY, item) for item in unsure]
    return Advised(tuple(found), note, snapshot)


def _snapshot(settings: GateSettings, doors: AdviseDoors) -> SnapshotFacts:
    rules = settings.advisories
    key = doors.key(rules.key) if rules.key else None
    return open_snapshot(rules.database, key, rules.max_age, doors.clock.now(), doors=doors.verify)


def _kept(wanted: Sequence[Pinned], database: Advisories) -> list[Advisory]:
    names = dict.fromkeys((each.ecosystem.value, each.name) for each in wanted)
    return [from_row(row) for row in database.about(list(names))]


def _asked(wanted: Sequence[Pinned], address: str, service: AdvisoryService) -> list[Advisory]:
    records = service.records([(each.ecosystem.value, each.name, each.version) for each in wanted])
    return [advisory for record in records for advisory in parse(record, address)[2]]
