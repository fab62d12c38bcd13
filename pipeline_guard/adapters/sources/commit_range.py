# SPDX-License-Identifier: Apache-2.0
"""What the commits of a range brought in; a range that cannot be trusted is refused, never empty in silence."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline_guard.adapters.git import PARTIAL, GitRepository
from pipeline_guard.adapters.sources.blobs import DEEP, Blobs
from pipeline_guard.adapters.sources.paths import is_excluded
from pipeline_guard.errors import NothingToDo, UnknownRevision, UsageError
from pipeline_guard.model.entry import Entry
from pipeline_guard.model.selection import CommitRange
from pipeline_guard.model.verdict import Unchecked

MESSAGE = "commit message"  # what the message of a commit is called; which commit, its origin tells
TAG_MESSAGE = "tag message"


class RangeSource(Blobs):
    """What the commits of BASE..HEAD brought in, one after the other, sides of merges included."""

    def entries(self) -> Iterator[Entry | Unchecked]:
        """Give each blob once, with the commit that brought it in, then the commits' messages.

        Raises NothingToDo for a range that cannot be trusted.
        """
        span = self._selection.resolved or GitRevisions(self._git).resolve(self._selection.revisions)
        self._listens = True
        seen: set[str] = set()
        wanted = []
        excluded = False
        ends = (*span.pushed, "--not", "--all") if span.pushed else (span.head, f"^{span.base}")
        for blob, mode, path, origin in self._changes(*ends):
            if is_excluded(path, self._selection.exclude):
                excluded = True
            elif blob.strip("0") and blob not in seen:
                seen.add(blob)
                wanted.append((blob, mode, path, origin))
        if self._is_broken:
            remedy = PARTIAL if self._git.is_partial() else "run git fsck"
            yield Unchecked("range", f"git could not compare all of its commits: {remedy}")
        if excluded and not wanted:
            raise NothingToDo("everything in the range is excluded", "look at --exclude and scan.exclude")
        # a message is a text of the range, too: it is pushed with it, and no later commit takes it back
        messages = [(one.commit, "100644", MESSAGE, one) for one in self._heard]
        tags = [(name, "100644", TAG_MESSAGE, None) for name in span.pushed if self._git.kind(name) == "tag"]
        yield from self._read([*wanted, *messages, *tags])


class GitRevisions:
    """The door to commits: both ends of a range resolved, and every way in which a range could lie refused."""

    def __init__(self, git: GitRepository) -> None:
        self._git = git

    def resolve(self, revisions: str) -> CommitRange:
        """Check BASE..HEAD; raise UsageError for an unknown end, NothingToDo for a range that is empty or cut off.

        The commits of a range are those that HEAD has and BASE has not, wherever the two parted: BASE need not be an ancestor.
        """
        self._git.place()  # outside a repository this says so
        base, dots, head = revisions.replace("...", "..").partition("..")
        head = head or "HEAD"
        if not dots or not base:
            raise UsageError(f"not a range: {revisions[:100]!r}", "write BASE..HEAD, for example origin/main..HEAD")
        if not base.strip("0"):
            raise NothingToDo(
                "the base of the range is all zeros: a new branch has none", "name the merge target, for example origin/main..HEAD"
            )
        if not head.strip("0"):
            raise NothingToDo("the head of the range is all zeros: the branch was deleted", "there is nothing left to scan in it")
        start, end = self._git.commit(base), self._git.commit(head)
        listed = self._git.run("rev-list", end, f"^{start}").stdout.decode("ascii").split()
        if not listed:
            raise NothingToDo(
                f"the range {revisions[:100]} holds no commit", f"is {head[:60]} already part of {base[:60]}? check which is checked out"
            )
        cut = set(listed) & self._shallow()
        if cut:
            raise NothingToDo(f"the range {revisions[:100]} is cut off: this clone is shallow", DEEP)
        self._git.merge_base(start, end)  # raises where the histories have nothing in common
        return CommitRange(start, end, len(listed))

    def pushed(self, tips: Sequence[str]) -> CommitRange:
        """Check what a push brings, before any ref has it; raise UsageError for an unknown id, NothingToDo where it brings nothing."""
        self._git.place()
        given = tuple(dict.fromkeys(tip for tip in tips if tip.strip("0")))
        if not given:
            raise NothingToDo("the push only deletes", "there is nothing to look at")
        for tip in given:
            if not tip.isalnum() or self._git.kind(tip) not in ("commit", "tag"):
                raise UnknownRevision(
                    f"the push brings {tip[:64]!r}, which is no commit and no tag here", "refuse it, or look at it by hand"
                )
        listed = self._git.run("rev-list", *given, "--not", "--all").stdout.decode("ascii").split()
        if not (listed or any(self._git.kind(tip) == "tag" for tip in given)):
            raise NothingToDo("the push brings no commit that is not here already", "the hook may let it pass")
        if set(listed) & self._shallow():
            raise NothingToDo("the push is cut off: it comes from a shallow clone", DEEP)
        return CommitRange("", given[0], len(listed), given)

    def stand_in(self) -> str:
        """Return the commit of HEAD in a repository without a work tree in sight; "" elsewhere, and where HEAD names nothing yet."""
        try:
            self._git.root()
        except UsageError as error:
            try:
                self._git.place()
            except UsageError:
                raise error from None
            done = self._git.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}", check=False)
            return done.stdout.decode("ascii").strip()
        return ""

    def files(self, revision: str, path: str) -> Sequence[tuple[str, bytes]]:
        """Return (path, content) of a file, or of every file right in a folder, as of a revision."""
        commit = self._git.commit(revision)
        name = os.path.normpath(path)
        self._git.place()
        if not self._git.may_hold(commit, name):
            return []
        listed = self._git.run("ls-tree", "-z", "--full-tree", commit, "--", name, f"{name}/").stdout
        found = []
        for entry in listed.split(b"\0"):
            mode, _, rest = entry.partition(b" ")
            blob, _, shown = rest.removeprefix(b"blob ").partition(b"\t")
            if mode.startswith(b"100"):
                found.append((os.fsdecode(shown), self._git.run("cat-file", "blob", blob.decode("ascii")).stdout))
        return found

    def _shallow(self) -> set[str]:
        """Return the commits whose parents this clone lacks."""
        path = self._git.run("rev-parse", "--git-path", "shallow").stdout.decode("utf-8", "surrogateescape").removesuffix("\n")
        try:
            return set((Path(self._git.place()) / path).read_text("ascii").split())
        except (OSError, UnicodeDecodeError):
            return set()
