# SPDX-License-Identifier: Apache-2.0
"""What brokers share, in memory, in a file and on a server alike: tokens and proofs count once, counts are bounded, all or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline_guard.errors import GuardError, IntegrityError, Replayed, Throttled
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.lease import Lease
from pipeline_guard.model.session import Limit, Session, StoredApproval, Use

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SESSION = Session("t" * 64, "s" * 64, "key", "r" * 64, "job", "o/r", {"iss": "https://i", "a": "b"}, NOW, NOW + HOUR, NOW + 2 * HOUR)


def use(proof: str = "p", grant: str = "job#1", limits: tuple[Limit, ...] = ()) -> Use:
    return Use(proof * 8, NOW + timedelta(minutes=2), NOW, limits, "job", grant)


def lease(identifier: str, holder: str = "job#1") -> Lease:
    return Lease(identifier, "db", 1, holder, NOW, NOW + timedelta(minutes=5))


def event(thing: str = "db") -> AuditEvent:
    return AuditEvent(NOW, "job:x", "secret.lease", thing, "granted")


def never(_earlier: Session) -> bool:
    return False


def test_token_counts_once_and_nothing_else_of_the_second_use_is_written(reopen: Callable[[], Any]) -> None:
    reopen().redeem(SESSION, use(), [lease("1")], [event()], never)
    store = reopen()
    with pytest.raises(Replayed):
        store.redeem(replace(SESSION, secret="x" * 64), use("q", "job#2"), [lease("2", "job#2")], [event("other")], never)
    assert [each.id for each in store.open_leases(NOW)] == ["1"]
    assert len(list(store.records())) == 1
    assert store.session("s" * 64) == SESSION
    assert store.session("x" * 64) is None
    assert list(store.grants("job")) == ["job#1"]


def test_repeated_use_replaces_the_session(store: Any) -> None:
    store.redeem(SESSION, use(), [lease("1")], [event()], never)
    again = replace(SESSION, secret="x" * 64)
    store.redeem(again, use("q", "job#2"), [lease("2", "job#2")], [event()], lambda earlier: earlier.key == "key")
    assert store.session("s" * 64) is None
    assert store.session("x" * 64) == replace(again, tries=2)
    assert list(store.grants("job")) == ["job#1", "job#2"]


def test_one_of_many_at_once_wins(reopen: Callable[[], Any]) -> None:
    stores = [reopen(), reopen()]

    def attempt(number: int) -> str:
        mine = replace(SESSION, secret=f"{number:064}")
        try:
            stores[number % 2].redeem(mine, use(f"{number:08}", f"job#{number}"), [lease(str(number))], [event()], never)
        except Replayed:
            return "replayed"
        return "won"

    with ThreadPoolExecutor(16) as pool:
        assert Counter(pool.map(attempt, range(32))) == {"won": 1, "replayed": 31}
    assert len(stores[0].open_leases(NOW)) == 1


def test_proof_counts_once(store: Any) -> None:
    store.use(use(), [lease("1")], [event()])
    with pytest.raises(Replayed):
        store.use(use(grant="job#2"), [lease("2")], [event()])
    assert [each.id for each in store.open_leases(NOW)] == ["1"]
    with pytest.raises(Replayed):
        store.redeem(SESSION, use(grant="job#3"), [lease("3")], [event()], never)
    assert store.session("s" * 64) is None


def test_full_bucket_lets_nothing_through_until_its_window_is_over(store: Any) -> None:
    limits = (Limit("job:a", 2, timedelta(minutes=1)), Limit("issuer:b", 9, timedelta(minutes=1)))
    store.count(limits, [event()], NOW)
    store.use(use(limits=limits), [lease("1")], [event()])
    with pytest.raises(Throttled, match="this job"):
        store.use(use("q", "job#2", limits), [lease("2")], [event()])
    with pytest.raises(Throttled):
        store.count(limits, [event("unwritten")], NOW)
    assert len(list(store.records())) == 2
    store.count(limits, [event()], NOW + timedelta(minutes=1))
    store.count((Limit("job:c", 2, timedelta(minutes=1)),), [], NOW)


def test_lease_lives_longer_never_shorter_and_only_its_holders(store: Any) -> None:
    store.issue([lease("1"), lease("2", "job#2")], [])
    later = store.extend("job#1", NOW + HOUR, NOW, lambda found: event(found.id))
    assert [(each.id, each.expires) for each in later] == [("1", NOW + HOUR)]
    assert [each.expires for each in store.extend("job#1", NOW, NOW, lambda found: event(found.id))] == [NOW + HOUR]
    assert {each.id: each.expires for each in store.open_leases(NOW)} == {"1": NOW + HOUR, "2": NOW + timedelta(minutes=5)}
    assert list(store.extend("job#1", NOW + 9 * HOUR, NOW + 2 * HOUR, lambda found: event(found.id))) == []


def test_closed_session_is_known_as_closed(store: Any) -> None:
    store.redeem(SESSION, use(), [], [], never)
    store.close("other")
    assert not store.session("s" * 64).closed
    store.close("job")
    assert store.session("s" * 64).closed


def test_job_whose_session_was_closed_a_moment_ago_gets_no_lease(store: Any) -> None:
    """The session was looked at before; nobody would end what it gets now."""
    store.redeem(SESSION, use(), [], [], never)
    store.use(use("q", "job#2"), [lease("1", "job#2")], [event()])
    store.close("job")
    with pytest.raises(IntegrityError, match="session does not verify"):
        store.use(use("r", "job#3"), [lease("2", "job#3")], [event()])
    assert [each.id for each in store.open_leases(NOW)] == ["1"]
    assert "job#3" not in store.grants("job")
    again = replace(SESSION, token="u" * 64, secret="v" * 64)
    store.redeem(again, use("s", "job#4"), [lease("3", "job#4")], [event()], never)
    store.use(use("r", "job#5"), [lease("4", "job#5")], [event()])


def test_what_is_over_is_forgotten_and_nothing_else(store: Any) -> None:
    store.redeem(SESSION, use(limits=(Limit("job:a", 2, timedelta(minutes=1)),)), [], [], never)
    store.keep_approval(StoredApproval("topic", "alice", b"{}", NOW + HOUR))
    assert store.prune(NOW) == 0
    assert store.prune(NOW + timedelta(minutes=10)) == 2  # proof and count
    assert store.session("s" * 64) is not None
    assert store.prune(NOW + 3 * HOUR) == 3  # session, grant, approval
    store.redeem(SESSION, use(), [], [], never)


def test_approval_of_a_person_replaces_the_one_before(store: Any) -> None:
    first, second = StoredApproval("t", "alice", b"1", NOW + HOUR), StoredApproval("t", "alice", b"2", NOW + HOUR)
    other = StoredApproval("t", "bob", b"3", NOW + timedelta(minutes=1))
    for each in (first, second, other, replace(other, topic="u")):
        store.keep_approval(each)
    assert list(store.approvals("t", NOW)) == [second, other]
    assert list(store.approvals("t", NOW + timedelta(minutes=2))) == [second]


def test_errors_are_ours(store: Any) -> None:
    store.use(use(), [], [])
    with pytest.raises(GuardError):
        store.use(use(), [], [])


def test_job_is_taken_once_until_its_time_by_whoever_looks_first(reopen: Callable[[], Any]) -> None:
    reopen().redeem(replace(SESSION, holder="github:1:7"), use(), [], [], never)
    reopen().redeem(replace(SESSION, token="u" * 64, secret="v" * 64, holder="github:1:7"), use("q", "job#2"), [], [], never)
    reopen().redeem(replace(SESSION, token="w" * 64, secret="x" * 64, holder="gitlab:1:7"), use("r", "job#3"), [], [], never)
    later = NOW + timedelta(minutes=1)
    (job,) = reopen().take_jobs("github:1:", NOW, NOW, later, 50)
    assert (job.job, job.name, job.claims, job.tried) == ("github:1:7", "o/r", {"iss": "https://i", "a": "b"}, 0), "two sessions, one job"
    assert list(reopen().take_jobs("github:1:", NOW, NOW, later, 50)) == []
    assert [each.job for each in reopen().take_jobs("gitlab:1:", NOW, NOW, later, 50)] == ["gitlab:1:7"]
    reopen().ask_again("github:1:7", NOW + 2 * timedelta(minutes=1), 3)
    assert list(reopen().take_jobs("github:1:", later, later, later, 50)) == []
    assert [each.tried for each in reopen().take_jobs("github:1:", later, NOW + timedelta(minutes=2), NOW + HOUR, 50)] == [3]


def test_job_that_is_young_over_or_closed_is_not_asked_after(store: Any) -> None:
    store.redeem(replace(SESSION, holder="a%b_c"), use(), [], [], never)
    until = NOW + timedelta(minutes=1)
    assert list(store.take_jobs("a%b", NOW - timedelta(seconds=1), NOW, until, 50)) == [], "it has just begun"
    assert list(store.take_jobs("a%b", NOW + 2 * HOUR, NOW + HOUR, until, 50)) == [], "its time is over"
    assert list(store.take_jobs("a_b", NOW, NOW, until, 50)) == [], "a name is a name, not a pattern"
    assert list(store.take_jobs("a%b_c", NOW, NOW, until, 0)) == []
    store.close("a%b_c")
    assert list(store.take_jobs("a%b_c", NOW, NOW, until, 50)) == []


def test_many_who_look_at_once_share_the_jobs(reopen: Callable[[], Any]) -> None:
    stores = [reopen(), reopen()]
    for number in range(24):
        each = replace(SESSION, token=f"{number:064}", secret=f"{number:064}", holder=f"github:1:{number}")
        stores[0].redeem(each, use(f"{number:08}", f"job#{number}"), [], [], never)
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda turn: list(stores[turn % 2].take_jobs("github:1:", NOW, NOW, NOW + HOUR, 5)), range(8))
        names = [job.job for jobs in found for job in jobs]
    assert len(names) == len(set(names)) == 24
