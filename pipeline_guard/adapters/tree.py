# SPDX-License-Identifier: Apache-2.0
"""Folders of artifacts, walked without following anything and hashed where they lie in flat memory."""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import Protocol, Self

from pipeline_guard.adapters.hashing import PIECE, Hash, digest_of, maker, processors, spread
from pipeline_guard.errors import IntegrityError, UsageError
from pipeline_guard.model.tree_entry import Piece, TreeEntry
from pipeline_guard.ports import Progress

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# O_NONBLOCK: opening a FIFO that has taken a file's place must not hang
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LINK_HINT = "replace links by the files they point to; only files and folders are taken"


_STILL = "let whatever writes there finish, then try again"
_NAME = attrgetter("name")
_TINY = 16 * 1024  # bytes: opening such a file costs more than hashing it, and a second thread only disturbs
_SHARE = 4 * 1024 * 1024  # bytes that make one task
_ALONE = 4 * 1024 * 1024  # bytes in all below which no thread is worth its start


class Memory(Protocol):
    """Digests of files that nobody has written to since."""

    def known(self, root: str, algorithm: str) -> Mapping[Piece, str]:
        """Return what is remembered of a folder; pieces carry their stamps."""
        ...

    def keep(self, root: str, algorithm: str, digests: Mapping[Piece, str]) -> None:
        """Remember these, in place of what was known of the folder before."""
        ...


class LocalTree:
    """Folders of this machine; ``root`` is the caller's path and may itself lead through links, nothing below it may."""

    def __init__(self, progress: Callable[[], Progress] | None = None, memory: Memory | None = None) -> None:
        self._progress = progress
        self._memory = memory

    def names(self, root: str) -> Sequence[str]:
        """Return every path below ``root``, sorted by code point, folders with a final ``/``.

        Raises IntegrityError for links, special files and names that are not UTF-8, UsageError for an unreadable folder.
        """
        return sorted(name + "/" if is_folder else name for name, is_folder, _ in _walked(root or "."))

    def entries(self, root: str) -> Sequence[TreeEntry]:
        """Return every file and folder below ``root``, sorted by name, as they are now; raise as ``names`` does."""
        found = []
        for name, is_folder, entry in _walked(root or "."):
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError as error:
                raise _refuse(entry.path, error) from None
            found.append(TreeEntry(name, is_folder, status.st_mode & 0o7777, status.st_nlink, _stamp(status)))
        found.sort(key=_NAME)
        return found

    def digest(self, root: str, name: str, algorithm: str) -> str:
        """Return the hexadecimal digest of one file.

        Raises IntegrityError if it is a link or no regular file, or changes while it is read; UsageError if it cannot be read.
        """
        return self.digests(root, [Piece(name)], algorithm)[0]

    def digests(
        self, root: str, pieces: Sequence[Piece], algorithm: str, *, remembered: bool = False, listed: Sequence[TreeEntry] | None = None
    ) -> Sequence[str]:
        """Return the digests of many pieces, in their order, made on every processor; raise as ``digest`` does.

        ``remembered`` takes over what is known of files that are as they were. ``listed``: raise where the folder is no longer so when
        all was read; where nothing was read, the list itself was the only look at it, and a second could only come later.
        """
        begin = maker(algorithm)
        memory = self._memory if remembered else None
        if memory is None:
            made = _Job(root or ".", begin, pieces).run(self._progress)
            _check_still(root or ".", listed)
            return made
        known = memory.known(root, algorithm)
        recalled = [known.get(piece, "") for piece in pieces]  # one look each: of tiny files, looking up is most of the work
        if all(recalled):
            return recalled
        found = {piece: digest for piece, digest in zip(pieces, recalled, strict=True) if digest}  # what is gone is forgotten
        missing = [piece for piece in dict.fromkeys(pieces) if piece not in found]
        found |= zip(missing, _Job(root or ".", begin, missing).run(self._progress), strict=True)
        _check_still(root or ".", listed)
        memory.keep(root, algorithm, {piece: digest for piece, digest in found.items() if piece.stamp})
        return [found[piece] for piece in pieces]

    def mode(self, root: str, name: str) -> int:
        """Return the permission bits of one entry. Raises UsageError where it cannot be looked at."""
        with _parent(root, name.rstrip("/")) as (folder, last):
            try:
                return stat.S_IMODE(os.stat(last, dir_fd=folder, follow_symlinks=False).st_mode)
            except OSError as error:
                raise _refuse(str(Path(root, name)), error) from None


