# SPDX-License-Identifier: Apache-2.0
"""Archives as facts, without unpacking anything to a disk: names that lead out, links, doubles, and whether a wheel is what it records.

Zip (wheels, jars, NuGet packages) and tar (plain, gzip, bzip2, xz). What is over its budget or damaged is undecided, never fine.
"""

from __future__ import annotations

import base64
import bz2
import csv
import gzip
import hashlib
import io
import lzma
import posixpath
import re
import stat
import tarfile
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, cast

from pipeline_guard.errors import UsageError
from pipeline_guard.gate import zip_layout

_MEMBERS = 100_000
_UNPACKED = 1024 * 1024 * 1024  # bytes of one archive that are read
_SHOWN = 160  # characters of a name
_TAR = re.compile(r".*\.(?:tar|tar\.(?:gz|bz2|xz)|tgz|tbz2?|txz|crate|gem)", re.IGNORECASE | re.DOTALL)
_DRIVE = re.compile(r"[A-Za-z]:")
_UNRECORDED = ("RECORD", "RECORD.jws", "RECORD.p7s")


@dataclass(frozen=True, slots=True)
class ArchiveFacts:
    """What is wrong with an archive: (member, what), none where nothing is."""

    path: str
    faults: tuple[tuple[str, str], ...] = ()


def is_one(path: str, content: bytes) -> bool:
    """Tell whether a file is an archive, by what it begins with, or for compressed tar files by name."""
    return content.startswith((b"PK\x03\x04", b"PK\x05\x06")) or content[257:262] == b"ustar" or _TAR.fullmatch(path) is not None


def inspect(content: bytes, path: str) -> ArchiveFacts:
    """Look at every member's name, and into a wheel. Raises UsageError for what cannot be decided."""
    try:
        faults = list(_zip(content, path) if content.startswith(b"PK") else _tar(content))
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        OSError,
        ValueError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise UsageError(f"not a readable archive: {str(error)[:100]}") from None
    return ArchiveFacts(path, tuple((name[:_SHOWN], what) for name, what in faults))


def _zip(content: bytes, path: str) -> Iterator[tuple[str, str]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        _check_count(len(members))
        for member in members:
            yield from _name_faults(member.orig_filename)
            mode = member.external_attr >> 16
            if stat.S_ISLNK(mode):
                target = "" if member.flag_bits & 1 else _read(archive, member, 0)[1][:4096].decode("utf-8", "replace")
                yield from _link_faults(member.filename, target)
            elif mode and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_IFMT(mode) == 0):
                yield member.filename, "is a device, a pipe or a socket"
            if member.flag_bits & 1:
                raise UsageError(f"{member.filename[:_SHOWN]}: encrypted")
        yield from _doubles([member.filename for member in members])
        yield from _through([member.filename for member in members], {m.filename for m in members if stat.S_ISLNK(m.external_attr >> 16)})
        yield from zip_layout.faults(content, members)
        if path.lower().endswith(".whl"):
            yield from _wheel(archive)


def _tar(content: bytes) -> Iterator[tuple[str, str]]:
    names = []
    links: set[str] = set()
    stream = _unpacked(content)
    with tarfile.TarFile(fileobj=stream) as archive:
        size = 0
        for number, member in enumerate(archive):
            _check_count(number)
            size += member.size
            if size > _UNPACKED:
                raise UsageError(f"more than {_UNPACKED} bytes unpacked")
            names.append(member.name)
            yield from _name_faults(member.name)
            if member.issym():
                links.add(posixpath.normpath(member.name))
            if member.issym() or member.islnk():
                yield from _link_faults(member.name if member.issym() else "", member.linkname)
            elif not (member.isfile() or member.isdir()):
                yield member.name, "is a device, a pipe or a socket"
            if member.isfile() and member.mode & 0o6000:
                yield member.name, "runs as somebody else (setuid, setgid)"
        for name in sorted({"path", "linkpath", "size"} & set(archive.pax_headers)):
            yield "", f"has one {name} for all its members: tools differ in whether they take it"
        stream.seek(archive.offset)
        behind = False
        while piece := stream.read(1 << 20):  # to the end: what was cut off is known only there
            behind = behind or bool(piece.strip(b"\0"))
            if stream.tell() > _UNPACKED:
                raise UsageError(f"more than {_UNPACKED} bytes unpacked")
        if behind:
            yield "", "goes on behind its end: tools differ in whether they read that"
    yield from _doubles(names)
    yield from _through(names, links)


