# SPDX-License-Identifier: Apache-2.0
"""Private files of a command: 0600 in a folder of their own (0700), in memory where the system has such a place."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline_guard.errors import Unavailable

_PREFIX = "pipeline-guard-run-"
_MEMORY = Path("/dev/shm")  # noqa: S108  # a memory file system, not a predictable name


@contextmanager
def private_folder(*, wanted: bool, warn: Callable[[str], None]) -> Iterator[Path | None]:
    """Make a folder and take it away at the end; None where no file is ``wanted``. Raises Unavailable where there is no place for one."""
    places = [str(_MEMORY)] if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK | os.X_OK) else []
    for place in (*places, _temporary()):
        _sweep(place)
    if not wanted:
        yield None
        return
    folder = _made(places, warn)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _made(places: list[str], warn: Callable[[str], None]) -> Path:
    prefix = f"{_PREFIX}{os.getpid()}-"
    try:
        return Path(tempfile.mkdtemp(prefix=prefix, dir=places[0]))
    except (OSError, IndexError):  # no such place, or one that is full
        warn("there is no memory file system at /dev/shm to write to: the secrets' files lie on disk while the command runs")
    try:
        return Path(tempfile.mkdtemp(prefix=prefix))
    except OSError as error:
        raise Unavailable(
            f"there is no place for private files: {(error.strerror or 'error').lower()}",
            "give the container a tmpfs at /dev/shm, or name a folder that can be written to by TMPDIR",
        ) from None


def create(path: Path, content: bytes) -> str:
    """Write a new file that only this user reads; return its path. Raises Unavailable where that does not succeed."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
    except OSError as error:
        raise Unavailable(f"cannot write {path.name}: {(error.strerror or 'error').lower()}", "check space and permissions") from None
    return str(path)


def _temporary() -> str:
    try:
        return tempfile.gettempdir()
    except OSError:  # nothing can be written to, not even /tmp
        return ""


def _sweep(parent: str) -> None:
    """Take away folders of runs that were killed before they could do it themselves."""
    for folder in Path(parent).glob(f"{_PREFIX}*") if parent else ():
        number = folder.name.removeprefix(_PREFIX).partition("-")[0]
        try:
            if folder.lstat().st_uid == os.getuid() and number.isdecimal() and not _alive(int(number)):
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue


def _alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