class _Job:
    """Digests in the making: which bytes of which files, on several threads, and how many bytes are done."""

    def __init__(self, root: str, begin: Callable[..., Hash], pieces: Sequence[Piece]) -> None:
        self._root = root
        self._begin = begin
        self._pieces = pieces
        self._found = [""] * len(pieces)
        self._own = threading.local()
        self._done = 0

    def run(self, progress: Callable[[], Progress] | None) -> Sequence[str]:
        """Hash every piece, the largest first; return the digests in the order of the pieces."""
        lengths = [self._length(piece) for piece in self._pieces]
        total = sum(lengths)
        if total < _ALONE:
            self._hash(range(len(lengths)))
            return self._found
        tasks = _tasks(lengths)
        display = progress() if progress else None
        try:
            for _ in spread(self._hash, tasks, min(processors(), len(tasks))):
                if display:
                    display.step("hashing MB", self._done // 1_000_000, total // 1_000_000)
        finally:
            if display:
                display.close()
        return self._found

    def _length(self, piece: Piece) -> int:
        """Return how much there is to hash, as far as it can be told: it only decides who does it."""
        if piece.end >= 0:
            return piece.end - piece.start
        if piece.stamp:
            return piece.stamp[2]
        try:
            return os.lstat(f"{self._root}/{piece.name}").st_size
        except (OSError, ValueError):
            return 0

    def _hash(self, places: Sequence[int]) -> None:
        buffer = getattr(self._own, "buffer", None)
        if buffer is None:
            buffer = self._own.buffer = bytearray(PIECE)
        with _Folders(self._root) as folders:
            for place in places:
                self._found[place] = self._one(self._pieces[place], folders, buffer)

    def _one(self, piece: Piece, folders: _Folders, buffer: bytearray) -> str:
        name, before, start, end = piece
        descriptor = folders.open(name)
        try:
            if before is None:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    raise IntegrityError(f"{Path(self._root, name)}: not a regular file", "only regular files can be signed")
                before = _stamp(status)
            whole = end < 0
            end = before[2] if whole else end
            value, length = digest_of(descriptor, self._begin, buffer, start, end, self._told, whole=whole)
            after = _stamp(os.fstat(descriptor))
        except OSError as error:
            raise _refuse(str(Path(self._root, name)), error) from None
        finally:
            os.close(descriptor)
        if after != before or length != end - start:
            raise IntegrityError(f"{Path(self._root, name)}: changed while it was read", _STILL)
        return value

    def _told(self, count: int) -> None:
        self._done += count  # threads may lose some of it: it is for the eye


class _Folders:
    """Opens files below a root, the folder of the last one at hand: files of one folder follow each other."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._path: str | None = None
        self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def open(self, name: str) -> int:
        """Open one file, through no link."""
        path, _, last = name.rpartition("/")
        if path != self._path or not last or last in (".", ".."):
            with _parent(self._root, name) as (folder, last):
                descriptor = os.dup(folder)
            if self._descriptor >= 0:
                os.close(self._descriptor)
            self._path, self._descriptor = path, descriptor
        try:
            return os.open(last, _FILE, dir_fd=self._descriptor)
        except (OSError, ValueError) as error:
            raise _refuse(str(Path(self._root, name)), error) from None


def _tasks(lengths: Sequence[int]) -> Sequence[Sequence[int]]:
    """Cut the work, by the places of pieces: large ones each for themselves and first, tiny ones all together, the others in shares."""
    large = sorted((place for place, length in enumerate(lengths) if length >= _SHARE), key=lengths.__getitem__, reverse=True)
    tasks, share, size = [[place] for place in large], list[int](), 0
    for place, length in enumerate(lengths):
        if _TINY <= length < _SHARE:
            share.append(place)
            size += length
            if size >= _SHARE:
                tasks.append(share)
                share, size = [], 0
    tiny = [place for place, length in enumerate(lengths) if length < _TINY]
    return [*tasks, *(task for task in (share, tiny) if task)]


def open_below(root: str, name: str) -> int:
    """Open ``name`` below ``root`` for reading, through no link; raise IntegrityError or UsageError."""
    with _parent(root, name) as (folder, last):
        try:
            return os.open(last, _FILE, dir_fd=folder)
        except OSError as error:
            raise _refuse(str(Path(root, name)), error) from None


def _walked(root: str) -> Iterator[tuple[str, bool, os.DirEntry[str]]]:
    """Give the relative path, whether it is a folder, and the entry of everything below a folder; nothing but files and folders."""
    pending = [""]
    while pending:
        prefix = pending.pop()
        place = f"{root}/{prefix}" if prefix else root
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    name = entry.name
                    if not name.isascii():
                        _check_text(entry)
                    if entry.is_file(follow_symlinks=False):
                        yield prefix + name, False, entry
                    elif entry.is_dir(follow_symlinks=False):
                        pending.append(f"{prefix}{name}/")
                        yield prefix + name, True, entry
                    elif entry.is_symlink():
                        raise IntegrityError(f"{entry.path}: a symbolic link", _LINK_HINT)
                    else:
                        raise IntegrityError(f"{entry.path}: neither a file nor a folder", "remove the socket, device or pipe")
        except (OSError, ValueError) as error:
            raise _refuse(place, error) from None


def _check_still(root: str, listed: Sequence[TreeEntry] | None) -> None:
    """Raise IntegrityError naming what is no longer as it was listed; the time of a status change tells of modes and links, too."""
    if listed is None:
        return
    stamps = {entry.name: entry.stamp for entry in listed}
    count = 0
    for name, _, entry in _walked(root):
        count += 1
        try:
            changed = _stamp(entry.stat(follow_symlinks=False)) != stamps.get(name)
        except OSError:
            changed = True
        if changed:
            raise IntegrityError(f"{root}/{name}: changed while it was read", _STILL)
    if count != len(stamps):
        raise IntegrityError(f"{root}: changed while it was read", _STILL)


def _check_text(entry: os.DirEntry[str]) -> None:
    try:
        entry.name.encode("utf-8")
    except UnicodeEncodeError:
        shown = os.fsencode(entry.path).decode("utf-8", "backslashreplace")
        raise IntegrityError(f"{shown}: the name is not UTF-8", "rename it; other machines could not name it either") from None


@contextmanager
def _parent(root: str, name: str) -> Iterator[tuple[int, str]]:
    """Open the folder of ``name`` step by step, so that no link that appears meanwhile can lead out of ``root``."""
    *steps, last = name.split("/")
    if any(part in ("", ".", "..") for part in (*steps, last)):
        raise IntegrityError(f"{name!r}: not a plain relative path", "do not use this list of files")
    folder = -1
    try:
        folder = os.open(root or ".", _FOLDER)
        for step in steps:
            inner = os.open(step, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        yield folder, last
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise _refuse(str(Path(root, name)), error) from None
    finally:
        if folder >= 0:
            os.close(folder)


def _stamp(status: os.stat_result) -> tuple[int, int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _refuse(shown: str, error: OSError | ValueError) -> UsageError | IntegrityError:
    shown = os.fsencode(shown).decode("utf-8", "backslashreplace")
    if isinstance(error, OSError) and error.errno == errno.ELOOP:  # O_NOFOLLOW met a link
        return IntegrityError(f"{shown}: a symbolic link", _LINK_HINT)
    reason = (error.strerror or "not possible").lower() if isinstance(error, OSError) else "not a possible path"
    return UsageError(f"cannot read {shown}: {reason}", "check the path and its permissions")
