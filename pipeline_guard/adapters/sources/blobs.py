# SPDX-License-Identifier: Apache-2.0
"""Commits read as blobs, never as patches: renames, text conversions and diff drivers cannot hide anything."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import IO

from pipeline_guard.adapters.git import PARTIAL, GitRepository
from pipeline_guard.adapters.sources.large import BEGIN, content_of
from pipeline_guard.adapters.sources.parts import HEAD, divided, is_divisible
from pipeline_guard.adapters.sources.paths import is_excluded
from pipeline_guard.errors import NothingToDo
from pipeline_guard.model.entry import Entry
from pipeline_guard.model.finding import Origin
from pipeline_guard.model.selection import Selection
from pipeline_guard.model.verdict import Unchecked

DEEP = "fetch the whole history (fetch-depth: 0, or GIT_DEPTH: 0)"


class Blobs:
    """Blobs of the object database, streamed through one ``git cat-file``."""

    def __init__(self, selection: Selection, git: GitRepository) -> None:
        self._selection = selection
        self._git = git
        self._commits = 0
        self._heard: list[Origin] = []  # the commits that were listed, for a source that reads their messages
        self._listens = False
        self._is_broken = False  # git could not list or compare all of it

    def commits(self) -> int:
        """Return how many commits were looked at."""
        return self._commits

    def origins(self, blobs: Collection[str]) -> Mapping[str, Origin]:
        """Return nothing: blobs came with their origin, or have none."""
        del blobs
        return {}

    def _read(self, wanted: Iterable[tuple[str, str, str, Origin | None]]) -> Iterator[Entry | Unchecked]:
        """Give the blobs of (id, mode, path, origin), in that order."""
        given = list(wanted)
        listed = [item for item in given if not is_excluded(item[2], self._selection.exclude)]
        if given and not listed:
            raise NothingToDo("everything is excluded", "look at --exclude and scan.exclude")
        for _blob, mode, path, _origin in listed:
            if mode == "160000":
                yield Unchecked(path, "a submodule: scan its repository by itself")
        files = [item for item in listed if item[1] not in ("160000", "120000")]
        if files and self._git.is_partial():  # there git ends at the first object that it lacks
            here = self._git.objects()
            for blob, _mode, path, _origin in files:
                if blob not in here:
                    yield Unchecked(path, f"object {blob[:12]} is missing: {PARTIAL}")
            files = [item for item in files if item[0] in here]
        with tempfile.TemporaryFile() as names:
            names.write("".join(f"{blob}\n" for blob, *_ in files).encode("ascii"))
            names.seek(0)
            with self._git.start("cat-file", "--batch", "--buffer", stdin=names) as process:
                for blob, mode, path, origin in files:
                    yield from self._one(process.stdout, blob, Entry(path, b"", origin, mode, blob))

    def _one(self, stream: IO[bytes] | None, name: str, entry: Entry) -> Iterator[Entry | Unchecked]:
        words = stream.readline(65_536).split(b" ", 3) if stream else []
        if len(words) < 3 or stream is None:
            yield Unchecked(entry.path, f"blob {name[:12]} is missing: {DEEP}")
        elif words[1] in (b"commit", b"tag"):  # its message is the text; what stands before is git's
            entry = replace(entry, mode="", blob="")
            for found in taken(stream, int(words[2]), self._selection.max_bytes, entry):
                yield replace(found, data=found.data.partition(b"\n\n")[2]) if isinstance(found, Entry) else found
        else:
            limit, parts = self._selection.max_bytes, self._selection.parts
            for found in taken(stream, int(words[2]), limit, entry, parts=parts):
                if isinstance(found, Entry) and found.data.startswith(BEGIN):
                    yield from content_of(found, self._git, limit, parts=parts)
                else:
                    yield found

    def _changes(self, *commits: str) -> Iterator[tuple[str, str, str, Origin]]:
        """Give (blob, mode, path, origin) for all that commits brought in, parents first.

        A merge is compared with all of its parents: it brought in what differs from every one of them.
        """
        with tempfile.TemporaryFile() as names:
            names.write(self._git.run("rev-list", "--reverse", "--topo-order", *commits).stdout)
            names.seek(0)
            form = ("--format=%H%x09%aI%x09%an", "--always", "--encoding=UTF-8")
            with self._git.start(
                "diff-tree",
                "--stdin",
                "-r",
                "-c",
                "--root",
                "-z",
                "--raw",
                "--no-abbrev",
                "--no-renames",
                "--no-ext-diff",
                *form,
                stdin=names,
            ) as process:
                yield from self._parse(process.stdout)
            self._is_broken |= process.returncode != 0

    def _parse(self, stream: IO[bytes] | None) -> Iterator[tuple[str, str, str, Origin]]:
        origin, change = Origin(""), None
        for token in tokens(stream):
            if change is not None:
                yield change[0], change[1], token.decode("utf-8", "backslashreplace"), origin
                change = None
                continue
            for line in token.split(b"\n"):
                if line.startswith(b":"):
                    change = raw_change(line)
                elif line:
                    commit, _, rest = line.decode("utf-8", "replace").partition("\t")
                    date, _, author = rest.partition("\t")
                    origin = Origin(commit, author, date)
                    self._commits += 1
                    if self._listens:
                        self._heard.append(origin)


def raw_change(line: bytes) -> tuple[str, str]:
    """Read a raw diff line (``:`` once for each parent); return the resulting blob and mode, "" where it is gone."""
    parents = len(line) - len(line.lstrip(b":"))
    words = line[parents:].split(b" ")
    return words[2 * parents + 1].decode("ascii"), words[parents].decode("ascii")


def tokens(stream: IO[bytes] | None) -> Iterator[bytes]:
    """Split a stream at NUL bytes."""
    rest = b""
    while stream:
        block = stream.read(1 << 16)
        if not block:
            break
        *whole, rest = (rest + block).split(b"\0")
        yield from whole
    if rest:
        yield rest


def taken(stream: IO[bytes], size: int, limit: int, entry: Entry, *, parts: bool = False) -> Iterator[Entry | Unchecked]:
    """Give an object of ``size`` bytes, a large text in parts where they are asked for; the newline after it is read as well."""
    if size <= limit:
        content = stream.read(size + 1)[:size]
        broken = Unchecked(entry.path, f"object {entry.blob[:12]} is broken: run git fsck")
        yield replace(entry, data=content) if len(content) == size else broken
        return
    left = size

    def read(most: int) -> bytes:
        nonlocal left
        block = stream.read(min(most, left))
        left -= len(block)
        return block

    head = read(HEAD)
    if parts and is_divisible(size, limit, head):
        yield from divided(replace(entry, data=head), read)
        if left:
            yield Unchecked(entry.path, f"object {entry.blob[:12]} is broken: run git fsck")
    else:
        yield Unchecked(entry.path, f"larger than {limit} bytes")
    while read(1 << 20):
        continue
    stream.read(1)
