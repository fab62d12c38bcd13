# SPDX-License-Identifier: Apache-2.0
"""Files on disk: what git tracks or would add, or everything below the paths named."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from pipeline_guard.adapters.git import GitRepository
from pipeline_guard.adapters.sources.paths import is_excluded, printable
from pipeline_guard.adapters.sources.stream import Plain
from pipeline_guard.errors import NothingToDo, Unavailable, UsageError
from pipeline_guard.model.entry import Entry
from pipeline_guard.model.selection import Selection
from pipeline_guard.model.verdict import Unchecked


class TreeSource(Plain):
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
            return self._tracked(root) if root else walk(self._folder, self._folder)
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
            for shown, file in walk(path, base) if is_folder else [(path.relative_to(base).as_posix(), path)]:
                if str(file) not in seen:
                    seen.add(str(file))
                    yield shown, file


def walk(top: Path, base: Path) -> Iterator[tuple[str, Path]]:
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
            return Entry(printable(shown), os.fsencode(path.readlink()), mode="120000")
        if stat.S_ISDIR(status.st_mode):
            why = "a submodule or another repository: scan it by itself" if (path / ".git").exists() else "the folder cannot be listed"
            return Unchecked(printable(shown), why if any(path.iterdir()) else "a submodule that is not checked out: scan it by itself")
        if not stat.S_ISREG(status.st_mode):
            return Unchecked(printable(shown), "not a regular file")
        if status.st_size > limit:
            return Unchecked(printable(shown), f"larger than {limit} bytes")
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            content = stream.read(limit + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        return Unchecked(printable(shown), f"cannot be read: {(error.strerror or 'unknown reason').lower()}")
    if len(content) > limit:
        return Unchecked(printable(shown), f"larger than {limit} bytes")
    mode = "100755" if status.st_mode & 0o100 else "100644"
    return Entry(printable(shown), content, mode=mode)
