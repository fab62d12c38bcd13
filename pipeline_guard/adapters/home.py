# SPDX-License-Identifier: Apache-2.0
"""The home folder of the embedded token and store: private, and locked between processes."""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline_guard.adapters.replace import replace
from pipeline_guard.errors import Unavailable

_PATIENCE = 60.0  # seconds to wait for another process of ours


def private_folder(path: str) -> None:
    """Make a folder of mode 0700; raise Unavailable where it cannot be made, or belongs to somebody else."""
    folder = Path(path)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError as error:
        raise Unavailable(
            f"cannot use the folder {path}: {(error.strerror or 'error').lower()}", "set PIPELINE_GUARD_HOME to a folder you own"
        ) from None
    if status.st_uid != os.getuid():
        raise Unavailable(f"the folder {path} belongs to another user", "set PIPELINE_GUARD_HOME to a folder you own")
    if stat.S_IMODE(status.st_mode) & 0o077:
        folder.chmod(0o700)


def write_private(path: str, content: bytes) -> None:
    """Write a file of mode 0600 atomically and durably; raise Unavailable where that fails."""
    try:
        replace(Path(path), content)
    except OSError as error:
        raise Unavailable(f"cannot write {path}: {(error.strerror or 'error').lower()}", "check space and permissions") from None


@contextmanager
def home_lock(home: str, name: str) -> Iterator[None]:
    """Hold an exclusive lock between processes; it ends with the process, however that ends."""
    private_folder(home)
    try:
        descriptor = os.open(Path(home) / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Unavailable(f"cannot lock {home}: {(error.strerror or 'error').lower()}", "check space and permissions") from None
    try:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Unavailable(f"another process holds {home}/{name}.lock for over {_PATIENCE:.0f} s") from None
                time.sleep(0.005)
        yield
    finally:
        os.close(descriptor)
