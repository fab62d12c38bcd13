# SPDX-License-Identifier: Apache-2.0
"""Leases of what engines make: what is written when, what happens where something fails, and that nothing stays behind unknown."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pipeline_guard.adapters.clock import SystemRandom
from pipeline_guard.adapters.engines.jose import key_set
from pipeline_guard.adapters.recording import MemoryState
from pipeline_guard.adapters.rehearsal import SoftwareToken
from pipeline_guard.errors import Denied, Unavailable, UsageError
from pipeline_guard.flows.key_use import GovernedToken
from pipeline_guard.flows.lease import LeaseDoors, fulfil, grant, prepare, revoke, run, sweep
from pipeline_guard.flows.secrets import SecretDoors, put, wrapping_key
from pipeline_guard.flows.undoing import EngineDoors, UndoDoors, engine_key, issuer_keys, open_for_engine
from pipeline_guard.model.dynamic import Ended, Made, Wish
from pipeline_guard.model.event import AuditEvent, AuditRecord
from pipeline_guard.model.key import KeyState, KeyType, KeyUsage
from pipeline_guard.model.lease import Binding, Delivery, Injection
from pipeline_guard.model.secret import Secret
from tests.fakes.engines import Clock

VALUE = b"made-" + b"for-one-job-only"


class Killed(BaseException):
    """Stands for the end of a process."""


class Maker:
    """An engine over a set of names; ``foresees`` where its handles are known before."""

    def __init__(self) -> None:
        self.there: set[bytes] = set()
        self.wishes: list[Wish] = []
        self.undone: list[bytes] = []
        self.refuses: BaseException | None = None
        self.dies_after_making = False
        self.stuck: Exception | None = None
        self.revocable, self.lives = True, timedelta(hours=1)

    def make(self, wish: Wish) -> Made:
        self.wishes.append(wish)
        if self.refuses is not None:
            raise self.refuses
        self.there.add(wish.lease.encode())
        if self.dies_after_making:
            raise Killed
        handle = Secret(wish.lease.encode())
        return Made(Secret(VALUE), wish.expires + self.lives, handle, self.revocable, f"thing {wish.lease[:6]}")

    def undo(self, handle: Secret) -> None:
        if self.stuck is not None:
            raise self.stuck
        self.undone.append(handle.reveal())
        self.there.discard(handle.reveal())


class Foreseeing(Maker):
    def handle(self, wish: Wish) -> Secret:
        return Secret(wish.lease.encode())


class Place:
    """A store and token in memory, one engine, one kept secret."""

    def __init__(self, engine: Maker) -> None:
        self.clock, self.state, self.engine = Clock(), MemoryState(), engine
        self.token = GovernedToken(SoftwareToken(self.clock), self.state, self.clock)
        state = self.state
        self.secrets = SecretDoors("user:ada", self.clock, SystemRandom(), self.token, self.token, state, state, state, state, state, state)
        put("kept", Secret(b"kept-value"), doors=self.secrets)
        self.undo = UndoDoors("user:ada", self.clock, self.named, lambda: self.token, state, state)
        making = EngineDoors(frozenset({"made"}), lambda: wrapping_key(doors=self.secrets).ref, SystemRandom(), self.undo)
        self.doors = LeaseDoors("user:ada", self.clock, SystemRandom(), self.token, state, state, making)

    def named(self, name: str) -> Maker:
        if name != "made":
            raise UsageError(f"no engine {name}")
        return self.engine

    def grant(self, *names: str, holder: str = "job", minutes: int = 10) -> Injection:
        return grant([binding(name, minutes) for name in names], holder, doors=self.doors, claims={"sha": "abc"})

    def revoke(self, holder: str = "job") -> Ended:
        return revoke(holder, actor="user:ada", clock=self.clock, leases=self.state, undo=self.undo)

    def log(self) -> list[tuple[str, str]]:
        found = [json.loads(line) for line in self.state.records()]
        return [
            (each["action"], each["outcome"]) for each in found if each["action"].startswith("secret.") and each["action"] != "secret.put"
        ]


def binding(name: str, minutes: int = 10) -> Binding:
    return Binding(name.upper(), name, timedelta(minutes=minutes), Delivery.ENV, (("public-key", "theirs"),))


@pytest.fixture(params=[Maker, Foreseeing], ids=["handle known after", "handle known before"])
def place(request: pytest.FixtureRequest) -> Place:
    return Place(request.param())


def test_records_stand_before_and_after_and_hold_no_value(place: Place) -> None:
    injection = place.grant("made", "kept")
    assert [value.value for value in injection.values] == [Secret(VALUE), Secret(b"kept-value")]
    made, kept = injection.leases
    assert (made.engine, made.version, made.about) == ("made", 0, f"thing {made.id[:6]}")
    assert made.expires == place.clock.now() + timedelta(minutes=10), "the lease ends, whatever longer life its value has"
    assert (kept.engine, kept.version) == ("", 1)
    ended = place.revoke()
    assert [lease.secret for lease in ended.undone] == ["made"]
    assert place.engine.there == set()
    assert place.log() == [
        ("secret.lease", "granted"),
        ("secret.lease", "granted"),
        ("secret.made", "done"),
        ("secret.revoke", "granted"),
        ("secret.revoke", "done"),
        ("secret.undo", "done"),
    ]
    text = b"".join(place.state.records())
    assert VALUE not in text
    assert place.revoke() == Ended()


def test_engine_hears_who_the_job_is_and_what_it_sent(place: Place) -> None:
    place.grant("made")
    (wish,) = place.engine.wishes
    assert (wish.name, wish.holder, dict(wish.claims), dict(wish.given)) == ("made", "job", {"sha": "abc"}, {"public-key": "theirs"})
    place.revoke()


def test_no_record_no_value(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_event: AuditEvent) -> AuditRecord:
        raise Unavailable("the audit log is not available")

    wrapping_key(doors=place.secrets)
    monkeypatch.setattr(place.state, "write", refuse)
    with pytest.raises(Unavailable):
        place.grant("made")
    assert place.engine.wishes == []


def test_process_that_dies_while_making_leaves_what_the_sweep_takes_away() -> None:
    place = Place(Foreseeing())
    place.engine.dies_after_making = True
    with pytest.raises(Killed):
        place.grant("made")
    assert len(place.engine.there) == 1
    assert sweep(undo=place.undo) == Ended(), "its time is not over, and nobody ended it"
    place.clock.move(minutes=10)
    assert len(sweep(undo=place.undo).undone) == 1
    assert place.engine.there == set()


def test_what_nobody_can_know_is_told_as_unknown() -> None:
    place = Place(Maker())
    place.engine.dies_after_making = True
    with pytest.raises(Killed):
        place.grant("made")
    place.revoke()
    assert place.log()[-1] == ("secret.undo", "unknown")
    assert place.engine.undone == []


def test_failure_of_one_undoes_all_of_the_call(place: Place) -> None:
    other = place.grant("made", holder="other")
    place.engine.refuses = None
    promises = prepare([binding("made"), binding("kept")], "job", doors=place.doors)
    place.state.issue([each.lease for each in promises], [each.event for each in promises])
    place.state.delete("kept")
    broken = replace(promises[1], row=replace(promises[1].row, ciphertext=b"x" * 40))  # type: ignore[type-var]
    with pytest.raises(Exception, match="does not open"):
        fulfil([promises[0], broken], doors=place.doors, claims={})
    assert place.engine.there == {other.leases[0].id.encode()}
    assert [lease.holder for lease in place.state.open_leases(place.clock.now())] == ["other"]
    place.revoke("other")


def test_refusal_of_the_engine_leaves_no_open_lease(place: Place) -> None:
    place.engine.refuses = Denied("the other side refuses")
    with pytest.raises(Denied):
        place.grant("made")
    assert list(place.state.open_leases(place.clock.now())) == []


def test_failed_revocation_is_reported_tried_ever_more_rarely_and_never_given_up(place: Place) -> None:
    place.grant("made")
    place.engine.stuck = Unavailable("no answer")
    (failure,) = place.revoke().failed
    assert (failure.why, failure.again) == ("no answer", place.clock.now() + timedelta(seconds=5))
    assert sweep(undo=place.undo) == Ended(), "not yet"
    pauses = []
    for _ in range(14):
        place.clock.moment = failure.again
        (failure,) = sweep(undo=place.undo).failed
        pauses.append((failure.again - place.clock.now()).total_seconds())
    assert pauses[:4] == [10, 20, 40, 80]
    assert pauses[-1] == 1800
    place.engine.stuck = None
    place.clock.moment = failure.again
    assert len(sweep(undo=place.undo).undone) == 1
    assert place.engine.there == set()
    assert [outcome for action, outcome in place.log() if action == "secret.undo"] == ["failed"] * 15 + ["done"]


def test_one_failure_does_not_keep_others_from_being_undone(place: Place) -> None:
    place.grant("made", holder="a")
    place.clock.move(seconds=1)
    place.grant("made", holder="b")
    first = place.engine.wishes[0].lease.encode()
    real = place.engine.undo

    def undo(handle: Secret) -> None:
        if handle.reveal() == first:
            raise Unavailable("no answer")
        real(handle)

    place.engine.undo = undo  # type: ignore[method-assign]
    place.clock.move(minutes=20)
    swept = sweep(undo=place.undo)
    assert (len(swept.undone), len(swept.failed)) == (1, 1)


def test_engine_that_was_taken_out_of_the_configuration_is_reported(place: Place) -> None:
    place.grant("made")
    gone = replace(place.undo, engine=lambda name: Place.named(place, "other" + name))
    (failure,) = revoke("job", actor="user:ada", clock=place.clock, leases=place.state, undo=gone).failed
    assert "no engine" in failure.why


def test_value_that_only_time_ends_is_told_with_its_end(place: Place) -> None:
    place.engine.revocable = False
    (lease,) = place.grant("made").leases
    assert not lease.revocable
    assert lease.expires == place.clock.now() + timedelta(minutes=70), "its own end, not the lease's"
    ended = place.revoke()
    assert ended.expiring == (lease,)
    assert (ended.undone, ended.failed, place.engine.undone) == ((), (), [])
    last = json.loads(list(place.state.records())[-1])
    assert "cannot be revoked: it expires at" in last["why"]


def test_lease_that_is_ended_while_its_value_is_made_gives_nothing(place: Place) -> None:
    real = place.engine.make

    def make(wish: Wish) -> Made:
        made = real(wish)
        place.engine.make = real  # type: ignore[method-assign]
        place.revoke()
        return made

    place.engine.make = make  # type: ignore[method-assign]
    with pytest.raises(Unavailable, match="ended while its value was made"):
        place.grant("made")
    assert place.engine.there == set()


def test_handle_of_one_lease_opens_at_no_other(place: Place) -> None:
    place.grant("made", holder="a")
    place.grant("made", holder="b")
    one, two = place.state._made.values()
    one.handle, two.handle = two.handle, one.handle
    place.clock.move(minutes=20)
    swept = sweep(undo=place.undo)
    assert [failure.why for failure in swept.failed] == ["a wrapped key does not verify"] * 2
    assert place.engine.undone == []


def test_run_ends_what_it_made_and_tells_even_where_the_command_cannot_start(place: Place) -> None:
    class Broken:
        def run(self, command: Any, injection: Injection) -> int:
            raise UsageError("no such command")

    told: list[Ended] = []
    with pytest.raises(UsageError):
        run(["x"], [binding("made")], doors=place.doors, process=Broken(), told=told.append)
    assert [len(ended.undone) for ended in told] == [1]
    assert place.engine.there == set()


def test_credential_of_an_engine_is_opened_on_record(place: Place) -> None:
    value = open_for_engine("kept", "made", place.token, place.state, place.state, actor="user:ada", clock=place.clock)
    assert value == Secret(b"kept-value")
    last = json.loads(list(place.state.records())[-1])
    assert (last["action"], last["object"], last["why"]) == ("secret.use", "kept", "version 1 by engine made")


def test_published_keys_of_an_issuer_only_verify_and_leave_out_compromised_ones(signing: Place) -> None:
    (key,) = issuer_keys("ca", signing.state)
    assert [each["alg"] for each in key_set([key])["keys"]] == ["ES256"]
    with pytest.raises(Denied):
        key.sign(b"x")
    record = signing.state._keys["ca", 1]
    signing.state._keys["ca", 1] = replace(record, state=KeyState.COMPROMISED)
    assert list(issuer_keys("ca", signing.state)) == []
    assert list(issuer_keys("store", signing.state)) == []


@pytest.fixture
def signing(place: Place) -> Place:
    place.state.add_key(place.token.create("ca", 1, KeyType.EC_P256, KeyUsage.SIGN))
    return place


def test_key_of_an_engine_is_found_by_name_and_must_sign(signing: Place) -> None:
    key = engine_key("ca", signing.token, signing.state, signing.clock)
    assert (key.name, key.type) == ("ca", KeyType.EC_P256)
    assert key.sign(b"x")
    with pytest.raises(UsageError, match="no key called"):
        engine_key("none", signing.token, signing.state, signing.clock)
    with pytest.raises(Denied, match="may not sign"):
        engine_key("store", signing.token, signing.state, signing.clock)
