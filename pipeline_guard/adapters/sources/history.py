# SPDX-License-Identifier: Apache-2.0
"""Every blob that any ref reaches, and on request those that none does."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from pipeline_guard.adapters.sources.blobs import DEEP, Blobs, take
from pipeline_guard.adapters.sources.paths import is_excluded
from pipeline_guard.errors import NothingToDo
from pipeline_guard.model.entry import Entry
from pipeline_guard.model.finding import Origin
from pipeline_guard.model.verdict import Unchecked


class HistorySource(Blobs):
    """Every blob that any ref reaches, once, in the order git finds them; commits are looked up for findings only."""

    def entries(self) -> Iterator[Entry | Unchecked]:
        """Give every blob; raise NothingToDo for a repository without commits."""
        counted = self._git.run("rev-list", "--count", "--all", check=False).stdout.strip()
        self._commits = int(counted or b"0")
        if not self._commits:
            raise NothingToDo("the repository has no commits", "scan the work tree: leave --history out")
        if self._git.run("rev-parse", "--is-shallow-repository").stdout.strip() == b"true":
            yield Unchecked("history", f"this clone is shallow, older commits are missing: {DEEP}")
        reached: set[bytes] = set()
        listing = self._git.start("rev-list", "--objects", "--filter=object:type=blob", "--filter-provided-objects", "--all")
        with (
            listing,
            self._git.start("cat-file", "--batch=%(objectname) %(objectsize) %(rest)", "--buffer", stdin=listing.stdout) as process,
        ):
            while process.stdout and (line := process.stdout.readline(65_536)):
                words = line.rstrip(b"\n").split(b" ", 2)
                if len(words) < 3 or not words[1].isdigit():
                    yield Unchecked(words[0].decode("ascii", "replace"), f"this object is missing: {DEEP}")
                    continue
                if self._selection.dangling:
                    reached.add(bytes.fromhex(words[0].decode("ascii")))
                path = words[2].decode("utf-8", "backslashreplace")
                content = take(process.stdout, int(words[1]), self._selection.max_bytes)
                if is_excluded(path, self._selection.exclude):
                    continue
                if content is None:
                    yield Unchecked(path, f"larger than {self._selection.max_bytes} bytes")
                else:
                    yield Entry(path, content, blob=words[0].decode("ascii"))
        if listing.returncode or process.returncode:
            yield Unchecked("history", "git ended with an error: run git fsck")
        if self._selection.dangling:
            yield from self._dangling(reached)

    def _dangling(self, reached: set[bytes]) -> Iterator[Entry | Unchecked]:
        """Give the blobs that no ref reaches: what was amended, reset or dropped, until git collects it. They have no path."""
        every = self._git.start("cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)", "--unordered")
        lost = []
        with every:
            for line in every.stdout or ():
                kind, _, name = line.strip().partition(b" ")
                if kind == b"blob" and bytes.fromhex(name.decode("ascii")) not in reached:
                    lost.append(name.decode("ascii"))
        if every.returncode:
            yield Unchecked("dangling objects", "git ended with an error: run git fsck")
        yield from self._read([(blob, "100644", f"dangling blob {blob[:12]}", None) for blob in sorted(lost)])

    def origins(self, blobs: Collection[str]) -> Mapping[str, Origin]:
        """Find for each blob the commit that first brought it in: one pass over all commits."""
        found: dict[str, Origin] = {}
        if not blobs:
            return found
        counted = self._commits
        for blob, _mode, _path, origin in self._changes("--all"):
            if blob in blobs:
                found.setdefault(blob, origin)
        self._commits = counted
        return found
