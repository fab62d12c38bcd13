# SPDX-License-Identifier: Apache-2.0
"""Questions to one forge, politely: after a failure it is left alone for a while, longer each time, or as long as it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pipeline_guard.adapters.engines.web import exchange
from pipeline_guard.errors import Denied, Unavailable
from pipeline_guard.ports import Clock

_FIRST, _LONGEST = timedelta(seconds=15), timedelta(minutes=15)


@dataclass(slots=True)
class Line:
    """One forge's API at ``url``, named ``who`` to people. For one thread."""

    clock: Clock
    url: str
    who: str
    extra: str
    _failures: int = 0
    _quiet: datetime | None = None

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: Mapping[str, Any] | None = None) -> Any:
        """Return the JSON object of an answer. Raises Denied where there is none (404), Unavailable for everything else."""
        now = self.clock.now()
        if self._quiet is not None and now < self._quiet:
            raise Unavailable(f"{self.who} is left alone until {self._quiet:%H:%M:%S} UTC, after {self._failures} failures")
        told: dict[str, str] = {}
        try:
            status, found = exchange(method, self.url.rstrip("/") + path, self.who, self.extra, headers=headers, body=body, told=told)
        except Unavailable:
            self._fail(now, told)
            raise
        if status == 404:
            raise Denied(f"{self.who} knows no such job, or does not show it")
        if status not in (200, 201) or not isinstance(found, dict):
            self._fail(now, told)
            raise Unavailable(f"{self.who} answers {status} to a question after a job", "may its credential read jobs?")
        self._failures, self._quiet = 0, None
        return found

    def _fail(self, now: datetime, told: Mapping[str, str]) -> None:
        """Leave it alone: as long as it says, at least as long as we would."""
        self._failures += 1
        pause = min(_FIRST * 2 ** min(self._failures - 1, 10), _LONGEST)
        wanted = _seconds(told.get("retry-after", ""))
        reset = _seconds(told.get("x-ratelimit-reset", told.get("ratelimit-reset", "")))
        if told.get("x-ratelimit-remaining", told.get("ratelimit-remaining")) == "0" and reset:
            wanted = max(wanted, reset - int(now.timestamp()))
        self._quiet = now + max(pause, min(timedelta(seconds=wanted), timedelta(hours=1)))


def _seconds(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 12 else 0
