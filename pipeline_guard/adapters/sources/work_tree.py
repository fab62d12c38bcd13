# SPDX-License-Identifier: Apache-2.0
"""Files on disk: what git tracks or would add, or everything below the paths named."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from pipeline_guard.adapters.git import GitRepository
from pipeline_guard.adapters.sources.parts import HEAD, divided, is_divisible
from pipeline_guard.adapters.sources.paths import is_excluded, printable
from pipeline_guard.adapters.sources.stream import Plain
from pipeline_guard.errors import NothingToDo, Unavailable, UsageError
from pipeline_guard.model.entry import Entry
from pipeline_guard.model.selection import Selection
from pipeline_guard.model.verdict import Unchecked

MANY = 400  # files from which on it is worth to read them in several processes
PORTION = 100


@dataclass(frozen=True, slots=True)
class FilePortion:
    """Some files, as (path shown, path)."""

    files: tuple[tuple[str, str], ...]
    limit: int
    total: int
    parts: bool = False
    size: int = 0  # the source has told it

    def names(self) -> tuple[str, ...]:
        """Return the paths as shown."""
        return tuple(printable(shown) for shown, _ in self.files)

    def read(self) -> Iterator[Entry | Unchecked]:
        """Give every file that is still there."""
        for shown, path in self.files:
            yield from read_file(shown, path, self.limit, parts=self.parts)


class TreeSource(Plain):
    """Files on disk: what git tracks or would add, or everything below the paths named."""

    def __init__(self, selection: Selection, folder: str, git: GitRepository) -> None:
        self._selection = selection
        self._folder = Path(folder)
        self._git = git

    def entries(self) -> Iterator[Entry | Unchecked]:
        """Give every file once, ordered by path; raise UsageError for a named path that is missing."""
        for item in self.portions():
            if isinstance(item, FilePortion):
                yield from item.read()
            else:
                yield item

    def portions(self) -> Iterator[Entry | Unchecked | FilePortion]:
        """Give the same, as portions where there are many files."""
        files = self._listed
        if len(files) > MANY:
            for first in range(0, len(files), PORTION):
                yield self._portion(files[first : first + PORTION], len(files))
            return
        count = 0
        for found in self._portion(files, len(files)).read():
            count += isinstance(found, Unchecked) or found.mode != "120000"
            yield found
        if not count:
            raise NothingToDo("there is no file to look at", "name files or folders, and look at --exclude")

    def _portion(self, files: list[tuple[str, str]], total: int) -> FilePortion:
        return FilePortion(tuple(files), self._selection.max_bytes, total, self._selection.parts)

    def size(self) -> int:
        """Return about how many bytes there are to read, from some of the files; raise UsageError for a named path that is missing."""
        step = len(self._listed) // MANY or 1
        return step * sum(size for _, path in self._listed[::step] if (size := _size(path)) <= self._selection.max_bytes)

    @cached_property
    def _listed(self) -> list[tuple[str, str]]:
        return [(shown, path) for shown, path in self._files() if not is_excluded(shown, self._selection.exclude)]

    def _files(self) -> Iterator[tuple[str, str]]:
        try:
            top = self._git.top()
        except UsageError:  # a bare repository: what is named in it is files all the same
            if not self._selection.paths:
                raise
            top = ""
        root = Path(top) if top else None
        if self._selection.paths:
            return self._named(root)
        try:
            return self._tracked(Path(self._git.root()))
        except (UsageError, Unavailable):  # no git, none here, or one that refuses this user: then it is all files
            return walk(str(root or self._folder), str(root or self._folder))

    def _tracked(self, root: Path) -> Iterator[tuple[str, str]]:
        listed = self._git.run("ls-files", "-z", "--cached", "--others", "--exclude-standard").stdout
        for name in sorted({name for name in listed.split(b"\0") if name}):
            shown = os.fsdecode(name)
            yield shown.rstrip("/"), f"{root}/{shown}"

    def _named(self, root: Path | None) -> Iterator[tuple[str, str]]:
        seen: set[str] = set()
        for name in self._selection.paths:
            path = Path(os.path.normpath(self._folder / name))
            if not os.path.lexists(path):
                raise UsageError(f"no such file or folder: {name}", "check the path")
            if path.is_symlink():  # one that is named is meant
                path = Path(os.path.realpath(path))
                if not os.path.lexists(path):
                    raise UsageError(f"{name} is a link that leads nowhere", "check where it points to")
            if root is not None and not path.is_relative_to(root) and Path(os.path.realpath(path)).is_relative_to(root):
                path = Path(os.path.realpath(path))  # the way there leads over a link
            is_folder = path.is_dir()
            base = path if is_folder else path.parent
            if root is not None and path.is_relative_to(root):
                base = root
            elif not is_folder and path.is_relative_to(self._folder):
                base = self._folder
            for shown, file in walk(str(path), str(base)) if is_folder else [(path.relative_to(base).as_posix(), str(path))]:
                if file not in seen:
                    seen.add(file)
                    yield shown, file


def _size(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0


def walk(top: str, base: str) -> Iterator[tuple[str, str]]:
    """Give every file below ``top``, without following links and without git's own folder."""
    shown = os.path.relpath(top, base)
    pending = [(top, "" if shown == "." else f"{shown}/")]
    while pending:
        folder, prefix = pending.pop()
        try:
            with os.scandir(folder) as entries:
                listed = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
        except OSError:  # a folder that cannot be listed: reading it as a file tells why
            yield prefix.rstrip("/"), folder
            continue
        inner = folder.rstrip("/")
        for name, is_folder in listed:
            if not is_folder:
                yield prefix + name, f"{inner}/{name}"
        pending += [(f"{inner}/{name}", f"{prefix}{name}/") for name, is_folder in reversed(listed) if is_folder and name != ".git"]


