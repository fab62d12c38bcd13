# SPDX-License-Identifier: Apache-2.0
"""unseal: header -> a key of ours -> record -> data key -> verified header -> verified chunks -> the name."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Protocol

from pipeline_guard.errors import Denied, IntegrityError, UsageError
from pipeline_guard.keys.lifecycle import check_processes
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.key import KeyRecord
from pipeline_guard.model.sealed_file import Layout, Recipient, SealedKind
from pipeline_guard.model.secret import Secret
from pipeline_guard.ports import AuditSink, Clock, Draft, KeyLedger, KeyRegister, Progress, Reading, SealedFiles, Streams, Wrapper
from pipeline_guard.seal.archive import FOLDER, PROGRAM, ArchiveReader
from pipeline_guard.seal.header import LIMIT, UnverifiedHeader, file_digest, parse, verify, wrapping_data
from pipeline_guard.seal.stream import SealedPayload

SUFFIX = ".sealed"


class UnsealState(KeyRegister, KeyLedger, SealedFiles, AuditSink, Protocol):
    """The store's part in unsealing."""


@dataclass(frozen=True, slots=True)
class UnsealRequest:
    """What to unseal, and where to ("" means the path without .sealed)."""

    path: str
    output: str = ""
    force: bool = False
    resume: bool = False


@dataclass(frozen=True, slots=True)
class UnsealDoors:
    """What unsealing needs of the world; token and store are opened once the file makes sense."""

    actor: str
    clock: Clock
    streams: Streams
    progress: Progress
    wrapper: Callable[[], Wrapper]
    state: Callable[[], UnsealState]


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A sealed file whose header, key and length are verified; chunks are verified as they are read."""

    kind: SealedKind
    payload: SealedPayload


@contextmanager
def opened(path: str, *, doors: UnsealDoors, why: str = "") -> Iterator[OpenedFile]:
    """Open a sealed file for reading any part of it; the use of the key is recorded. Raises Denied, IntegrityError."""
    with doors.streams.reading(path) as source:
        unverified = read_header(source)
        data_key = data_key_of(unverified, "unseal", path, doors, why=why)
        header = verify(unverified, data_key)
        yield OpenedFile(header.layout.kind, SealedPayload(source, header, data_key))


def unseal(request: UnsealRequest, *, doors: UnsealDoors) -> str:
    """Unseal a file or folder, return where it went. Raises Denied, IntegrityError, UsageError, Unavailable."""
    path = posixpath.normpath(request.path)
    output = request.output or path.removesuffix(SUFFIX)
    if posixpath.normpath(output) == path:
        raise UsageError(f"{path}: no name for the result", f"name it with --output, where the file is not called NAME{SUFFIX}")
    with closing(doors.progress), opened(path, doors=doors) as sealed:
        folder = sealed.kind is SealedKind.FOLDER
        with doors.streams.draft(output, folder=folder, force=request.force, resume=request.resume) as draft:
            pieces = _counted(sealed.payload, doors.progress)
            if folder:
                _unpack(pieces, draft)
            else:
                for piece in pieces:
                    draft.write(piece)
    return output


def read_range(path: str, offset: int, length: int | None, write: Callable[[memoryview], object], *, doors: UnsealDoors) -> None:
    """Give ``length`` bytes from ``offset`` (None: to the end), verifying their chunks alone. Raises as ``unseal`` does."""
    with opened(path, doors=doors, why=f"bytes {offset}:{'' if length is None else length}") as sealed:
        size = sealed.payload.size
        if sealed.kind is SealedKind.FOLDER:
            raise UsageError(f"{path}: a sealed folder has no ranges", "unseal it whole")
        if offset > size:
            raise UsageError(f"{path}: holds {size} bytes, so nothing begins at {offset}", "choose a smaller start")
        for piece in sealed.payload.read(offset, size - offset if length is None else length):
            write(piece)


def inspect(path: str, *, streams: Streams) -> UnverifiedHeader:
    """Return what a header claims, without any key: nobody has vouched for it. Raises IntegrityError, UsageError."""
    with streams.reading(path) as source:
        return read_header(source)


def read_header(source: Reading) -> UnverifiedHeader:
    """Read the header of an open file; raise IntegrityError."""
    buffer = memoryview(bytearray(LIMIT))
    return parse(bytes(buffer[: source.read_into(buffer, 0)]))


def data_key_of(unverified: UnverifiedHeader, action: str, path: str, doors: UnsealDoors, *, why: str = "") -> Secret:
    """Unwrap the data key under the first recipient's key that is ours and may be used; the record comes first."""
    recipient, key = _ours(unverified.recipients, action, path, unverified.layout, doors)
    name = f"key {recipient.name} version {recipient.version}"
    recorded(action, path, "granted", f"{name}, {why}" if why else name, unverified.layout, doors)
    return doors.wrapper().unwrap(key.ref, recipient.wrapped, wrapping_data(unverified.layout, recipient.name, recipient.version))


def recorded(action: str, path: str, outcome: str, why: str, layout: Layout | None, doors: UnsealDoors) -> None:
    """Write the record of what is about to happen; raise Unavailable where it cannot be written."""
    digest = file_digest(layout).hex() if layout else ""
    name = posixpath.basename(posixpath.normpath(path))[:1000]
    doors.state().write(AuditEvent(doors.clock.now(), doors.actor, action, name, outcome, why, request_digest=digest))


def _ours(recipients: tuple[Recipient, ...], action: str, path: str, layout: Layout, doors: UnsealDoors) -> tuple[Recipient, KeyRecord]:
    """Choose; raise Denied (with a record) where no key is ours or none may be used, IntegrityError for a key we know otherwise."""
    register = doors.state()
    found = [(recipient, register.key(recipient.name, recipient.version)) for recipient in recipients]
    ours = [(recipient, key) for recipient, key in found if key and key.ref.id == recipient.id]
    refusals: list[Denied] = []
    for recipient, key in ours:
        try:
            check_processes(key, doors.clock.now())
        except Denied as denied:
            refusals.append(denied)
        else:
            return recipient, key
    name = posixpath.basename(path)
    names = ", ".join(f"{recipient.name} version {recipient.version}" for recipient in recipients)[:500]
    same_id = {key.ref.id for key in register.all_keys()} & {recipient.id for recipient in recipients}
    if not ours and (same_id or any(key for _, key in found)):
        raise IntegrityError(f"{name}: names a key that is another one here: {names}", "unseal it with the store it was sealed with")
    why = "; ".join(denied.what for denied in refusals) or f"sealed to keys that are not here: {names}"
    recorded(action, path, "denied", why, layout, doors)
    raise Denied(
        f"{name}: {why}", refusals[0].hint if refusals else "a holder of one can add yours: pipeline-guard seal --rewrap --key NAME"
    )


def _unpack(pieces: Iterator[memoryview], draft: Draft) -> None:
    for member, content in ArchiveReader(pieces).members():
        if member.kind == FOLDER:
            draft.folder(member.path)
            continue
        draft.file(member.path, executable=member.kind == PROGRAM)
        for piece in content:
            draft.write(piece)


def _counted(payload: SealedPayload, progress: Progress) -> Iterator[memoryview]:
    done = 0
    for piece in payload.chunks():
        yield piece
        done += len(piece)
        progress.step("unsealed bytes", done, payload.size)
