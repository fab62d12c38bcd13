# SPDX-License-Identifier: Apache-2.0
"""Keys whose making was interrupted: told, and taken out of the token; whole keys and those of others stay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from pipeline_guard.adapters.recording import MemoryState
from pipeline_guard.adapters.rehearsal import SoftwareToken
from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.flows import keys
from pipeline_guard.flows.key_use import GovernedToken
from pipeline_guard.flows.tidy import PATIENCE, TidyDoors, tidy, unfinished
from pipeline_guard.model.event import AuditEvent, AuditRecord
from pipeline_guard.model.key import KeyChange, KeyIntent, KeyRecord, KeyRef, KeyType, KeyUsage

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class Killed(BaseException):
    """The process ends here."""


class Refusing(SoftwareToken):
    """A token that says what a key will be, and then does not make it."""

    def create(
        self, name: str, version: int, key_type: KeyType, usage: KeyUsage, begun: Callable[[KeyRef], None] | None = None
    ) -> KeyRecord:
        if begun is not None:
            begun(KeyRef(name, version, key_type, usage, "00"))
        raise Unavailable("the token does not have that kind of key")


class Store(MemoryState):
    """A store that a process may die before, and whose log can break."""

    dies = False
    broken = False

    def change(self, changes: list[KeyChange], now: datetime, nonce: str = "") -> None:
        if self.dies:
            raise Killed
        super().change(changes, now, nonce)

    def write(self, event: AuditEvent) -> AuditRecord:
        if self.broken:
            raise Unavailable("the audit log is not available")
        return super().write(event)


@dataclass
class Place:
    time: datetime = NOW
    store: Store = field(default_factory=Store)

    def __post_init__(self) -> None:
        self.real = SoftwareToken(self)
        self.token = GovernedToken(self.real, self.store, self)

    def now(self) -> datetime:
        return self.time

    def create(self, name: str) -> None:
        keys.create(
            name, "ec-p256", "", keys.Period(), doors=keys.KeyDoors("user:ada", self, self.token, self.store, self.store, self.store)
        )

    def tidy(self, patience: timedelta = PATIENCE) -> list[str]:
        doors = TidyDoors("user:ada", self, self.token, "none", self.store, self.store, self.store)
        return [intent.ref.name for intent in tidy(patience, doors=doors)]


@pytest.fixture
def place() -> Place:
    """A store with one whole key, and one whose maker died."""
    made = Place()
    made.create("whole")
    made.store.dies = True
    with pytest.raises(Killed):
        made.create("half")
    made.store.dies = False
    return made


def test_a_key_whose_maker_died_is_told_and_removed_and_the_whole_one_stays(place: Place) -> None:
    assert len(place.real._keys) == 2
    assert unfinished(place.store, place) == [], "its maker may still be at work"
    assert place.tidy() == []
    place.time += PATIENCE
    assert [intent.ref.name for intent in unfinished(place.store, place)] == ["half"]
    assert place.tidy() == ["half"]
    assert [held.record.ref.name for held in place.real._keys.values()] == ["whole"]
    assert (place.store.intents(), place.tidy()) == ([], [])
    assert [record.event.object for record in place.store._audit if record.event.action == "key.tidy"] == ["half"]


def test_without_a_record_nothing_is_removed(place: Place) -> None:
    place.store.broken = True
    with pytest.raises(Unavailable):
        place.tidy(timedelta(0))
    assert len(place.real._keys) == 2
    assert len(place.store.intents()) == 1


def test_a_key_of_another_token_and_one_that_is_written_down_stay(place: Place) -> None:
    whole = place.store.key("whole")
    assert whole is not None
    place.store.intend(KeyIntent(whole.ref, "none", NOW))
    (half, _) = sorted(place.store.intents(), key=lambda intent: intent.ref.name)
    place.store.intend(KeyIntent(half.ref, "another", NOW))
    assert place.tidy(timedelta(0)) == ["whole"]
    assert len(place.real._keys) == 2
    assert place.token.sign(whole.ref, b"message")


def test_a_key_that_the_token_refuses_leaves_no_note(place: Place) -> None:
    before = list(place.store.intents())
    with pytest.raises(Unavailable):
        GovernedToken(Refusing(place), place.store, place).create("future", 1, KeyType.ML_DSA_65, KeyUsage.SIGN)
    assert list(place.store.intents()) == before


def test_the_note_comes_before_the_key(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_intent: KeyIntent) -> None:
        raise UsageError("the store does not write")

    monkeypatch.setattr(place.store, "intend", refuse)
    with pytest.raises(UsageError):
        place.create("third")
    assert len(place.real._keys) == 2
