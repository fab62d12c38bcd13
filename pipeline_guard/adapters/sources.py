# SPDX-License-Identifier: Apache-2.0
"""Where texts come from: a work tree, the index, a range of commits, the whole history, standard input.

Commits are read as blobs, never as patches: renames, text conversions and diff drivers cannot hide anything.
What cannot be read becomes ``Unchecked``; a selection that names nothing at all is NothingToDo, never silence.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO

from pipeline_guard.adapters.git import GitRepository
from pipeline_guard.errors import NothingToDo, Unavailable, UsageError
from pipeline_guard.model.entry import Entry
from pipeline_guard.model.finding import Origin
from pipeline_guard.model.selection import Scope, Selection
from pipeline_guard.model.verdict import Unchecked
from pipeline_guard.ports import Source

_DEEP = "fetch the whole history (fetch-depth: 0, or GIT_DEPTH: 0)"


def open_source(selection: Selection, folder: str, environ: Mapping[str, str]) -> Source:
    """Return the source of a selection; ``folder`` is where the caller stands."""
    if selection.scope is Scope.STDIN:
        return StreamSource(selection, sys.stdin.buffer)
    git = GitRepository(folder, environ)
    if selection.scope is Scope.TREE:
        return TreeSource(selection, folder, git)
    git.root()  # outside a repository this says so
    if selection.scope is Scope.STAGED:
        return StagedSource(selection, git)
    return RangeSource(selection, git) if selection.scope is Scope.RANGE else HistorySource(selection, git)


def is_excluded(path: str, globs: Iterable[str]) -> bool:
    """Tell whether a glob names the path, its file name, or a folder above it."""
    for glob in globs:
        plain = glob.rstrip("/")
        if fnmatchcase(path, plain) or fnmatchcase(path, f"{plain}/*") or fnmatchcase(path.rpartition("/")[2], plain):
            return True
    return False


class _Plain:
    """What sources that are no commits have in common."""

    def origins(self, blobs: Collection[str]) -> Mapping[str, Origin]:
        """Return nothing: these texts belong to no commit yet."""
        del blobs
        return {}

    def commits(self) -> int:
        """Return 0."""
        return 0


class StreamSource(_Plain):
    """One text from standard input, called "stdin"."""

    def __init__(self, selection: Selection, stream: IO[bytes]) -> None:
        self._limit = selection.max_bytes
        self._stream = stream

    def entries(self) -> Iterator[Entry | Unchecked]:
        """Give the text; raise NothingToDo where there is none."""
        content = self._stream.read(self._limit + 1)
        if not content:
            raise NothingToDo("standard input is empty", "pipe the text to look at into the command")
        yield Unchecked("stdin", f"larger than {self._limit} bytes") if len(content) > self._limit else Entry("stdin", content)


class TreeSource(_Plain):
    """Files on disk: what git tracks or would add, or everything below the paths named."""

    def __init__(self, selection: Selection, folder: str, git: GitRepository) -> None:
        self._selection = selection
        self._folder = Path(folder)
        self._git = git

    def entries(self) -> Iterator[Entry | Unchecked]:
        """Give every file once, ordered by path; raise UsageError for a named path that is missing."""
        count = 0
        for shown, path in self._files():
            if is_excluded(shown, self._selection.exclude):
                continue
            found = read_file(shown, path, self._selection.max_bytes)
            if found is not None:
                count += isinstance(found, Unchecked) or found.mode != "120000"
                yield found
        if not count:
            raise NothingToDo("there is no file to look at", "name files or folders, and look at --exclude")

    def _files(self) -> Iterator[tuple[str, Path]]:
        try:
            root = Path(self._git.root())
        except (UsageError, Unavailable) as error:
            if "bare repository" in error.what:  # its own files are no texts
                raise
            root = None
        if not self._selection.paths:
            return self._tracked(root) if root else _walk(self._folder, self._folder)
        return self._named(root)

    def _tracked(self, root: Path) -> Iterator[tuple[str, Path]]:
        listed = self._git.run("ls-files", "-z", "--cached", "--others", "--exclude-standard").stdout
        for name in sorted({name for name in listed.split(b"\0") if name}):
            shown = os.fsdecode(name)
            yield shown.rstrip("/"), root / shown

    def _named(self, root: Path | None) -> Iterator[tuple[str, Path]]:
        seen: set[str] = set()
        for name in self._selection.paths:
            path = Path(os.path.normpath(self._folder / name))
            if not os.path.lexists(path):
                raise UsageError(f"no such file or folder: {name}", "check the path")
            if path.is_symlink():  # one that is named is meant
                path = Path(os.path.realpath(path))
            is_folder = path.is_dir()
            base = path if is_folder else path.parent
            if root is not None and path.is_relative_to(root):
                base = root
            elif not is_folder and path.is_relative_to(self._folder):
                base = self._folder
            for shown, file in _walk(path, base) if is_folder else [(path.relative_to(base).as_posix(), path)]:
                if str(file) not in seen:
                    seen.add(str(file))
                    yield shown, file


def _walk(top: Path, base: Path) -> Iterator[tuple[str, Path]]:
    """Give every file below ``top``, without following links and without git's own folder."""
    failed: list[OSError] = []
    for folder, folders, names in os.walk(top, onerror=failed.append):
        folders[:] = sorted(name for name in folders if name != ".git")
        for name in [*(name for name in folders if Path(folder, name).is_symlink()), *sorted(names)]:
            path = Path(folder, name)
            yield path.relative_to(base).as_posix(), path
        for error in failed:  # a folder that cannot be listed: reading it as a file tells why
            path = Path(os.fsdecode(error.filename))
            yield path.relative_to(base).as_posix(), path
        failed.clear()
    for error in failed:
        path = Path(os.fsdecode(error.filename))
        yield path.relative_to(base).as_posix(), path


