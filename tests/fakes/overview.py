# SPDX-License-Identifier: Apache-2.0
"""A store's books and log in memory, as large as a test wants, and the page over them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipeline_guard.flows.report import Kept, overview
from pipeline_guard.flows.results import Result
from pipeline_guard.model.event import FIRST, AuditEvent, AuditRecord
from pipeline_guard.model.finding import Confidence, Finding, Origin, ScanReport, ScanStats, Severity
from pipeline_guard.model.key import KeyRecord, KeyRef, KeyState, KeyType, KeyUsage
from pipeline_guard.model.lease import Lease
from pipeline_guard.model.location import Location
from pipeline_guard.model.overview import Overview, Signature
from pipeline_guard.model.verdict import Check, CheckStatus, Outcome, Unchecked, Verdict

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ACTORS = ("job:shop/deploy", "job:shop/test", "job:models/train", "user:ada", "user:grace", "job:web/release")
KINDS = (
    ("aws-access-key", "AWS access key", Severity.CRITICAL),
    ("github-token", "GitHub token", Severity.CRITICAL),
    ("private-key", "Private key", Severity.HIGH),
    ("database-url", "Password in a database's address", Severity.HIGH),
    ("generic-password", "Password", Severity.MEDIUM),
    ("plain-word", "Plain word as a password", Severity.LOW),
    ("test-value", "Test value in a service's format", Severity.INFO),
)


@dataclass(frozen=True)
class Book:
    """Keys and open leases."""

    keys: tuple[KeyRecord, ...] = ()
    leases: tuple[Lease, ...] = ()

    def add_key(self, record: KeyRecord) -> None:
        raise AssertionError("a report writes nothing")

    def key(self, name: str, version: int | None = None) -> KeyRecord | None:
        return next((record for record in self.keys if record.ref.name == name and version in (None, record.ref.version)), None)

    def all_keys(self) -> Sequence[KeyRecord]:
        return self.keys

    def issue(self, leases: object, events: object) -> Sequence[AuditRecord]:
        raise AssertionError("a report writes nothing")

    def end(self, holder: str, now: datetime, announce: object) -> Sequence[Lease]:
        raise AssertionError("a report writes nothing")

    def open_leases(self, now: datetime) -> Sequence[Lease]:
        return self.leases


def key(name: str, version: int = 1, *, days: int = 100, period: int = 365, state: KeyState = KeyState.ACTIVE) -> KeyRecord:
    """A key version that has been in use for ``days``."""
    begun = NOW - timedelta(days=days)
    ref = KeyRef(name, version, KeyType.EC_P256, KeyUsage.SIGN, f"{version:04x}")
    ends = begun + timedelta(days=period)
    return KeyRecord(ref, state, begun, "serial", activates=begun, expires=ends, stops=ends + timedelta(days=30))


def chain(events: Sequence[AuditEvent]) -> list[AuditRecord]:
    """Link events as a log does."""
    records: list[AuditRecord] = []
    for event in events:
        records.append(AuditRecord.linked(len(records) + 1, records[-1].hash if records else FIRST, event))
    return records


def log(count: int, seed: int = 7) -> list[AuditRecord]:
    """A log of ``count`` records over 90 days: leases, their ends, denials, signatures."""
    chance, events = random.Random(seed), []
    for number in range(count):
        time = NOW - timedelta(days=90) + timedelta(days=90) * number / count
        actor = ACTORS[min(int(chance.expovariate(0.7)), len(ACTORS) - 1)]
        secret = f"{chance.choice(('shop', 'web', 'models'))}/{chance.choice(('db', 'api', 'registry', 'cdn'))}"
        roll = chance.random()
        if roll < 0.42:
            events.append(AuditEvent(time, actor, "secret.lease", secret, "granted", "version 3"))
        elif roll < 0.8:
            events.append(AuditEvent(time, actor, "secret.revoke", secret, "done", "version 3"))
        elif roll < 0.84:
            events.append(AuditEvent(time, actor, "secret.lease", secret, "denied", "not granted"))
        else:
            name = chance.choice(("release", "release", "models", "images"))
            events.append(AuditEvent(time, actor, "sign", f"{name}-{number % 40}.whl", "granted", f"key {name} version 2"))
    return chain(events)


def findings(count: int, seed: int = 3) -> tuple[Finding, ...]:
    """Findings of every kind and age."""
    chance, found = random.Random(seed), []
    for number in range(count):
        rule, title, severity = KINDS[min(int(chance.expovariate(0.5)), len(KINDS) - 1)]
        date = NOW - timedelta(days=chance.expovariate(1 / 120))
        origin = Origin(f"{number:040x}", "Ada", date.isoformat(timespec="seconds")) if number % 9 else None
        place = Location(f"services/shop/config/settings_{number % 37}.py", number % 400 + 1, 9, number % 400 + 1, 49, 100, 140)
        found.append(
            Finding(rule, title, severity, Confidence.HIGH, place, f"{number:032x}", "AKIA… (20 characters)", "revoke it", origin=origin)
        )
    return tuple(found)


FAILED = (
    Check(
        "requirement-unhashed",
        CheckStatus.FAIL,
        "requests, flask without a hash; whatever the index serves under that name gets installed, a replaced file too",
        (Location("requirements.txt", 1), Location("requirements.txt", 2)),
        "uv pip compile --generate-hashes INPUT -o requirements.txt",
    ),
    Check(
        "pickle-unsafe",
        CheckStatus.FAIL,
        "calls os.system, which is known to run code; loading the file is enough",
        (Location("models/ranker.pkl"),),
        "do not load it; have the weights saved as safetensors",
    ),
    Check(
        "pin-unproven",
        CheckStatus.UNCHECKED,
        "pinned commits were not looked up: gate.network is off",
        (Location(".github/workflows/ci.yml"),),
        "gate.network: true",
    ),
)
SIGNATURES = (
    Signature("dist/app.whl", True, "valid", "held", "", "release", NOW - timedelta(days=2)),
    Signature("models/classifier", False, "tampered", "weights.bin: not the content that was signed", "fetch it again", "", None),
)


def full(events: int = 400, found: int = 40, keys: int = 7) -> Overview:
    """The page over a store and results of the given size."""
    states = (KeyState.ACTIVE, KeyState.ACTIVE, KeyState.ACTIVE, KeyState.DEACTIVATED, KeyState.SUSPENDED, KeyState.COMPROMISED)
    names = ("release", "models", "images", "web", "backup", "legacy")
    records = tuple(
        key(
            names[number % 6] if number < 6 else f"team-{number}",
            number % 3 + 1,
            days=(40, 340, 380, 200, 90, 500)[number % 6],
            state=states[number % 6],
        )
        for number in range(keys)
    )
    leases = tuple(
        Lease(f"{number:032x}", "shop/db", 3, f"job:shop/deploy {number}", NOW - timedelta(minutes=number), NOW + timedelta(minutes=15))
        for number in range(min(events // 100, 300))
    )
    unchecked = (Unchecked("data/dump.7z", "encrypted: its members cannot be read"),)
    results: list[tuple[str, Result]] = [
        ("results/scan.json", ScanReport(findings(found), unchecked, ScanStats(1240, 9_876_543, 0, 1.2))),
        (
            "results/gate.json",
            Verdict(
                Outcome.BLOCK,
                (*FAILED, *(Check(f"lock-{n}", CheckStatus.PASS, "16 lock files looked at") for n in range(58))),
                "ab" * 32,
                "main",
            ),
        ),
        ("results/verify.json", SIGNATURES),
    ]
    return overview(results, Kept(Book(records, leases), log(events)), (), NOW)
