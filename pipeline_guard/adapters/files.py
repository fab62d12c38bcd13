# SPDX-License-Identifier: Apache-2.0
"""Files by path: bounded reads that never follow into devices, atomic writes."""

from __future__ import annotations

import errno
import glob
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from pipeline_guard.adapters.replace import replace
from pipeline_guard.errors import Unavailable, UsageError

_FULL = (errno.ENOSPC, errno.EDQUOT)


class LocalFiles:
    """The caller's files; relative paths start in the current folder."""

    def read(self, path: str, limit: int) -> bytes:
        """Return the content of a regular file of at most ``limit`` bytes."""
        try:
            # O_NONBLOCK: opening a FIFO without a writer must not hang
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise _refuse("read", path, error) from None
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            what = "it is a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
            raise UsageError(f"cannot read {path}: {what}", "name a file")
        with os.fdopen(descriptor, "rb") as stream:
            if status.st_size > limit:
                raise UsageError(f"cannot read {path}: larger than {limit} bytes", "name a smaller file")
            try:
                content = stream.read(limit + 1)
            except OSError as error:
                raise _refuse("read", path, error) from None
        if len(content) > limit:
            raise UsageError(f"cannot read {path}: larger than {limit} bytes", "name a smaller file")
        return content

    def write(self, path: str, content: bytes) -> None:
        """Write beside the target, then rename: readers see the old content or the new, never a half."""
        target = Path(os.path.realpath(path))
        try:
            if target.exists() and not target.is_file():  # a device or FIFO is written into, never replaced
                with target.open("wb") as stream:
                    stream.write(content)
                return
            mask = os.umask(0)
            os.umask(mask)
            replace(target, content, stat.S_IMODE(target.stat().st_mode) & 0o777 if target.exists() else 0o666 & ~mask)
        except OSError as error:
            raise _refuse("write", path, error) from None

    def kind(self, path: str) -> str:
        """Return "file", "folder", "link", "special" or "missing"."""
        try:
            mode = os.lstat(path).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return "missing"
        except (OSError, ValueError) as error:
            raise _refuse("look at", path, error) from None
        if stat.S_ISLNK(mode):
            return "link"
        if stat.S_ISDIR(mode):
            return "folder"
        return "file" if stat.S_ISREG(mode) else "special"

    def matching(self, pattern: str) -> Sequence[str]:
        """Return the files that match a pattern, sorted; hidden ones only where the pattern names the point."""
        found = glob.glob(pattern, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
        return sorted(path for path in found if self.kind(path) == "file")


def _refuse(act: str, path: str, error: OSError | ValueError) -> UsageError | Unavailable:
    reasons = {
        errno.ENOENT: ("no such file", "check the path"),
        errno.EACCES: ("permission denied", "check the file's permissions"),
        errno.EISDIR: ("it is a folder", "name a file"),
        errno.ENOTDIR: ("a part of its path is no folder", "check the path"),
        errno.ELOOP: ("a symbolic link that leads to itself", "check the path"),
        errno.EROFS: ("the file system is read-only", "choose another place"),
        errno.ELOOP: ("its links lead in a circle", "name the file itself"),
        errno.ENAMETOOLONG: ("the name is too long", "check the path"),
    }
    if isinstance(error, OSError) and error.errno in _FULL:
        return Unavailable(f"cannot {act} {path}: the disk is full", "free some space")
    number = error.errno if isinstance(error, OSError) else None
    reason, hint = reasons.get(number or 0, (str(getattr(error, "strerror", None) or "not possible").lower(), "check the path"))
    return UsageError(f"cannot {act} {path}: {reason}", hint)
