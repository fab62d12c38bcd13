# SPDX-License-Identifier: Apache-2.0
"""Results in the making: ``.NAME.partial`` beside the target, mode 0600 or 0700, locked, renamed when durable.

Resuming never trusts what lies there: every byte is produced again and compared, and only writing is saved. So a partial
file that was changed, or whose blocks a power failure lost, cannot end in the result.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline_guard.errors import UsageError

_NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW


class _Output:
    """One open file, written from its start; what is there already is kept as long as it is the same."""

    def __init__(self, descriptor: int, shown: str, *, resume: bool) -> None:
        self._descriptor = descriptor
        self._shown = shown
        self._offset = 0
        self._old = os.fstat(descriptor).st_size
        # NOTE: only where there is something: ext4 writes a file out at its close once it was truncated to nothing (auto_da_alloc)
        if self._old and not resume:
            os.ftruncate(descriptor, 0)
            self._old = 0

    def write(self, data: memoryview) -> None:
        """Append; a full disk is the user's to mend."""
        with _refusing("write", self._shown):
            if self._offset + len(data) <= self._old and self._same(data):
                self._offset += len(data)
                return
            done = 0
            while done < len(data):
                done += os.pwrite(self._descriptor, data[done:], self._offset + done)
            self._offset += len(data)

    def _same(self, data: memoryview) -> bool:
        return os.pread(self._descriptor, len(data), self._offset) == data

    def end(self) -> None:
        """Cut what an earlier attempt left behind the end."""
        with _refusing("write", self._shown):
            if self._old > self._offset:
                os.ftruncate(self._descriptor, self._offset)


class FileDraft:
    """One file in the making."""

    def __init__(self, path: str, *, force: bool, resume: bool) -> None:
        self._target, self._partial = _places(path)
        self._force = force
        _check_target(self._target, force=force)
        with _refusing("write", path):
            self._descriptor = _locked(self._partial, _NEW_FILE)
            if os.fstat(self._descriptor).st_nlink > 1:  # somebody was killed between naming a result and removing this name
                self._partial.unlink()
                os.close(self._descriptor)
                self._descriptor = _locked(self._partial, _NEW_FILE)
            try:
                status = os.fstat(self._descriptor)
                if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1 or status.st_uid != os.geteuid():
                    raise UsageError(f"{self._partial} is in the way", "remove it")
                os.fchmod(self._descriptor, 0o600)
                self._output = _Output(self._descriptor, path, resume=resume)
            except BaseException:
                os.close(self._descriptor)
                raise

    def folder(self, name: str) -> None:
        """Refuse: a file holds no folders."""
        raise UsageError(f"{name}: a file holds no folders")

    def file(self, name: str, *, executable: bool = False) -> None:
        """Refuse: this is the one file already."""
        del executable
        raise UsageError(f"{name}: a file holds no files")

    def write(self, data: memoryview) -> None:
        """Append."""
        self._output.write(data)

    def finish(self) -> None:
        """Make it durable, then give it its name; never over a file that came meanwhile, unless forced."""
        self._output.end()
        with _refusing("write", str(self._target)):
            os.fsync(self._descriptor)
            if self._force:
                os.replace(self._partial, self._target)
            else:
                _rename_to_free_name(self._partial, self._target)
            _sync_folder(self._target.parent)

    def discard(self) -> None:
        """Remove the partial file."""
        self._partial.unlink(missing_ok=True)

    def close(self) -> None:
        """Give the lock back."""
        os.close(self._descriptor)


