# SPDX-License-Identifier: Apache-2.0
"""Published archives of OSV on this machine: ``ECOSYSTEM/all.zip`` below a folder, as osv-scanner keeps them, too."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pipeline_guard.errors import UsageError
from pipeline_guard.model.verdict import Unchecked

LARGEST = 16 * 1024 * 1024  # bytes of one record
MOST = 3_000_000  # records of one archive; all of OSV has 2.2 million
_CHANGES = 512 * 1024 * 1024  # bytes of one list of changes


class FolderFeed:
    """A folder with a folder for each ecosystem; ``osv-scanner/`` may lie between."""

    def __init__(self, folder: str, only: Sequence[str] = ()) -> None:
        self._only = list(only)
        self._folder = Path(folder)
        if (self._folder / "osv-scanner").is_dir():
            self._folder /= "osv-scanner"

    def ecosystems(self) -> list[str]:
        """Return those that have an archive. Raises UsageError where there is none."""
        try:
            found = sorted(path.parent.name for path in self._folder.glob("*/all.zip"))
        except OSError as error:
            raise UsageError(f"{self._folder}: {(error.strerror or 'not readable').lower()}") from None
        if not found:
            raise UsageError(f"{self._folder}: no ECOSYSTEM/all.zip below it", "name the folder that holds PyPI/all.zip and the like")
        missing = [name for name in self._only if name not in found]
        if missing:
            raise UsageError(f"{self._folder}: no {missing[0][:60]}/all.zip below it", f"there are: {', '.join(found)}"[:500])
        return self._only or found

    def archive(self, ecosystem: str) -> Iterator[tuple[str, bytes] | Unchecked]:
        """Give (name, content) of every record. Raises UsageError where the archive cannot be read."""
        yield from read_archive(str(self._folder / ecosystem / "all.zip"))

    def changes(self, ecosystem: str) -> Iterator[tuple[str, str]]:
        """Give (time, id) from ``modified_id.csv``, the newest first."""
        path = self._folder / ecosystem / "modified_id.csv"
        try:
            with path.open("rb") as stream:
                if os.fstat(stream.fileno()).st_size > _CHANGES:
                    raise UsageError(f"{path}: larger than {_CHANGES} bytes")
                yield from read_changes(stream, str(path))
        except OSError as error:
            raise UsageError(f"cannot read {path}: {(error.strerror or 'not possible').lower()}") from None

    def record(self, ecosystem: str, identifier: str) -> bytes:
        """Return one record. Raises UsageError where it is missing."""
        path = self._folder / ecosystem / f"{identifier}.json"
        try:
            with path.open("rb") as stream:
                content = stream.read(LARGEST + 1)
        except OSError as error:
            raise UsageError(f"cannot read {path}: {(error.strerror or 'not possible').lower()}") from None
        if len(content) > LARGEST:
            raise UsageError(f"{path}: larger than {LARGEST} bytes")
        return content


def read_archive(path: str) -> Iterator[tuple[str, bytes] | Unchecked]:
    """Give every record of an archive; nothing is unpacked to the disk."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > MOST:
                raise UsageError(f"{path}: more than {MOST} records")
            for member in members:
                if not member.filename.endswith(".json"):
                    continue
                if member.file_size > LARGEST:
                    yield Unchecked(member.filename, f"larger than {LARGEST} bytes")
                    continue
                with archive.open(member) as stream:
                    yield member.filename, stream.read(LARGEST)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise UsageError(f"{path}: not a readable archive: {error}", "fetch it again") from None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {(error.strerror or 'not possible').lower()}") from None


def read_changes(lines: Iterable[bytes], name: str) -> Iterator[tuple[str, str]]:
    """Read ``TIME,ID`` or ``TIME,ECOSYSTEM/ID`` lines."""
    for number, line in enumerate(lines, start=1):
        try:
            time, comma, identifier = line.decode("ascii").strip().partition(",")
        except UnicodeDecodeError:
            raise UsageError(f"{name}:{number}: not ASCII", "fetch it again") from None
        if not time and not comma:
            continue
        identifier = identifier.rpartition("/")[2]
        if not comma or not identifier or any(sign in identifier for sign in "\\\0 ") or identifier.startswith("."):
            raise UsageError(f"{name}:{number}: not a time and an id", "fetch it again")
        yield time, identifier
