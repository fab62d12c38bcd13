# SPDX-License-Identifier: Apache-2.0
"""Digests of files, remembered until somebody writes to them: a speed-up for who asks for it, no proof of anything.

An entry counts only for the same device, inode, size, time of change of the content and of the inode; and only if both times were past for
a while when the file was hashed, so that a later write cannot bear the same times (what git calls racily clean). Each list is bound
to its folder and its algorithm by a keyed code, whose key never leaves the home folder: it cannot be edited, moved or made elsewhere.
Whoever may write to the clock, the raw disk or the home folder can deceive it; hence nothing uses it unless told to.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path

from pipeline_guard.adapters.home import private_folder
from pipeline_guard.adapters.replace import replace
from pipeline_guard.errors import Unavailable
from pipeline_guard.model.tree_entry import Piece

KEY = "digests.key"
FOLDER = "digests"
_FORMAT = b"pipeline-guard/digests/v1\n"
_SETTLED = 3_000_000_000  # ns: file systems keep times as coarse as two seconds (FAT)
_LIMIT = 512 * 1024 * 1024  # bytes of a list


class DigestMemory:
    """One list a folder and algorithm below the home folder. What cannot be read, or is not ours, is as if it were not there."""

    def __init__(self, home: str) -> None:
        self._home = Path(home)

    def known(self, root: str, algorithm: str) -> Mapping[Piece, str]:
        """Return what is remembered of a folder."""
        try:
            key = self._key(make=False)
            path = self._path(root, algorithm)
            if key is None or path.stat().st_size > _LIMIT:
                return {}
            code, _, body = path.read_bytes().partition(b"\n")
            if not hmac.compare_digest(code, _code(key, root, algorithm, body)):
                return {}
            make = Piece._make  # half the time of Piece(...), for tens of thousands
            return {make((name, tuple(stamp), start, end)): digest for name, stamp, start, end, digest in json.loads(body)}
        except (OSError, ValueError):
            return {}

    def keep(self, root: str, algorithm: str, digests: Mapping[Piece, str]) -> None:
        """Remember the digests of files that had come to rest; a list that cannot be written is only slow."""
        rested = time.time_ns() - _SETTLED
        entries = [
            (piece.name, piece.stamp, piece.start, piece.end, digest)
            for piece, digest in digests.items()
            if piece.stamp is not None and max(piece.stamp[3:]) < rested
        ]
        body = json.dumps(entries, separators=(",", ":")).encode("ascii")
        path = self._path(root, algorithm)
        try:
            key = self._key(make=True)
            if key is None:
                return
            private_folder(str(path.parent))
            replace(path, _code(key, root, algorithm, body) + b"\n" + body, durable=False)
        except (OSError, Unavailable):
            return

    def _path(self, root: str, algorithm: str) -> Path:
        name = hashlib.sha256(f"{algorithm}\n{_real(root)}".encode("utf-8", "surrogateescape")).hexdigest()
        return self._home / "cache" / FOLDER / name

    def _key(self, *, make: bool) -> bytes | None:
        """Return the key; None where there is none, or one that others could have read or written."""
        path = self._home / KEY
        if make and not path.exists():
            private_folder(str(self._home))
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            except FileExistsError:
                return None  # another process is making it: next time
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(secrets.token_bytes(32))
        try:
            status = path.lstat()
            kept = path.read_bytes()
        except OSError:
            return None
        return kept if len(kept) == 32 and status.st_uid == os.getuid() and not status.st_mode & 0o077 else None


def _code(key: bytes, root: str, algorithm: str, body: bytes) -> bytes:
    place = f"{algorithm}\n{_real(root)}\n".encode("utf-8", "surrogateescape")
    return hmac.digest(key, _FORMAT + b"%d\n" % len(place) + place + body, "sha256").hex().encode("ascii")


def _real(root: str) -> str:
    return os.path.realpath(root or ".")
