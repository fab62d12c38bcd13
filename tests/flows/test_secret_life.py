# SPDX-License-Identifier: Apache-2.0
"""Secrets rotated, revoked, expired, deleted and destroyed with a store and a token in memory; and what is refused on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline_guard.adapters.clock import SystemRandom
from pipeline_guard.errors import Denied, IntegrityError, NothingToDo, Unavailable, UsageError
from pipeline_guard.flows import keys, lease, secret_life, secrets
from pipeline_guard.flows.rewrap import rewrap
from pipeline_guard.model.lease import Binding, Delivery, Lease
from pipeline_guard.model.sealed import SealedSecret, SecretState
from pipeline_guard.model.secret import Secret
from pipeline_guard.seal.envelope import ROW_FORMAT, associated_data, close
from pipeline_guard.seal.terms import Terms, state_of
from tests.flows.test_key_life import DAY, NOW, Place

HOUR = timedelta(hours=1)


@pytest.fixture
def place() -> Place:
    return Place()


def put(place: Place, value: bytes = b"first", name: str = "db", **terms: object) -> SealedSecret:
    return secrets.put(name, Secret(value), Terms(**terms), doors=place.secret_doors)


def grant(place: Place, source: str = "db", lifetime: timedelta = HOUR) -> tuple[Lease, Secret]:
    doors = lease.LeaseDoors("user:ada", place, SystemRandom(), place.token, place.store, place.store)
    injection = lease.grant([Binding("DB", source, lifetime, Delivery.ENV)], "job", doors=doors)
    return injection.leases[0], injection.values[0].value


def states(place: Place) -> list[SecretState]:
    return [state_of(row, place.time) for row in place.store.secret_versions("db")]


def test_after_a_rotation_the_old_version_is_usable_for_the_overlap_and_no_longer(place: Place) -> None:
    put(place)
    secret_life.rotate("db", Secret(b"second"), Terms(overlap=HOUR), doors=place.secret_doors)
    assert states(place) == [SecretState.RETIRING, SecretState.ACTIVE]
    assert grant(place)[1] == Secret(b"second")
    old, value = grant(place, "db@1", 5 * HOUR)
    assert value == Secret(b"first")
    assert old.expires == NOW + HOUR
    place.time = NOW + HOUR
    assert states(place) == [SecretState.SUPERSEDED, SecretState.ACTIVE]
    with pytest.raises(Denied, match="superseded"):
        grant(place, "db@1")
    assert place.actions()[-1] == ("secret.lease", "denied")
    assert grant(place)[1] == Secret(b"second")


def test_a_rotation_never_prolongs_a_version_that_ends_already(place: Place) -> None:
    put(place)
    secret_life.rotate("db", Secret(b"second"), Terms(overlap=HOUR), doors=place.secret_doors)
    secret_life.rotate("db", Secret(b"third"), Terms(overlap=DAY), doors=place.secret_doors)
    assert [row.stops for row in place.store.secret_versions("db")] == [NOW + HOUR, NOW + DAY, None]


def test_a_rotation_keeps_the_terms_that_it_does_not_name(place: Place) -> None:
    put(place, lifetime=9 * DAY, labels=(("team", "a"),), note="for the tests")
    place.time = NOW + DAY
    row = secret_life.rotate("db", Secret(b"second"), Terms(note="another"), doors=place.secret_doors)
    assert (row.expires, row.labels, row.note) == (NOW + 10 * DAY, (("team", "a"),), "another")
    with pytest.raises(UsageError, match="no secret is called"):
        secret_life.rotate("none", Secret(b"x"), Terms(), doors=place.secret_doors)


def test_an_expired_secret_is_not_leased_and_no_lease_outlives_it(place: Place) -> None:
    put(place, lifetime=HOUR)
    assert grant(place, lifetime=5 * HOUR)[0].expires == NOW + HOUR
    place.time = NOW + HOUR
    with pytest.raises(Denied, match="expired"):
        grant(place)


def test_a_revoked_version_is_gone_for_good_with_its_leases(place: Place) -> None:
    put(place)
    put(place, b"second")
    grant(place)
    revoked, ended = secret_life.revoke("db", 2, "leaked", doors=place.secret_doors)
    assert ([row.version for row in revoked], len(ended)) == ([2], 1)
    assert list(place.store.open_leases(NOW)) == []
    with pytest.raises(Denied, match="revoked"):
        grant(place)
    row = place.store.get("db")
    assert (row.ciphertext, row.wrapped_key, row.size) == (b"", b"", 6)
    place.store._secrets["db", 2] = replace(row, revoked=None)  # an edit of the row does not bring it back
    with pytest.raises((IntegrityError, Denied)):
        grant(place)
    place.store._secrets["db", 2] = row
    with pytest.raises(NothingToDo):
        secret_life.revoke("db", 2, "", doors=place.secret_doors)
    with pytest.raises(UsageError, match="no version 9"):
        secret_life.revoke("db", 9, "", doors=place.secret_doors)
    assert put(place, b"third").version == 3
    assert grant(place)[1] == Secret(b"third")


def test_a_revoked_version_does_not_hold_its_wrapping_key(place: Place) -> None:
    put(place)
    secret_life.revoke("db", None, "", doors=place.secret_doors)
    assert place.store.count_under("store", 1) == 0


def test_a_deleted_secret_can_be_taken_back_until_it_is_destroyed(place: Place) -> None:
    put(place)
    put(place, b"second")
    grant(place)
    assert secret_life.delete("db", DAY, doors=place.secret_doors) == NOW + DAY
    assert list(place.store.open_leases(NOW)) == []
    with pytest.raises(Denied, match="deleted"):
        grant(place)
    with pytest.raises(UsageError, match="is deleted"):
        put(place, b"third")
    with pytest.raises(NothingToDo):
        secret_life.destroy_due(doors=place.secret_doors)
    with pytest.raises(NothingToDo):
        secret_life.delete("db", DAY, doors=place.secret_doors)
    assert secret_life.cancel("db", doors=place.secret_doors) == 2
    assert grant(place)[1] == Secret(b"second")
    secret_life.delete("db", DAY, doors=place.secret_doors)
    place.time = NOW + DAY
    assert secret_life.destroy_due(doors=place.secret_doors) == [("db", 2)]
    assert place.store.get("db") is None
    assert place.actions()[-1] == ("secret.delete", "granted")


@pytest.mark.parametrize("act", ["rotate", "revoke", "delete", "cancel", "remove"])
def test_without_a_record_nothing_happens(place: Place, act: str) -> None:
    put(place)
    if act == "cancel":
        secret_life.delete("db", DAY, doors=place.secret_doors)
    before = dict(place.store._secrets)
    place.store.broken = True
    doors = place.secret_doors
    acts = {
        "rotate": lambda: secret_life.rotate("db", Secret(b"x"), Terms(), doors=doors),
        "revoke": lambda: secret_life.revoke("db", None, "", doors=doors),
        "delete": lambda: secret_life.delete("db", DAY, doors=doors),
        "cancel": lambda: secret_life.cancel("db", doors=doors),
        "remove": lambda: secrets.remove("db", doors=doors),
    }
    with pytest.raises(Unavailable):
        acts[act]()
    assert place.store._secrets == before


@pytest.mark.parametrize(
    "edit",
    [{"expires": None}, {"expires": NOW + 99 * DAY}, {"labels": ()}, {"note": "other"}, {"size": 7}, {"created": NOW - DAY}, {"format": 1},
     {"name": "other"}, {"version": 2}],
    ids=lambda edit: f"{next(iter(edit))}",
)  # fmt: skip
def test_terms_cannot_be_edited_behind_our_back(place: Place, edit: dict[str, object]) -> None:
    row = put(place, lifetime=DAY, labels=(("team", "a"),), note="for the tests")
    assert secrets.open_row(row, place.token) == Secret(b"first")
    with pytest.raises(IntegrityError):
        secrets.open_row(replace(row, **edit), place.token)


def test_a_data_key_is_bound_to_the_key_that_wraps_it(place: Place) -> None:
    row = put(place)
    assert row.format == ROW_FORMAT
    keys.rotate("store", keys.Period(), doors=place.doors)
    other = place.store.key("store", 2)
    with pytest.raises(IntegrityError):
        secrets.open_row(replace(row, wrapping_key=other.ref), place.token)
    assert rewrap("store", place.store, doors=place.secret_doors) == 1
    assert grant(place)[1] == Secret(b"first")


def test_rows_of_the_first_format_still_open_and_can_be_rewrapped(place: Place) -> None:
    key = secrets.wrapping_key(doors=place.secret_doors)
    data_key = Secret(b"k" * 32)
    sealed = close(data_key, Secret(b"old value"), b"n" * 12, associated_data("db", 1, "secret"))
    wrapped = place.token.wrap(key.ref, data_key, associated_data("db", 1, "data-key"))
    place.store.put(SealedSecret("db", 1, NOW, key.ref, wrapped, sealed, 9))
    assert grant(place)[1] == Secret(b"old value")
    keys.rotate("store", keys.Period(), doors=place.doors)
    assert rewrap("store", place.store, doors=place.secret_doors) == 1
    assert grant(place)[1] == Secret(b"old value")


def test_a_format_of_later_is_refused(place: Place) -> None:
    with pytest.raises(IntegrityError, match="unknown format"):
        secrets.open_row(replace(put(place), format=3), place.token)


def test_a_clock_that_was_set_back_hands_out_nothing(place: Place) -> None:
    put(place, lifetime=HOUR)
    place.time = NOW - HOUR
    with pytest.raises(Unavailable, match="clock is set back"):
        grant(place)
    place.time = NOW - timedelta(minutes=4)  # machines differ a little
    assert grant(place)


@pytest.mark.parametrize(
    "terms",
    [{"labels": (("a", "1"), ("a", "2"))}, {"labels": (("", "x"),)}, {"labels": (("a", "x\n"),)}, {"labels": (("a", "x" * 129),)},
     {"labels": tuple((f"l{number}", "") for number in range(33))}, {"note": "two\nlines"}, {"note": "x" * 501},
     {"lifetime": timedelta(days=999999)}],
)  # fmt: skip
def test_terms_that_make_no_sense_are_refused(place: Place, terms: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        put(place, **terms)
    assert place.store.get("db") is None


@pytest.mark.parametrize("source", ["db@", "db@0", "db@x", "db@1@2", "db@-1"])
def test_a_pinned_version_is_a_number(place: Place, source: str) -> None:
    put(place)
    with pytest.raises(UsageError):
        grant(place, source)


def test_search_by_name_and_label_opens_nothing(place: Place) -> None:
    for name, team in (("app/a", "x"), ("app/b", "y"), ("other", "x")):
        put(place, name=name, labels=(("team", team), ("stage", "prod")))
    put(place, name="app/a", labels=(("team", "y"),))

    def found(pattern: str, *labels: tuple[str, str]) -> list[str]:
        return [row.name for row in secret_life.search(pattern, labels, place.store, place.store)]

    assert found("app/*") == ["app/a", "app/b"]
    assert found("", ("team", "y")) == ["app/a", "app/b"]
    assert found("*", ("team", "x"), ("stage", "prod")) == ["other"]
    assert found("app/[b-z]") == ["app/b"]
    assert found("app") == []
    assert found("") == ["app/a", "app/b", "other"]