def _unpacked(content: bytes) -> IO[bytes]:
    """Return a tar file's bytes as they are asked for, whatever it is compressed with."""
    packed = io.BytesIO(content)
    if content.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=packed))
    if content.startswith(b"BZh"):
        return cast("IO[bytes]", bz2.BZ2File(packed))
    return cast("IO[bytes]", lzma.LZMAFile(packed)) if content.startswith(b"\xfd7zXZ") else packed


def _check_count(number: int) -> None:
    if number > _MEMBERS:
        raise UsageError(f"more than {_MEMBERS} members")


def _name_faults(name: str) -> Iterator[tuple[str, str]]:
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or _DRIVE.match(name) or ".." in parts:
        yield name, "leads out of the folder it is unpacked to"
    elif "\\" in name or any(unicodedata.category(letter) in ("Cc", "Cf") for letter in name):
        yield name, "has a name that is not what it seems"


def _link_faults(name: str, target: str) -> Iterator[tuple[str, str]]:
    """Give a link that leads out: the folders of its own name, taken together with its target, have to stay inside."""
    depth = 0
    for part in [*name.replace("\\", "/").split("/")[:-1], *target.replace("\\", "/").split("/")]:
        depth += -1 if part == ".." else 0 if part in ("", ".") else 1
        if depth < 0:
            break
    if target.startswith(("/", "\\")) or _DRIVE.match(target) or depth < 0:
        yield name or target, f"links out of the folder it is unpacked to, to {target[:_SHOWN]}"


def _through(names: list[str], links: set[str]) -> Iterator[tuple[str, str]]:
    """Give every member below a name that is a link: where it lands is not where it says."""
    for name in names if links else ():
        parts = posixpath.normpath(name).split("/")
        for end in range(1, len(parts)):
            if "/".join(parts[:end]) in links:
                yield name, f"is written through the link {'/'.join(parts[:end])}"
                break


def _doubles(names: list[str]) -> Iterator[tuple[str, str]]:
    files = [name.removeprefix("./") for name in names if not name.endswith("/")]
    for name, count in Counter(files).items():
        if count > 1:
            yield name, "is there more than once: tools differ in which one they take"
    spellings: dict[str, set[str]] = {}
    for name in files:
        spellings.setdefault(unicodedata.normalize("NFC", name).casefold(), set()).add(name)
    for same in spellings.values():
        if len(same) > 1:
            first, second = sorted(same)[:2]
            yield second, f"is {first} on a file system that does not tell their names apart"


def _wheel(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Compare a wheel with its RECORD (binary distribution format, "Signed wheel files"): each file once, each as recorded."""
    folders = {name.partition("/")[0] for name in archive.namelist() if name.partition("/")[0].endswith(".dist-info")}
    if len(folders) != 1:
        yield "", "is a wheel without exactly one .dist-info folder"
        return
    record = f"{folders.pop()}/RECORD"
    if record not in archive.namelist():
        yield record, "is missing: nothing tells what belongs into the wheel"
        return
    text = _read(archive, archive.getinfo(record), 0)[1].decode("utf-8", "replace")
    listed = {row[0]: row[1] for row in csv.reader(io.StringIO(text)) if len(row) >= 2}
    size = 0
    for member in archive.infolist():
        name = member.filename
        if name.endswith("/") or name in {record.removesuffix("RECORD") + other for other in _UNRECORDED}:
            continue
        if name not in listed:
            yield name, "is not in the wheel's RECORD"
            continue
        size, content = _read(archive, member, size)
        algorithm, _, value = listed[name].partition("=")
        if algorithm not in ("sha256", "sha384", "sha512"):
            yield name, "has no strong hash in the wheel's RECORD"
        elif base64.urlsafe_b64encode(hashlib.new(algorithm, content).digest()).rstrip(b"=").decode() != value:
            yield name, "differs from the wheel's RECORD"
    for name in sorted(listed.keys() - set(archive.namelist())):
        yield name, "is in the wheel's RECORD, and missing"


def modules(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Give the Python files of a wheel, and the ``.pth`` files, whose lines an interpreter runs when it starts.

    Raises UsageError for what cannot be read.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = 0
            for member in archive.infolist():
                if member.filename.endswith((".py", ".pth")):
                    size, found = _read(archive, member, size)
                    yield member.filename, found
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise UsageError(f"not a readable wheel: {str(error)[:100]}") from None


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, before: int) -> tuple[int, bytes]:
    """Return the bytes read so far and a member's content, as long as the budget lasts."""
    if before + member.file_size > _UNPACKED:  # no more than this is ever unpacked of it
        raise UsageError(f"more than {_UNPACKED} bytes unpacked")
    return before + member.file_size, archive.read(member)
