# SPDX-License-Identifier: Apache-2.0
"""Which forge is asked in which way; only what is asked for is imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from pipeline_guard.adapters.clock import SystemClock
from pipeline_guard.adapters.watch.line import Line
from pipeline_guard.model.dynamic import EngineKey
from pipeline_guard.model.secret import Secret
from pipeline_guard.ports import Clock, JobWatch

_KEPT = timedelta(minutes=10)


def open_watch(
    kind: str, url: str, *, app: str, key: str, token: str, secret: Callable[[str], Secret], find: Callable[[str], EngineKey]
) -> JobWatch:
    """Return what asks a forge of a kind at ``url``; ``secret`` resolves references to credentials, ``find`` finds keys of the token."""
    clock = SystemClock()
    credential = _Kept(clock, partial(secret, token))
    if kind == "gitlab":
        from pipeline_guard.adapters.watch.gitlab import GitlabJobs

        return GitlabJobs(Line(clock, url, "GitLab", "gitlab"), credential.get)
    from pipeline_guard.adapters.watch.github import GithubJobs

    line = Line(clock, url, "GitHub", "github")
    if token:
        return GithubJobs(clock, line, token=credential.get)
    return GithubJobs(clock, line, app=app, key=partial(find, key))


@dataclass(slots=True)
class _Kept:
    """A credential, looked at anew every ten minutes: each look at a stored one is a record in the log."""

    clock: Clock
    look: Callable[[], Secret]
    _kept: Secret | None = None
    _until: datetime | None = None

    def get(self) -> Secret:
        """Return it."""
        now = self.clock.now()
        if self._kept is None or self._until is None or now >= self._until:
            self._kept, self._until = self.look(), now + _KEPT
        return self._kept
