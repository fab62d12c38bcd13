# SPDX-License-Identifier: Apache-2.0
"""A forge in memory, for rehearsals and tests: it takes what would be posted and tells nobody."""

from __future__ import annotations

from pipeline_guard.model.forge import Posted, Publication


class LocalForge:
    """Knows the heads it is given; where it knows none, a change is at the commit that was looked at."""

    def __init__(self, heads: dict[str, str] | None = None) -> None:
        self.heads = heads or {}
        self.posted: list[Publication] = []

    def head_of(self, change: str) -> str:
        """Return the head of a change, "" where it was not told."""
        return self.heads.get(change, "")

    def post(self, publication: Publication) -> list[Posted]:
        """Keep what was posted."""
        self.posted.append(publication)
        return [Posted("status", "left out", f"a rehearsal: it would be {'success' if publication.is_good else 'failure'}")]
