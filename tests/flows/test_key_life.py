# SPDX-License-Identifier: Apache-2.0
"""Keys made, rotated, ended and destroyed with a store and a token in memory; and what they refuse on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from pipeline_guard.adapters.clock import SystemRandom
from pipeline_guard.adapters.recording import MemoryState
from pipeline_guard.adapters.rehearsal import SoftwareToken
from pipeline_guard.errors import Denied, NothingToDo, Unavailable, UsageError
from pipeline_guard.flows import key_report, key_states, keys, secrets
from pipeline_guard.flows.key_states import Approving, Change
from pipeline_guard.flows.key_use import GovernedToken
from pipeline_guard.flows.rewrap import rewrap
from pipeline_guard.keys.approval import Rule
from pipeline_guard.keys.period import INVOCATION_LIMIT
from pipeline_guard.model.event import AuditEvent, AuditRecord
from pipeline_guard.model.key import Dependents, KeyCommand, KeyRecord, KeyState, KeyUsage, Revocation
from pipeline_guard.model.secret import Secret

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def none(_record: KeyRecord) -> Dependents:
    return Dependents()


class Store(MemoryState):
    """A store whose audit log can break."""

    broken = False

    def write(self, event: AuditEvent) -> AuditRecord:
        if self.broken:
            raise Unavailable("the audit log is not available")
        return super().write(event)


@dataclass
class Place:
    """A token, a store and a clock that is set by hand."""

    time: datetime = NOW
    store: Store = field(default_factory=Store)

    def __post_init__(self) -> None:
        self.real = SoftwareToken(self)
        self.token = GovernedToken(self.real, self.store, self)

    def now(self) -> datetime:
        return self.time

    @property
    def doors(self) -> keys.KeyDoors:
        return keys.KeyDoors("user:ada", self, self.real, self.store, self.store, self.store)

    @property
    def secret_doors(self) -> secrets.SecretDoors:
        store = self.store
        return secrets.SecretDoors(
            actor="user:ada", clock=self, random=SystemRandom(), keystore=self.token, wrapper=self.token,
            register=store, ledger=store, store=store, life=store, removal=store, audit=store,
        )  # fmt: skip

    def change(self, name: str, command: KeyCommand, approving: Approving | None = None, **details: object) -> KeyRecord:
        def dependents(record: KeyRecord) -> Dependents:
            return self.store.dependents(record.ref.name, record.ref.version)

        return key_states.change(Change(name, command, **details), approving or Approving(), dependents=dependents, doors=self.doors)

    def actions(self) -> list[tuple[str, str]]:
        return [(record.event.action, record.event.outcome) for record in self.store._audit]


@pytest.fixture
def place() -> Place:
    return Place()


def test_rotation_ends_the_old_version_and_begins_the_new(place: Place) -> None:
    first = keys.create("k", "ec-p256", "", keys.Period(), doors=place.doors)
    second = keys.rotate("k", keys.Period(), doors=place.doors)
    assert [(record.ref.version, record.state) for record in place.store.versions("k")] == [(1, KeyState.DEACTIVATED), (2, KeyState.ACTIVE)]
    assert place.token.sign(second.ref, b"message")
    with pytest.raises(Denied, match="deactivated"):
        place.token.sign(first.ref, b"message")
    assert keys.protecting("k", NOW, place.store) == second


def test_a_version_that_begins_later_takes_over_on_its_day(place: Place) -> None:
    first = keys.create("k", "aes-256", "", keys.Period(), doors=place.doors)
    second = keys.rotate("k", keys.Period(begins_in=3 * DAY), doors=place.doors)
    assert keys.protecting("k", NOW, place.store).ref == first.ref
    with pytest.raises(Denied, match="waiting to become active"):
        keys.rotate("k", keys.Period(), doors=place.doors)
    place.time = NOW + 3 * DAY
    assert keys.protecting("k", place.time, place.store).ref == second.ref
    assert place.token.wrap(second.ref, Secret(b"k" * 32), b"")
    with pytest.raises(Denied):
        place.token.wrap(first.ref, Secret(b"k" * 32), b"")


def test_what_is_due_is_rotated_and_nothing_else(place: Place) -> None:
    keys.create("short", "ec-p256", "", keys.Period(use=20 * DAY), doors=place.doors)
    keys.create("long", "ec-p256", "", keys.Period(), doors=place.doors)
    assert [(record.ref.name, record.ref.version) for record in keys.rotate_due(keys.Period(), doors=place.doors)] == [("short", 2)]
    assert keys.rotate_due(keys.Period(), doors=place.doors) == []


def test_a_secret_survives_rotation_rewrap_and_destruction_of_the_old_key(place: Place) -> None:
    row = secrets.put("db", Secret(b"value"), doors=place.secret_doors)
    keys.rotate("store", keys.Period(), doors=place.doors)
    assert secrets.open_row(place.store.get("db"), place.token) == Secret(b"value")
    newer = secrets.put("other", Secret(b"second"), doors=place.secret_doors)
    assert (row.wrapping_key.version, newer.wrapping_key.version) == (1, 2)
    with pytest.raises(Denied, match="1 secret versions are wrapped"):
        place.change("store", KeyCommand.SCHEDULE, version=1)
    assert rewrap("store", place.store, doors=place.secret_doors) == 1
    assert rewrap("store", place.store, doors=place.secret_doors) == 0
    place.change("store", KeyCommand.SCHEDULE, version=1, wait=timedelta(0))
    assert secrets.open_row(place.store.get("db"), place.token) == Secret(b"value")
    assert place.store.get("db").ciphertext == row.ciphertext


def test_rewrap_goes_on_where_it_was_stopped(place: Place) -> None:
    for number in range(5):
        secrets.put(f"s{number}", Secret(b"value"), doors=place.secret_doors)
    keys.rotate("store", keys.Period(), doors=place.doors)
    real, done = place.store.rewrap, []

    def stop_after_two(before: object, after: object) -> bool:
        if len(done) == 2:
            raise Unavailable("killed")
        done.append(before)
        return real(before, after)

    place.store.rewrap = stop_after_two
    with pytest.raises(Unavailable):
        rewrap("store", place.store, doors=place.secret_doors)
    place.store.rewrap = real
    assert rewrap("store", place.store, doors=place.secret_doors) == 3
    assert place.store.count_under("store", 1) == 0


@pytest.mark.parametrize("state", [KeyState.SUSPENDED, KeyState.COMPROMISED, KeyState.DEACTIVATED], ids=lambda state: state.value)
def test_no_secret_is_sealed_or_opened_against_the_state_of_its_key(place: Place, state: KeyState) -> None:
    secrets.put("db", Secret(b"value"), doors=place.secret_doors)
    command = {
        KeyState.SUSPENDED: KeyCommand.SUSPEND,
        KeyState.COMPROMISED: KeyCommand.REVOKE,
        KeyState.DEACTIVATED: KeyCommand.EXPIRE,
    }[state]
    place.change("store", command, reason=Revocation.KEY_COMPROMISE)
    with pytest.raises(Denied, match=state.value):
        secrets.put("db", Secret(b"another"), doors=place.secret_doors)
    if state is KeyState.DEACTIVATED:
        assert secrets.open_row(place.store.get("db"), place.token) == Secret(b"value")
    else:
        with pytest.raises(Denied, match=state.value):
            secrets.open_row(place.store.get("db"), place.token)


def test_no_record_no_change(place: Place) -> None:
    keys.create("k", "ec-p256", "", keys.Period(), doors=place.doors)
    place.store.broken = True
    for attempt in (
        lambda: place.change("k", KeyCommand.SUSPEND),
        lambda: keys.rotate("k", keys.Period(), doors=place.doors),
        lambda: keys.create("other", "ec-p256", "", keys.Period(), doors=place.doors),
    ):
        with pytest.raises(Unavailable):
            attempt()
    assert [(record.ref.name, record.state) for record in place.store.all_keys()] == [("k", KeyState.ACTIVE)]


def test_denials_are_on_record(place: Place) -> None:
    keys.create("k", "ec-p256", "", keys.Period(), doors=place.doors)
    with pytest.raises(Denied):
        place.change("k", KeyCommand.RECOVER)
    assert place.actions()[-1] == ("key.recover", "denied")


def test_destruction_waits_can_be_cancelled_and_happens_when_due(place: Place) -> None:
    record = keys.create("k", "ec-p256", "", keys.Period(), doors=place.doors)
    place.change("k", KeyCommand.SCHEDULE)
    assert key_states.destroy_due(dependents=none, doors=place.doors) == []
    place.change("k", KeyCommand.CANCEL)
    place.time = NOW + 8 * DAY
    assert key_states.destroy_due(dependents=none, doors=place.doors) == []
    place.change("k", KeyCommand.SCHEDULE)
    place.time += 8 * DAY
    (gone,) = key_states.destroy_due(dependents=none, doors=place.doors)
    assert gone.state is KeyState.DESTROYED
    with pytest.raises(UsageError):
        place.real.sign(record.ref, b"message")
    with pytest.raises(NothingToDo):
        key_states.need_some([], "destroyed")


def test_what_was_wrapped_meanwhile_keeps_a_key_from_its_planned_end(place: Place) -> None:
    secrets.put("db", Secret(b"value"), doors=place.secret_doors)
    keys.rotate("store", keys.Period(), doors=place.doors)
    rewrap("store", place.store, doors=place.secret_doors)
    place.change("store", KeyCommand.SCHEDULE, version=1)
    place.time = NOW + 8 * DAY
    assert key_states.destroy_due(dependents=lambda _record: Dependents(secrets=1), doors=place.doors) == []
    assert place.actions()[-1] == ("key.destroy", "denied")
    assert len(key_states.destroy_due(dependents=none, doors=place.doors)) == 1


def test_a_key_of_sealed_files_is_destroyed_only_by_who_gives_them_up(place: Place) -> None:
    keys.create("data", "aes-256", "", keys.Period(), doors=place.doors)
    place.store.keep_file("ab" * 32, [("data", 1)], NOW)
    place.change("data", KeyCommand.EXPIRE)
    with pytest.raises(Denied, match="1 sealed files were made for key data/1") as refused:
        place.change("data", KeyCommand.SCHEDULE)
    assert "--crypto-erase" in refused.value.hint
    assert place.change("data", KeyCommand.SCHEDULE, crypto_erase=True).destroys


def test_crypto_erase_takes_the_secrets_with_the_key(place: Place) -> None:
    secrets.put("db", Secret(b"value"), doors=place.secret_doors)
    keys.rotate("store", keys.Period(), doors=place.doors)
    place.change("store", KeyCommand.SCHEDULE, version=1, crypto_erase=True)
    place.time = NOW + 8 * DAY
    assert len(key_states.destroy_due(dependents=lambda _record: Dependents(secrets=1), doors=place.doors)) == 1
    with pytest.raises(Denied, match="destroyed"):
        secrets.open_row(place.store.get("db"), place.token)


def test_a_policy_that_asks_for_approval_is_not_satisfied_without(place: Place) -> None:
    keys.create("k", "ec-p256", "", keys.Period(), doors=place.doors)
    approving = Approving({"destroy": Rule(1, {"bob": "pem"}), "unsuspend": Rule(1, {"bob": "pem"})})
    with pytest.raises(Denied, match="needs 1 approvals and has 0"):
        place.change("k", KeyCommand.SCHEDULE, approving)
    assert place.store.key("k").destroys is None
    place.change("k", KeyCommand.SUSPEND, approving)
    with pytest.raises(Denied, match="unsuspend of k needs"):
        place.change("k", KeyCommand.ACTIVATE, approving)


def test_a_wrapping_key_stops_at_its_invocation_limit(place: Place) -> None:
    record = keys.create("k", "aes-256", "", keys.Period(), doors=place.doors)
    place.store.reserve("k", 1, INVOCATION_LIMIT - 1)
    place.token.wrap(record.ref, Secret(b"k" * 32), b"")
    with pytest.raises(Denied, match="AES-GCM"):
        place.token.wrap(record.ref, Secret(b"k" * 32), b"")


def test_a_foreign_key_wraps_nothing_here(place: Place) -> None:
    stranger = SoftwareToken(place).create("stranger", 1, keys.KeyType.AES_256, KeyUsage.WRAP)
    with pytest.raises(Denied, match="not in this store"):
        place.token.wrap(stranger.ref, Secret(b"k" * 32), b"")


def test_the_timeline_has_every_version_with_its_dates(place: Place) -> None:
    keys.create("k", "ec-p256", "", keys.Period(), doors=place.doors)
    place.time = NOW + DAY
    keys.rotate("k", keys.Period(), doors=place.doors)
    place.change("k", KeyCommand.REVOKE, version=1, reason=Revocation.KEY_COMPROMISE, since=NOW)
    found = key_report.timeline("k", place.time, place.store)
    first, second = found["versions"]
    assert (first["state"], first["compromised"], second["state"], second["compromised"]) == (
        "compromised", "2026-11-24T12:00:00+00:00", "active", None,
    )  # fmt: skip
    assert "key-compromise" in first["revocation"]
    assert first["public_key"] != second["public_key"]
