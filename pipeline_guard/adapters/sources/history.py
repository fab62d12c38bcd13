# SPDX-License-Identifier: Apache-2.0
"""Everything that any ref reaches: every blob once, and the messages of commits and tags."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone

from pipeline_guard.adapters.git import PARTIAL, GitRepository
from pipeline_guard.adapters.sources.blobs import DEEP, Blobs, taken
from pipeline_guard.adapters.sources.large import BEGIN, content_of
from pipeline_guard.adapters.sources.paths import is_excluded
from pipeline_guard.errors import NothingToDo
from pipeline_guard.model.entry import Entry
from pipeline_guard.model.finding import Origin
from pipeline_guard.model.verdict import Unchecked

# A portion ends where it has so many objects, or so many bytes: git starts anew for each, with empty caches
_OBJECTS = 4_000
_BYTES = 48 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ObjectPortion:
    """Some objects as (id, path), in the order of their packs: what git unpacks for one it needs for the next."""

    objects: tuple[tuple[str, str], ...]
    git: GitRepository
    limit: int
    total: int
    size: int
    parts: bool = False

    def names(self) -> tuple[str, ...]:
        """Return the paths."""
        return tuple(path for _, path in self.objects)

    def read(self) -> Iterator[Entry | Unchecked]:
        """Give every object."""
        with tempfile.TemporaryFile() as names:
            names.write("".join(f"{name}\n" for name, _ in self.objects).encode("ascii"))
            names.seek(0)
            with self.git.start("cat-file", "--batch", "--buffer", stdin=names) as process:
                stream = process.stdout
                for name, path in self.objects:
                    words = stream.readline(65_536).split(b" ") if stream else []
                    if len(words) < 3 or stream is None:
                        yield Unchecked(path, f"object {name[:12]} is missing or broken: {DEEP}, or run git fsck")
                        continue
                    is_file = words[1] == b"blob"
                    for found in taken(stream, int(words[2]), self.limit, Entry(path, b"", blob=name), parts=self.parts and is_file):
                        if isinstance(found, Unchecked):
                            yield found
                        elif is_file and found.data.startswith(BEGIN):
                            yield from content_of(found, self.git, self.limit, parts=self.parts)
                        else:
                            yield found if is_file else _message(name, path, found.data)


class HistorySource(Blobs):
    """Every blob that any ref reaches, once, in the order of the packs; commits are looked up for findings only."""

    def entries(self) -> Iterator[Entry | Unchecked]:
        """Give every text; raise NothingToDo for a repository without commits."""
        for item in self.portions():
            if isinstance(item, Unchecked):
                yield item
            else:
                yield from item.read()

    def portions(self) -> Iterator[Unchecked | ObjectPortion]:
        """Give every text as part of a portion; raise NothingToDo for a repository without commits."""
        if self._git.run("rev-parse", "--is-shallow-repository").stdout.strip() == b"true":
            yield Unchecked("history", f"this clone is shallow, older commits are missing: {DEEP}")
        reached = self._reached()
        if not self._commits:
            raise NothingToDo("the repository has no commits", "scan the work tree: leave --history out")
        total = len(reached)
        chosen: list[tuple[str, str]] = []
        size = 0
        left_out: set[str] = set()
        form = "--batch-check=%(objectname) %(objecttype) %(objectsize)"
        with self._git.start("cat-file", "--batch-all-objects", "--unordered", "--buffer", form) as process:
            for line in process.stdout or ():
                name, kind, length = [*line.decode("ascii", "replace").split(), "", ""][:3]
                if not length:  # "missing": its file is there, and broken; what refs reach of it is told at the end
                    self._is_broken = True
                    continue
                path = reached.pop(bytes.fromhex(name), None)
                if path is None and self._selection.dangling and kind in ("blob", "commit", "tag"):
                    path = f"dangling {kind} {name[:12]}".encode()
                if path is None or kind == "tree":
                    continue
                shown = path.decode("utf-8", "backslashreplace")
                if is_excluded(shown, self._selection.exclude):
                    if kind == "blob":
                        left_out.add(name)
                    continue
                chosen.append((name, shown))
                size += int(length)
                if len(chosen) >= _OBJECTS or size >= _BYTES:
                    yield self._portion(chosen, total, size)
                    chosen, size = [], 0
        if process.returncode or self._is_broken:
            yield Unchecked("history", "git ended with an error: run git fsck")
        chosen += self._elsewhere(left_out)
        if chosen:
            yield self._portion(chosen, total, size)
        why = (
            f"this object is missing: {PARTIAL}" if self._git.is_partial() else f"this object is missing or broken: {DEEP}, or run git fsck"
        )
        for object_id, path in reached.items():
            yield Unchecked(path.decode("utf-8", "backslashreplace") or f"object {object_id.hex()[:12]}", why)

    def _elsewhere(self, left_out: set[str]) -> Iterator[tuple[str, str]]:
        """Give those of some blobs, the first path of which is excluded, that stood under a path that is not."""
        if not left_out:
            return
        counted = self._commits
        for blob, _mode, path, _origin in self._changes("--all"):
            if blob in left_out and not is_excluded(path, self._selection.exclude):
                left_out.discard(blob)
                yield blob, path
        self._commits = counted

    def _portion(self, chosen: list[tuple[str, str]], total: int, size: int) -> ObjectPortion:
        whole = size * total // len(chosen)
        return ObjectPortion(tuple(chosen), self._git, self._selection.max_bytes, total, whole, self._selection.parts)

    def _reached(self) -> dict[bytes, bytes]:
        """Return what refs reach, by id: the first path of a blob, and what a message is called. Trees are left out."""
        found: dict[bytes, bytes] = {}
        with self._git.start("rev-list", "--all") as commits:
            for line in commits.stdout or ():
                found[bytes.fromhex(line.decode("ascii"))] = b"commit message"
        self._commits = len(found)
        tags = self._git.run("for-each-ref", "--format=%(objecttype) %(objectname) %(refname:short)", "refs/tags").stdout
        for line in tags.splitlines():
            kind, name, tag = line.split(b" ", 2)
            if kind == b"tag":
                found[bytes.fromhex(name.decode("ascii"))] = b"tag message " + tag
        # NOTE: with a filter git says nothing of folders that a partial clone lacks, and so of all that is in them
        wanted = ("--missing=print",) if self._git.is_partial() else ("--filter=object:type=blob", "--filter-provided-objects")
        with self._git.start("rev-list", "--objects", *wanted, "--all") as blobs:
            for line in blobs.stdout or ():
                blob, _, path = line.rstrip(b"\n").partition(b" ")
                found.setdefault(bytes.fromhex(blob.decode("ascii").lstrip("?")), path)
        self._is_broken = bool(commits.returncode or blobs.returncode)
        return found

    def origins(self, blobs: Collection[str]) -> Mapping[str, Origin]:
        """Find for each blob the commit that first brought it in, and under which path, in that order: one pass over all commits."""
        found: dict[str, Origin] = {}
        if not blobs:
            return found
        counted = self._commits
        for blob, _mode, path, origin in self._changes("--all"):
            if blob in blobs and blob not in found and not is_excluded(path, self._selection.exclude):
                found[blob] = replace(origin, path=path)
        self._commits = counted
        return found


def _message(name: str, path: str, content: bytes) -> Entry:
    """Return the message of a commit or tag as a text that is no file (mode ""), with who wrote it and when."""
    head, _, message = content.partition(b"\n\n")
    for line in head.split(b"\n"):
        if line.startswith((b"author ", b"tagger ")):
            who, _, when = line.partition(b" ")[2].rpartition(b"> ")
            author = who.partition(b" <")[0].decode("utf-8", "replace")
            return Entry(path, message, Origin(name, author, _date(when)), mode="")
    return Entry(path, message, Origin(name), mode="")


def _date(when: bytes) -> str:
    """Turn git's seconds and zone into ISO 8601; "" for what is no date."""
    seconds, _, zone = when.decode("ascii", "replace").partition(" ")
    try:
        minutes = int(zone[:1] + "1") * (int(zone[1:3]) * 60 + int(zone[3:5]))
        return datetime.fromtimestamp(int(seconds), UTC).astimezone(timezone(timedelta(minutes=minutes))).isoformat()
    except (ValueError, OverflowError, OSError):
        return ""
