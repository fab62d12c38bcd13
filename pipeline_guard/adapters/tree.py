# SPDX-License-Identifier: Apache-2.0
"""Folders of artifacts, walked without following anything and hashed where they lie in flat memory."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pipeline_guard.errors import IntegrityError, UsageError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# O_NONBLOCK: opening a FIFO that has taken a file's place must not hang
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LINK_HINT = "replace links by the files they point to; only files and folders are taken"


class LocalTree:
    """Folders of this machine; ``root`` is the caller's path and may itself lead through links, nothing below it may."""

    def names(self, root: str) -> Sequence[str]:
        """Return every path below ``root``, sorted by code point, folders with a final ``/``.

        Raises IntegrityError for links, special files and names that are not UTF-8, UsageError for an unreadable folder.
        """
        found: list[str] = []
        pending = [""]
        while pending:
            prefix = pending.pop()
            for name, kind in _listed(root or ".", prefix):
                if kind == "folder":
                    pending.append(name + "/")
                found.append(name + "/" if kind == "folder" else name)
        return sorted(found)

    def digest(self, root: str, name: str, algorithm: str) -> str:
        """Return the hexadecimal digest of one file.

        Raises IntegrityError if it is a link or no regular file, or changes while it is read; UsageError if it cannot be read.
        """
        if algorithm not in hashlib.algorithms_guaranteed:
            raise UsageError(f"unknown digest algorithm {algorithm}")
        shown = str(Path(root, name))
        descriptor = open_below(root, name)
        try:
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode):
                raise IntegrityError(f"{shown}: not a regular file", "only regular files can be signed")
            # read(), not mmap: a mapped file that is cut short meanwhile would kill the process with SIGBUS
            with os.fdopen(descriptor, "rb", buffering=0, closefd=False) as stream:
                value = hashlib.file_digest(stream, algorithm).hexdigest()
            if _stamp(os.fstat(descriptor)) != _stamp(before):
                raise IntegrityError(f"{shown}: changed while it was read", "let whatever writes it finish, then try again")
        except OSError as error:
            raise _refuse(shown, error) from None
        finally:
            os.close(descriptor)
        return value

    def mode(self, root: str, name: str) -> int:
        """Return the permission bits of one entry. Raises UsageError where it cannot be looked at."""
        with _parent(root, name.rstrip("/")) as (folder, last):
            try:
                return stat.S_IMODE(os.stat(last, dir_fd=folder, follow_symlinks=False).st_mode)
            except OSError as error:
                raise _refuse(str(Path(root, name)), error) from None


def open_below(root: str, name: str) -> int:
    """Open ``name`` below ``root`` for reading, through no link; raise IntegrityError or UsageError."""
    with _parent(root, name) as (folder, last):
        try:
            return os.open(last, _FILE, dir_fd=folder)
        except OSError as error:
            raise _refuse(str(Path(root, name)), error) from None


def _listed(root: str, prefix: str) -> Iterator[tuple[str, str]]:
    """Give the relative path and kind ("file" or "folder") of every entry of one folder."""
    place = str(Path(root, prefix))
    try:
        with os.scandir(place) as entries:
            for entry in entries:
                yield prefix + entry.name, _kind(entry)
    except OSError as error:
        raise _refuse(place, error) from None


def _kind(entry: os.DirEntry[str]) -> str:
    try:
        entry.name.encode("utf-8")
    except UnicodeEncodeError:
        shown = os.fsencode(entry.path).decode("utf-8", "backslashreplace")
        raise IntegrityError(f"{shown}: the name is not UTF-8", "rename it; other machines could not name it either") from None
    if entry.is_symlink():
        raise IntegrityError(f"{entry.path}: a symbolic link", _LINK_HINT)
    if entry.is_dir(follow_symlinks=False):
        return "folder"
    if entry.is_file(follow_symlinks=False):
        return "file"
    raise IntegrityError(f"{entry.path}: neither a file nor a folder", "remove the socket, device or pipe")


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


def _stamp(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _refuse(shown: str, error: OSError | ValueError) -> UsageError | IntegrityError:
    shown = os.fsencode(shown).decode("utf-8", "backslashreplace")
    if isinstance(error, OSError) and error.errno == errno.ELOOP:  # O_NOFOLLOW met a link
        return IntegrityError(f"{shown}: a symbolic link", _LINK_HINT)
    reason = (error.strerror or "not possible").lower() if isinstance(error, OSError) else "not a possible path"
    return UsageError(f"cannot read {shown}: {reason}", "check the path and its permissions")
