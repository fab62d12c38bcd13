# SPDX-License-Identifier: Apache-2.0
"""What brokers share, over dictionaries: the same contract as the tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from pipeline_guard.errors import IntegrityError, Replayed, Throttled
from pipeline_guard.model.session import Limit, Session, StoredApproval, Use, WatchedJob


class MemorySessions:
    """Used tokens, proofs, counts, grants and approvals of one process."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._proofs: dict[str, datetime] = {}
        self._counts: dict[tuple[str, int, int], int] = {}
        self._grants: dict[str, tuple[str, datetime]] = {}
        self._approvals: dict[tuple[str, str], StoredApproval] = {}
        self._asked: dict[str, tuple[datetime, int]] = {}

    def redeem(self, session: Session, use: Use, may_repeat: Callable[[Session], bool]) -> None:
        """Use an identity token up."""
        earlier = self._sessions.get(session.token)
        if earlier is not None and not may_repeat(earlier):
            raise Replayed("the identity token was used before", "ask the forge for a fresh one: each is good for one request")
        self.spend(use, session.kept)
        self._sessions[session.token] = replace(session, tries=earlier.tries + 1) if earlier else session

    def check_open(self, job: str) -> None:
        """Refuse a job whose sessions were all closed."""
        mine = [each.closed for each in self._sessions.values() if each.holder == job]
        if mine and all(mine):
            raise IntegrityError("the session does not verify", "the job has ended, or its leases were revoked")

    def spend(self, use: Use, kept: datetime) -> None:
        """Use a proof up."""
        if use.proof in self._proofs:
            raise Replayed("the proof of possession was used before", "make a fresh one for each request")
        self.count(use.limits, use.now)
        self._proofs[use.proof] = use.until
        if use.grant:
            self._grants[use.grant] = (use.job, kept)

    def count(self, limits: Sequence[Limit], now: datetime) -> None:
        """Count, unless a bucket is full."""
        buckets = []
        for limit in limits:
            seconds = int(limit.window.total_seconds())
            bucket = (limit.bucket, seconds, int(now.timestamp()) // seconds * seconds)
            if self._counts.get(bucket, 0) >= limit.most:
                kind = limit.bucket.partition(":")[0]
                raise Throttled(f"too many requests of this {kind}", f"at most {limit.most} in {limit.window}; wait, and try again")
            buckets.append(bucket)
        for bucket in buckets:
            self._counts[bucket] = self._counts.get(bucket, 0) + 1

    def session(self, secret: str) -> Session | None:
        """Return the session whose token has this digest."""
        return next((each for each in self._sessions.values() if each.secret == secret), None)

    def close(self, job: str) -> None:
        """Close every session of a job."""
        self._sessions |= {token: replace(each, closed=True) for token, each in self._sessions.items() if each.holder == job}

    def grants(self, job: str) -> Sequence[str]:
        """Return the names under which the leases of a job are held."""
        return sorted(holder for holder, (mine, _) in self._grants.items() if mine == job)

    def take_jobs(self, prefix: str, since: datetime, now: datetime, until: datetime, most: int) -> Sequence[WatchedJob]:
        """Take jobs that are due."""
        never = (datetime.min.replace(tzinfo=UTC), 0)
        mine = [each for each in self._sessions.values() if each.holder.startswith(prefix) and not each.closed and each.ends > now]
        due = [each for each in mine if each.issued <= since and self._asked.get(each.holder, never)[0] <= now]
        due.sort(key=lambda each: (self._asked.get(each.holder, never)[0], each.issued))
        jobs = {each.holder: WatchedJob(each.holder, each.name, each.claims, self._asked.get(each.holder, never)[1]) for each in due[:most]}
        self._asked |= {job: (until, each.tried) for job, each in jobs.items()}
        return list(jobs.values())

    def ask_again(self, job: str, again: datetime, tried: int) -> None:
        """Keep when a job is due again."""
        self._asked[job] = (again, tried)

    def keep_approval(self, approval: StoredApproval) -> None:
        """Keep an approval."""
        self._approvals[approval.topic, approval.approver] = approval

    def approvals(self, topic: str, now: datetime) -> Sequence[StoredApproval]:
        """Return those on a topic that are not over."""
        return [each for _, each in sorted(self._approvals.items(), key=lambda item: item[0]) if each.topic == topic and each.until > now]

    def prune(self, now: datetime) -> int:
        """Forget what is over; return how many."""
        sessions = {token: each for token, each in self._sessions.items() if each.kept >= now}
        proofs = {proof: until for proof, until in self._proofs.items() if until >= now}
        grants = {holder: each for holder, each in self._grants.items() if each[1] >= now}
        counts = {key: count for key, count in self._counts.items() if datetime.fromtimestamp(key[2] + key[1], UTC) >= now}
        approvals = {key: each for key, each in self._approvals.items() if each.until >= now}
        before = self._size()
        holders = {each.holder for each in sessions.values()}
        self._asked = {job: each for job, each in self._asked.items() if job in holders}
        self._sessions, self._proofs, self._grants, self._counts, self._approvals = sessions, proofs, grants, counts, approvals
        return before - self._size()

    def _size(self) -> int:
        return len(self._sessions) + len(self._proofs) + len(self._grants) + len(self._counts) + len(self._approvals)