def read_file(shown: str, path: str | Path, limit: int, *, parts: bool = False) -> Iterator[Entry | Unchecked]:
    """Give one file, a large text in parts where they are asked for; of a symbolic link where it points to (mode 120000).

    Nothing is given of what has vanished.
    """
    name = printable(shown)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    except OSError as error:
        found = _unopened(name, path, error)
        if found is not None:
            yield found
        return
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            yield _special(name, path, status.st_mode)
            return
        entry = Entry(name, b"", mode="100755" if status.st_mode & 0o100 else "100644")
        if status.st_size <= limit:
            yield _whole(entry, descriptor, status.st_size, limit)
            return
        head = os.read(descriptor, HEAD) if parts else b""
        if parts and is_divisible(status.st_size, limit, head):
            yield from divided(replace(entry, data=head), lambda size: os.read(descriptor, size))
        else:
            yield _too_large(name, limit)
    except OSError as error:
        yield Unchecked(name, f"cannot be read: {(error.strerror or 'unknown reason').lower()}")
    finally:
        os.close(descriptor)


def _whole(entry: Entry, descriptor: int, size: int, limit: int) -> Entry | Unchecked:
    content = os.read(descriptor, size + 1)
    if len(content) != size:  # it changes meanwhile, is larger than one read gives, or has no size, as in /proc
        content = _rest(descriptor, content, limit)
    return _too_large(entry.path, limit) if len(content) > limit else replace(entry, data=content)


def _too_large(name: str, limit: int) -> Unchecked:
    return Unchecked(name, f"larger than {limit} bytes")


def _rest(descriptor: int, content: bytes, limit: int) -> bytes:
    parts = [content]
    size = len(content)
    while size <= limit and (part := os.read(descriptor, min(limit + 1 - size, 1 << 24))):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _unopened(name: str, path: str | Path, error: OSError) -> Entry | Unchecked | None:
    """Tell a link, which is not opened, from what cannot be opened."""
    try:
        mode = os.lstat(path).st_mode
        if stat.S_ISLNK(mode):
            return Entry(name, os.fsencode(Path(path).readlink()), mode="120000")
        if stat.S_ISDIR(mode) or not stat.S_ISREG(mode):
            return _special(name, path, mode)
    except FileNotFoundError:
        return None
    except OSError as other:
        error = other
    return Unchecked(name, f"cannot be read: {(error.strerror or 'unknown reason').lower()}")


def _special(name: str, path: str | Path, mode: int) -> Unchecked:
    """Say why a folder or device is no text; raise OSError for a folder that cannot be listed."""
    if not stat.S_ISDIR(mode):
        return Unchecked(name, "not a regular file")
    try:
        if not any(Path(path).iterdir()):
            return Unchecked(name, "a submodule that is not checked out: scan it by itself")
    except OSError as error:
        return Unchecked(name, f"cannot be read: {(error.strerror or 'unknown reason').lower()}")
    is_repository = os.path.lexists(f"{path}/.git")
    return Unchecked(name, "a submodule or another repository: scan it by itself" if is_repository else "the folder cannot be listed")
