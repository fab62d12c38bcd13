# SPDX-License-Identifier: Apache-2.0
"""What happens, counted since this process began, as Prometheus reads it (text exposition format 0.0.4)."""

from __future__ import annotations

import threading
from collections.abc import Sequence

_HELP = {
    "requests_total": ("counter", "Requests by path and status."),
    "requests_refused_total": ("counter", "Requests that policy or identity refused, by what was wanted."),
    "leases_issued_total": ("counter", "Leases issued, by the way they travel."),
    "leases_revoked_total": ("counter", "Leases ended before their time."),
    "engine_undone_total": ("counter", "What engines made and the regular sweep undid."),
    "engine_undo_failed_total": ("counter", "Revocations that failed and are tried again. Alert on any."),
    "forge_questions_total": ("counter", "Questions to forges whether a job has ended, by forge and answer."),
    "canary_touched_total": ("counter", "Canary secrets that somebody asked for. Alert on any."),
    "signatures_total": ("counter", "Remote signatures, by type."),
    "background_failures_total": ("counter", "Background tasks that failed, by task."),
}
_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds
_MOST_LABELS = 1000


class Metrics:
    """Counters and one histogram; labels are bounded, so that nobody can fill memory with names."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str], int] = {("canary_touched_total", ""): 0}
        self._buckets = [0] * (len(_BOUNDS) + 1)
        self._seconds = 0.0

    def add(self, name: str, label: str = "") -> None:
        """Count one more."""
        with self._lock:
            key = (name, label if len(self._counts) < _MOST_LABELS or (name, label) in self._counts else "other")
            self._counts[key] = self._counts.get(key, 0) + 1

    def took(self, seconds: float) -> None:
        """Note how long a request took."""
        with self._lock:
            self._seconds += seconds
            place = next((number for number, bound in enumerate(_BOUNDS) if seconds <= bound), len(_BOUNDS))
            self._buckets[place] += 1

    def render(self, gauges: Sequence[tuple[str, str, float]]) -> str:
        """Return everything, with further ``gauges`` as (name, help, value)."""
        with self._lock:
            counts, buckets, seconds = dict(self._counts), list(self._buckets), self._seconds
        lines = []
        for name, (kind, text) in _HELP.items():
            lines += [f"# HELP pipeline_guard_{name} {text}", f"# TYPE pipeline_guard_{name} {kind}"]
            lines += [
                f'pipeline_guard_{name}{{of="{_escape(label)}"}} {count}' for (of, label), count in sorted(counts.items()) if of == name
            ]
        for name, text, value in gauges:
            lines += [f"# HELP pipeline_guard_{name} {text}", f"# TYPE pipeline_guard_{name} gauge", f"pipeline_guard_{name} {value:g}"]
        lines += ["# HELP pipeline_guard_request_seconds How long requests took.", "# TYPE pipeline_guard_request_seconds histogram"]
        total = 0
        for bound, count in zip((*map(str, _BOUNDS), "+Inf"), buckets, strict=True):
            total += count
            lines.append(f'pipeline_guard_request_seconds_bucket{{le="{bound}"}} {total}')
        lines += [f"pipeline_guard_request_seconds_sum {seconds:.6f}", f"pipeline_guard_request_seconds_count {total}"]
        return "\n".join(lines) + "\n"


def _escape(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
