# SPDX-License-Identifier: Apache-2.0
"""Large files and folders, read and written piece by piece; a result gets its name when it is complete and durable."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from pipeline_guard.adapters.drafts import FileDraft, FolderDraft
from pipeline_guard.adapters.tree import open_below
from pipeline_guard.errors import IntegrityError, NothingToDo, UsageError
from pipeline_guard.ports import Draft, Reading


class LocalStreams:
    """Files and folders of this machine."""

    @contextmanager
    def reading(self, root: str, name: str = "") -> Iterator[Reading]:
        """Open one regular file; raise NothingToDo, UsageError or IntegrityError where it is none."""
        shown = str(Path(root, name))
        descriptor = _opened(root) if not name else open_below(root, name)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UsageError(f"cannot read {shown}: not a regular file", "name a file")
            yield _OpenFile(descriptor, shown)
        finally:
            os.close(descriptor)

    def draft(self, path: str, *, folder: bool = False, force: bool = False, resume: bool = False) -> AbstractContextManager[Draft]:
        """Begin a file or folder."""
        return _draft(path, folder=folder, force=force, resume=resume)


class _OpenFile:
    """A descriptor with what the file was when it was opened."""

    def __init__(self, descriptor: int, shown: str) -> None:
        self._descriptor = descriptor
        self._shown = shown
        self._status = os.fstat(descriptor)

    def size(self) -> int:
        """Return the length at opening."""
        return self._status.st_size

    def read_into(self, buffer: memoryview, offset: int) -> int:
        """Fill the buffer; short reads of the system are continued."""
        done = 0
        try:
            while done < len(buffer):
                count = os.preadv(self._descriptor, [buffer[done:]], offset + done)
                if count == 0:
                    break
                done += count
        except OSError as error:
            raise UsageError(f"cannot read {self._shown}: {(error.strerror or 'error').lower()}", "check the disk it lies on") from None
        return done

    def check(self) -> None:
        """Compare what tells that somebody wrote."""
        if _stamp(os.fstat(self._descriptor)) != _stamp(self._status):
            raise IntegrityError(f"{self._shown}: changed while it was read", "let whatever writes it finish, then try again")


@contextmanager
def _draft(path: str, *, folder: bool, force: bool, resume: bool) -> Iterator[Draft]:
    draft = FolderDraft(path, resume=resume) if folder else FileDraft(path, force=force, resume=resume)
    try:
        yield draft
        draft.finish()
    except BaseException as failure:
        # what did not verify must not lie about, not even unfinished
        if not resume or isinstance(failure, IntegrityError):
            draft.discard()
        raise
    finally:
        draft.close()


def _opened(path: str) -> int:
    try:
        # O_NONBLOCK: opening a FIFO without a writer must not hang
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise NothingToDo(f"no such file: {path}", "check the path") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a possible path"
        raise UsageError(f"cannot read {path}: {reason.lower()}", "check the path and its permissions") from None


def _stamp(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