def read_file(shown: str, path: Path, limit: int) -> Entry | Unchecked | None:
    """Read one file; a symbolic link gives where it points to (mode 120000); None for what has vanished."""
    try:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            return Entry(_printable(shown), os.fsencode(path.readlink()), mode="120000")
        if stat.S_ISDIR(status.st_mode):
            why = "a submodule or another repository: scan it by itself" if (path / ".git").exists() else "the folder cannot be listed"
            return Unchecked(_printable(shown), why if any(path.iterdir()) else "a submodule that is not checked out: scan it by itself")
        if not stat.S_ISREG(status.st_mode):
            return Unchecked(_printable(shown), "not a regular file")
        if status.st_size > limit:
            return Unchecked(_printable(shown), f"larger than {limit} bytes")
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            content = stream.read(limit + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        return Unchecked(_printable(shown), f"cannot be read: {(error.strerror or 'unknown reason').lower()}")
    if len(content) > limit:
        return Unchecked(_printable(shown), f"larger than {limit} bytes")
    mode = "100755" if status.st_mode & 0o100 else "100644"
    return Entry(_printable(shown), content, mode=mode)


def _printable(path: str) -> str:
    """Return a path that can be written as UTF-8: bytes that are none are shown escaped."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


class _Blobs:
    """Blobs of the object database, streamed through one ``git cat-file``."""

    def __init__(self, selection: Selection, git: GitRepository) -> None:
        self._selection = selection
        self._git = git
        self._commits = 0

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
        with tempfile.TemporaryFile() as names:
            names.write("".join(f"{blob}\n" for blob, *_ in files).encode("ascii"))
            names.seek(0)
            with self._git.start("cat-file", "--batch", "--buffer", stdin=names) as process:
                for blob, mode, path, origin in files:
                    yield self._one(process.stdout, blob, mode, path, origin)

    def _one(self, stream: IO[bytes] | None, blob: str, mode: str, path: str, origin: Origin | None) -> Entry | Unchecked:
        words = stream.readline(65_536).split(b" ", 3) if stream else []
        if len(words) < 3:
            return Unchecked(path, f"blob {blob[:12]} is missing: {_DEEP}")
        size = int(words[2])
        content = take(stream, size, self._selection.max_bytes) if stream else None
        if content is None:
            return Unchecked(path, f"larger than {self._selection.max_bytes} bytes")
        return Entry(path, content, origin, mode, blob)

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

    def _parse(self, stream: IO[bytes] | None) -> Iterator[tuple[str, str, str, Origin]]:
        origin, change = Origin(""), None
        for token in tokens(stream):
            if change is not None:
                yield change[0], change[1], token.decode("utf-8", "backslashreplace"), origin
                change = None
                continue
            for line in token.split(b"\n"):
                if line.startswith(b":"):
                    change = _change(line)
                elif line:
                    commit, _, rest = line.decode("utf-8", "replace").partition("\t")
                    date, _, author = rest.partition("\t")
                    origin = Origin(commit, author, date)
                    self._commits += 1


def _change(line: bytes) -> tuple[str, str]:
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


def take(stream: IO[bytes], size: int, limit: int) -> bytes | None:
    """Read an object of ``size`` bytes and the newline after it; None, the bytes skipped, where it is over ``limit``."""
    if size <= limit:
        return stream.read(size + 1)[:size]
    left = size + 1
    while left:
        block = stream.read(min(left, 1 << 20))
        if not block:
            break
        left -= len(block)
    return None


class StagedSource(_Blobs):
    """What the next commit would bring in: blobs of the index, not files of the work tree."""

    def entries(self) -> Iterator[Entry | Unchecked]:
        """Give every staged blob; raise NothingToDo where nothing is staged."""
        head = self._git.run("rev-parse", "--verify", "--quiet", "HEAD", check=False).returncode == 0
        against = "HEAD" if head else self._git.run("hash-object", "-t", "tree", "--stdin", content=b"").stdout.decode("ascii").strip()
        raw = self._git.run("diff-index", "--cached", "--raw", "-z", "-r", "--no-abbrev", "--no-renames", "--no-ext-diff", against).stdout
        words = raw.split(b"\0")
        found = [(*_change(line), os.fsdecode(path)) for line, path in zip(words[::2], words[1::2], strict=False)]
        if not found:
            raise NothingToDo("nothing is staged", "git add what the next commit shall hold, or scan without --staged")
        yield from self._read((blob, mode, _printable(path), None) for blob, mode, path in found if blob.strip("0"))


class RangeSource(_Blobs):
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
            raise NothingToDo(f"the range {revisions[:100]} is cut off: this clone is shallow", _DEEP)
        return end, f"^{start}"

    def _shallow(self) -> set[str]:
        """Return the commits whose parents this clone lacks."""
        path = self._git.run("rev-parse", "--git-path", "shallow").stdout.decode("utf-8", "surrogateescape").removesuffix("\n")
        try:
            return set((Path(self._git.root()) / path).read_text("ascii").split())
        except (OSError, UnicodeDecodeError):
            return set()


class HistorySource(_Blobs):
    """Every blob that any ref reaches, once, in the order git finds them; commits are looked up for findings only."""

    def entries(self) -> Iterator[Entry | Unchecked]:
        """Give every blob; raise NothingToDo for a repository without commits."""
        counted = self._git.run("rev-list", "--count", "--all", check=False).stdout.strip()
        self._commits = int(counted or b"0")
        if not self._commits:
            raise NothingToDo("the repository has no commits", "scan the work tree: leave --history out")
        if self._git.run("rev-parse", "--is-shallow-repository").stdout.strip() == b"true":
            yield Unchecked("history", f"this clone is shallow, older commits are missing: {_DEEP}")
        listing = self._git.start("rev-list", "--objects", "--filter=object:type=blob", "--filter-provided-objects", "--all")
        with (
            listing,
            self._git.start("cat-file", "--batch=%(objectname) %(objectsize) %(rest)", "--buffer", stdin=listing.stdout) as process,
        ):
            while process.stdout and (line := process.stdout.readline(65_536)):
                words = line.rstrip(b"\n").split(b" ", 2)
                if len(words) < 3 or not words[1].isdigit():
                    yield Unchecked(words[0].decode("ascii", "replace"), f"this object is missing: {_DEEP}")
                    continue
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
