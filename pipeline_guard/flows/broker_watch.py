# SPDX-License-Identifier: Apache-2.0
"""Jobs that ended without a word: their forge is asked, and what they held ends before its time.

A question without an answer ends nothing: then the leases' own time does. Replicas share the questions and their rate by the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from pipeline_guard.errors import Denied, Throttled, Unavailable
from pipeline_guard.flows.broker import end_job
from pipeline_guard.flows.broker_terms import BrokerDoors
from pipeline_guard.identity.issuers import Issuer
from pipeline_guard.identity.job import holder_prefix
from pipeline_guard.lease.retry import next_try
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.session import Limit, WatchedJob
from pipeline_guard.ports import JobWatch

MOST = 50  # jobs of one issuer in one round
ROUND = timedelta(seconds=10)  # a round takes no longer, so that other rounds have their turn
_ACTOR = "broker"


@dataclass(frozen=True, slots=True)
class Watched:
    """An issuer whose forge is asked: by what, how often after one job, and how many questions an hour all replicas may ask together."""

    issuer: Issuer
    watch: JobWatch
    every: timedelta
    questions: int


def end_finished(watched: Sequence[Watched], *, doors: BrokerDoors) -> int:
    """Ask after open jobs that are due, and end those that their forge calls ended; return how many.

    Raises Unavailable, at the end, where a question had no answer.
    """
    ended, untold = 0, []
    for each in watched:
        now = doors.clock.now()
        prefix = holder_prefix(each.issuer.url, each.issuer.table)
        for job in doors.book.take_jobs(prefix, now - each.every, now, now + each.every, MOST):
            if doors.clock.now() - now > ROUND:
                break  # the others are due again in a while
            try:
                ended += _asked(job, each, doors)
            except Denied as denied:
                untold.append(f"{job.name[:100]}: {denied.what}")
            except Unavailable as away:  # of this forge nobody is asked any more in this round
                untold.append(away.what)
                break
    if untold:
        raise Unavailable(f"{len(untold)} questions whether a job has ended had no answer, their leases end by their time: {untold[0]}")
    return ended


def _asked(job: WatchedJob, watched: Watched, doors: BrokerDoors) -> bool:
    """Ask after one job; end it, or say when it is due again."""
    now, forge = doors.clock.now(), watched.issuer.table.forge
    try:
        doors.book.count((Limit(f"forge:{watched.issuer.url}", watched.questions, timedelta(hours=1)),), (), now)
        over = watched.watch.has_ended(job.claims)
    except Throttled:
        raise
    except (Denied, Unavailable):
        doors.meter.add("forge_questions_total", f"{forge} unanswered")
        doors.book.ask_again(job.job, max(next_try(job.tried + 1, now), now + watched.every), job.tried + 1)
        raise
    doors.meter.add("forge_questions_total", f"{forge} {'ended' if over else 'running'}")
    if not over:
        doors.book.ask_again(job.job, now + watched.every, 0)
        return False
    why = f"{forge} says that the job of {job.name[:200]} has ended"
    doors.book.count((), [AuditEvent(now, _ACTOR, "job.end", job.job[:128], "done", why)], now)
    end_job(job.job, _ACTOR, doors=doors)
    return True
