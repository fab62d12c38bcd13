# SPDX-License-Identifier: Apache-2.0
"""What the commits of a range brought in; a range that cannot be trusted is refused, never empty in silence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline_guard.adapters.sources.blobs import DEEP, Blobs
from pipeline_guard.adapters.sources.paths import is_excluded
from pipeline_guard.errors import NothingToDo, UsageError
from pipeline_guard.model.entry import Entry
from pipeline_guard.model.verdict import Unchecked


class RangeSource(Blobs):
    """What the commits of BASE..HEAD brought in, one after the other, sides of merges included."""

    def entries(self) -> Iterator[Entry | Unchecked]:
        """Give each blob once, with the commit that brought it in; raise NothingToDo for a range that cannot be trusted."""
        commits = self._commits_of(self._selection.revisions)
        seen: set[str] = set()
        wanted = []
        excluded = False
        for blob, mode, path, origin in self._changes(*commits):
            if is_excluded(path, self._selection.exclude):
                excluded = True
            elif blob.strip("0") and blob not in seen:
                seen.add(blob)
                wanted.append((blob, mode, path, origin))
        if excluded and not wanted:
            raise NothingToDo("everything in the range is excluded", "look at --exclude and scan.exclude")
        yield from self._read(wanted)

    def _commits_of(self, revisions: str) -> tuple[str, str]:
        """Check a range and return it as arguments for rev-list."""
        base, dots, head = revisions.replace("...", "..").partition("..")
        head = head or "HEAD"
        if not dots or not base:
            raise UsageError(f"not a range: {revisions[:100]!r}", "write BASE..HEAD, for example origin/main..HEAD")
        if not base.strip("0"):
            raise NothingToDo(
                "the base of the range is all zeros: a new branch has none", "name the merge target, for example origin/main..HEAD"
            )
        start, end = self._git.commit(base), self._git.commit(head)
        common = self._git.merge_base(start, end)
        if common == end:
            raise NothingToDo(
                f"the range {revisions[:100]} holds no commit", f"is {head[:60]} already part of {base[:60]}? check which is checked out"
            )
        cut = set(self._git.run("rev-list", end, f"^{start}").stdout.decode("ascii").split()) & self._shallow()
        if cut:
            raise NothingToDo(f"the range {revisions[:100]} is cut off: this clone is shallow", DEEP)
        return end, f"^{start}"

    def _shallow(self) -> set[str]:
        """Return the commits whose parents this clone lacks."""
        path = self._git.run("rev-parse", "--git-path", "shallow").stdout.decode("utf-8", "surrogateescape").removesuffix("\n")
        try:
            return set((Path(self._git.root()) / path).read_text("ascii").split())
        except (OSError, UnicodeDecodeError):
            return set()