class FolderDraft:
    """A folder in the making; names are relative, and no link is ever followed below it."""

    def __init__(self, path: str, *, resume: bool) -> None:
        self._target, self._partial = _places(path)
        self._resume = resume
        self._made: set[str] = set()
        self._current = -1
        self._output: _Output | None = None
        _check_target(self._target, force=False)
        with _refusing("write", path):
            self._partial.mkdir(mode=0o700, exist_ok=True)
            self._root = _locked(self._partial, _FOLDER)
            try:
                if os.fstat(self._root).st_uid != os.geteuid():
                    raise UsageError(f"{self._partial} is in the way", "remove it")
                os.fchmod(self._root, 0o700)
                if not resume:
                    _empty(self._partial)
            except BaseException:
                os.close(self._root)
                raise

    def folder(self, name: str) -> None:
        """Make one folder; its parent must have been made."""
        self._end_file()
        with _refusing("write", name), self._parent(name) as (parent, last):
            try:
                os.mkdir(last, 0o700, dir_fd=parent)
            except FileExistsError:
                if not self._resume or not stat.S_ISDIR(os.stat(last, dir_fd=parent, follow_symlinks=False).st_mode):
                    raise
        self._made.add(name)

    def file(self, name: str, *, executable: bool = False) -> None:
        """Begin one file; its folder must have been made."""
        self._end_file()
        with _refusing("write", name), self._parent(name) as (parent, last):
            self._current = os.open(last, _NEW_FILE | (0 if self._resume else os.O_EXCL), 0o600, dir_fd=parent)
            status = os.fstat(self._current)
            if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
                raise UsageError(f"{self._partial} holds something else called {name}", "remove it, or do not resume")
            os.fchmod(self._current, 0o700 if executable else 0o600)
            self._output = _Output(self._current, name, resume=self._resume)
        self._made.add(name)

    def write(self, data: memoryview) -> None:
        """Append to the file begun last."""
        if self._output is None:  # Defensive: the reader of the archive gives content to files only
            raise UsageError("no file was begun")
        self._output.write(data)

    def finish(self) -> None:
        """Make everything durable, then give the folder its name."""
        self._end_file()
        self._remove_strangers()
        with _refusing("write", str(self._target)):
            os.sync()  # one for all: a sync a file would take longer than unsealing a folder of small ones
            _check_target(self._target, force=False)
            self._partial.rename(self._target)
            _sync_folder(self._target.parent)

    def discard(self) -> None:
        """Remove the partial folder."""
        self._close_file()
        shutil.rmtree(self._partial, ignore_errors=True)

    def close(self) -> None:
        """Give the lock back."""
        self._close_file()
        os.close(self._root)

    def _end_file(self) -> None:
        if self._output is not None:
            self._output.end()
        self._close_file()

    def _close_file(self) -> None:
        self._output = None
        if self._current >= 0:
            os.close(self._current)
            self._current = -1

    def _remove_strangers(self) -> None:
        """Take away what an earlier attempt left and this one did not make."""
        if not self._resume:
            return
        with _refusing("write", str(self._partial)):
            for place, folders, files in os.walk(self._partial):
                for name in [*folders, *files]:
                    path = Path(place, name)
                    if str(path.relative_to(self._partial)) not in self._made:
                        _remove(path)
                folders[:] = [name for name in folders if Path(place, name).is_dir()]

    @contextmanager
    def _parent(self, name: str) -> Iterator[tuple[int, str]]:
        """Open the folder of ``name`` step by step, never through a link."""
        *steps, last = name.split("/")
        if any(part in ("", ".", "..") for part in (*steps, last)):  # Defensive: the reader of the archive has refused it
            raise UsageError(f"{name!r}: not a plain relative path")
        folder = os.dup(self._root)
        try:
            for step in steps:
                inner = os.open(step, _FOLDER, dir_fd=folder)
                os.close(folder)
                folder = inner
            yield folder, last
        finally:
            os.close(folder)


def _places(path: str) -> tuple[Path, Path]:
    target = Path(path)
    if target.name in ("", ".."):
        raise UsageError(f"{path or 'an empty path'}: not a name for a result", "name it with --output")
    return target, target.with_name(f".{target.name}.partial")


def _check_target(target: Path, *, force: bool) -> None:
    with _refusing("write", str(target)):
        if not os.path.lexists(target):
            return
        if not force or not (target.is_file() or target.is_symlink()):
            hint = "name another place with --output" + ("" if target.is_dir() or force else ", or replace it with --force")
            raise UsageError(f"{target} exists", hint)


def _locked(path: Path, flags: int) -> int:
    """Open and lock; a partial result that was renamed between the two is opened anew."""
    for _ in range(10):
        descriptor = os.open(path, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.lexists(path) and os.path.samestat(os.fstat(descriptor), os.lstat(path)):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            raise UsageError(f"{path}: another process is writing it", "wait for it, or name another place with --output") from None
        os.close(descriptor)
    raise UsageError(f"{path}: it is replaced all the time", "name another place with --output")


def _rename_to_free_name(partial: Path, target: Path) -> None:
    """Rename without replacing: a link refuses an existing name in one step; where links are not known, look first."""
    try:
        os.link(partial, target, follow_symlinks=False)
    except FileExistsError:
        raise UsageError(f"{target} exists", "somebody else was faster: name another place with --output") from None
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK):
            raise
        _check_target(target, force=False)
        partial.rename(target)
    else:
        partial.unlink()


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        _remove(entry)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _refusing(act: str, shown: str) -> Iterator[None]:
    reasons = {
        errno.ENOENT: ("the folder is not there", "make it first"),
        errno.ENOSPC: ("the disk is full", "free some space"),
        errno.EDQUOT: ("the disk quota is used up", "free some space"),
        errno.ELOOP: ("a symbolic link is in the way", "remove it"),
        errno.EFBIG: ("the file is larger than this disk or user may have", "choose another place"),
    }
    try:
        yield
    except (OSError, ValueError) as error:
        number = error.errno if isinstance(error, OSError) else None
        reason, hint = reasons.get(number or 0, ((getattr(error, "strerror", None) or "not possible").lower(), "check the place"))
        raise UsageError(f"cannot {act} {shown}: {reason}", hint) from None
