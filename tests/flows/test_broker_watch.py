# SPDX-License-Identifier: Apache-2.0
"""Jobs whose forge says that they have ended lose what they had; a forge that says nothing changes nothing."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline_guard.adapters.recording import MemoryState
from pipeline_guard.errors import Denied, Unavailable
from pipeline_guard.flows.broker_terms import BrokerDoors, trusted_issuer
from pipeline_guard.flows.broker_watch import Watched, end_finished
from pipeline_guard.flows.lease import LeaseDoors
from pipeline_guard.identity.job import holder_prefix
from pipeline_guard.model.lease import Lease
from pipeline_guard.model.session import Session, Use
from tests.fakes.engines import Clock

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
ISSUER = trusted_issuer("https://forge.example", "github")
PREFIX = holder_prefix(ISSUER.url, ISSUER.table)


@dataclass
class Forge:
    """Says what it is told to say of jobs, by their number; what is an error is raised."""

    says: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def has_ended(self, claims: Mapping[str, str]) -> bool:
        self.asked.append(claims["check_run_id"])
        found = self.says.get(claims["check_run_id"], False)
        if isinstance(found, Exception):
            raise found
        return bool(found)


class Meter:
    def __init__(self) -> None:
        self.seen: Counter[tuple[str, str]] = Counter()

    def add(self, name: str, label: str = "") -> None:
        self.seen[name, label] += 1


class Nothing:
    def __getattr__(self, name: str) -> Callable[..., Any]:
        raise AssertionError(name)


@dataclass
class World:
    state: MemoryState
    clock: Clock
    meter: Meter
    forge: Forge
    doors: BrokerDoors

    def job(self, number: str) -> str:
        """Begin a job with one lease."""
        holder, random = f"{PREFIX}4711:1:1:{number}", os.urandom(8).hex()
        claims = {"iss": ISSUER.url, "check_run_id": number}
        session = Session(random * 4, random * 4, "key", "r", holder, "o/r", claims, self.clock.now(), NOW + 6 * HOUR, NOW + 7 * HOUR)
        use = Use(random, NOW + HOUR, self.clock.now(), (), holder, f"{holder}#1")
        lease = Lease(random, "db", 1, f"{holder}#1", self.clock.now(), self.clock.now() + HOUR)
        self.state.redeem(session, use, [lease], [], lambda _session: False)
        return holder

    def look(self, every: timedelta = MINUTE, questions: int = 100) -> int:
        return end_finished([Watched(ISSUER, self.forge, every, questions)], doors=self.doors)

    def held(self) -> list[str]:
        return sorted(each.holder.rpartition(":")[2].partition("#")[0] for each in self.state.open_leases(self.clock.now()))


@pytest.fixture
def world() -> World:
    state, clock, meter = MemoryState(), Clock(NOW), Meter()
    nothing: Any = Nothing()
    mine = LeaseDoors("broker", clock, nothing, nothing, state, state)
    doors = BrokerDoors(clock, nothing, nothing, state, lambda actor: replace(mine, actor=actor), meter)
    return World(state, clock, meter, Forge(), doors)


def test_job_that_ended_loses_its_leases_and_its_session_on_record(world: World) -> None:
    holder = world.job("7")
    world.job("8")
    world.forge.says = {"7": True}
    world.clock.move(minutes=2)
    assert world.look() == 1
    assert world.held() == ["8"]
    (ended, kept) = [world.state.session(each.secret) for each in world.state._sessions._sessions.values()]
    assert ended is not None
    assert kept is not None
    assert (ended.holder, ended.closed, kept.closed) == (holder, True, False)
    lines = b"\n".join(world.state.records()).decode()
    assert '"action":"job.end"' in lines
    assert '"action":"secret.revoke"' in lines
    assert lines.index("job.end") < lines.index("secret.revoke")
    assert world.meter.seen["forge_questions_total", "github ended"] == 1
    assert world.meter.seen["forge_questions_total", "github running"] == 1
    world.clock.move(minutes=2)
    assert world.look() == 0
    assert world.forge.asked == ["7", "8", "8"], "nobody is asked after a job that ended"


def test_young_job_is_not_asked_after_and_others_once_in_a_while(world: World) -> None:
    world.job("7")
    world.clock.move(seconds=30)
    world.look()
    assert world.forge.asked == []
    for _ in range(6):
        world.clock.move(seconds=30)
        world.look()
    assert world.forge.asked == ["7"] * 3


def test_forge_that_answers_nobody_ends_nothing_is_told_and_asked_ever_more_rarely(world: World) -> None:
    world.job("7")
    world.job("8")
    world.forge.says = {"7": Unavailable("GitHub answers 503"), "8": Unavailable("GitHub answers 503")}
    world.clock.move(seconds=59)
    world.look()
    world.clock.move(seconds=1)
    with pytest.raises(
        Unavailable, match="1 questions whether a job has ended had no answer, their leases end by their time: GitHub answers 503"
    ):
        world.look()
    moments = [0]
    for minute in range(1, 120):
        world.clock.move(minutes=1)
        before = len(world.forge.asked)
        with suppress(Unavailable):
            world.look()
        moments += [minute] * (len(world.forge.asked) - before)
        if minute < 58:
            assert world.held() == ["7", "8"]
    assert world.held() == [], "by their own time"
    assert 8 < len(moments) < 40
    assert max(Counter(moments).values()) == 1, "after the first silence nobody else is asked about in this round"
    assert world.meter.seen["forge_questions_total", "github unanswered"] == len(moments)


def test_job_that_the_forge_does_not_show_keeps_nobody_from_being_asked_after(world: World) -> None:
    world.job("7")
    world.job("8")
    world.forge.says = {"7": Denied("GitHub knows no such job"), "8": True}
    world.clock.move(minutes=2)
    with pytest.raises(Unavailable, match="o/r: GitHub knows no such job"):
        world.look()
    assert world.held() == ["7"]


def test_questions_of_an_hour_are_bounded_for_all_replicas_together(world: World) -> None:
    for number in range(10):
        world.job(str(number))
    world.clock.move(minutes=2)
    with pytest.raises(Unavailable, match="too many requests of this forge"):
        world.look(questions=4)
    assert len(world.forge.asked) == 4
    world.clock.move(hours=1)
    with pytest.raises(Unavailable):
        world.look(questions=4)
    assert len(world.forge.asked) == 8


def test_jobs_of_another_issuer_are_not_asked_after_here(world: World) -> None:
    world.job("7")
    world.clock.move(minutes=2)
    other = trusted_issuer("https://other.example", "github")
    assert end_finished([Watched(other, world.forge, MINUTE, 100)], doors=world.doors) == 0
    assert world.forge.asked == []
