# SPDX-License-Identifier: Apache-2.0
"""seal: keys -> record -> a new data key, wrapped for each -> header and chunks -> the name; rewrap: new header, same chunks.

An interrupted seal starts anew, under a new data key. Going on under the old one would be safe only after reading everything
again to prove that no byte of the source changed, for a nonce must never meet two plaintexts; that saves no time worth the risk.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime

from pipeline_guard.errors import Denied, IntegrityError, NothingToDo, UsageError
from pipeline_guard.flows.keys import find
from pipeline_guard.flows.unseal import SUFFIX, UnsealDoors, UnsealState, data_key_of, read_header, recorded
from pipeline_guard.keys.lifecycle import check_protects
from pipeline_guard.keys.naming import STORE_KEY
from pipeline_guard.keys.period import current
from pipeline_guard.model.key import KeyRecord, KeyUsage
from pipeline_guard.model.sealed_file import Layout, Recipient, SealedKind
from pipeline_guard.model.secret import Secret
from pipeline_guard.ports import Files, Random, Reading, Tree, Wrapper
from pipeline_guard.seal.archive import FILE, FOLDER, PROGRAM, Member, ordered
from pipeline_guard.seal.header import KEY_BYTES, SALT_BYTES, file_digest, payload_key, render, verify, wrapping_data
from pipeline_guard.seal.source import FileSource, FolderSource
from pipeline_guard.seal.stream import CHUNK, Fill, SealedPayload, Write, seal_stream

_CREATE = "pipeline-guard keys create NAME --type aes-256"


@dataclass(frozen=True, slots=True)
class SealRequest:
    """What to seal, to which keys, into which file ("" means PATH.sealed)."""

    path: str
    keys: tuple[str, ...]
    output: str = ""
    force: bool = False


@dataclass(frozen=True, slots=True)
class SealDoors:
    """What sealing needs of the world beyond what unsealing does."""

    random: Random
    files: Files
    tree: Tree
    unseal: UnsealDoors


@dataclass(frozen=True, slots=True)
class Sealed:
    """A file that was written, and the keys that open it."""

    path: str
    keys: tuple[str, ...]


def seal(request: SealRequest, *, doors: SealDoors) -> Sealed:
    """Seal a file or folder. Raises NothingToDo, UsageError, Denied, IntegrityError (it changed meanwhile), Unavailable."""
    kind, output = _plan(request, doors.files)
    keys = _recipient_keys(request.keys, "seal", request.path, doors.unseal)
    members = _members(request.path, doors.tree) if kind is SealedKind.FOLDER else []
    layout, data_key = Layout(kind, CHUNK, doors.random.bytes(SALT_BYTES)), Secret(doors.random.bytes(KEY_BYTES))
    with (
        closing(doors.unseal.progress),
        _depending(layout, keys, doors.unseal),
        doors.unseal.streams.draft(output, force=request.force) as draft,
    ):
        recorded("seal", request.path, "granted", f"keys {_shown(keys)}", layout, doors.unseal)
        wrapper = doors.unseal.wrapper()
        wrapped = [_wrapped(key, data_key, layout, wrapper) for key in keys]
        draft.write(memoryview(render(data_key, layout, wrapped)))
        _payload(request.path, members, payload_key(data_key, layout), draft.write, layout=layout, doors=doors.unseal)
        if kind is SealedKind.FOLDER and _members(request.path, doors.tree) != members:
            raise IntegrityError(f"{request.path}: changed while it was read", "let whatever writes it finish, then try again")
    return Sealed(output, tuple(f"{key.ref.name}/{key.ref.version}" for key in keys))


def rewrap(path: str, keys: Sequence[str], *, doors: SealDoors) -> Sealed:
    """Replace who can open a file, its chunks untouched: exactly ``keys``, or the newest version of each key it has.

    Recipients whose key this store does not know are kept as they are where no keys are named. Raises as ``seal`` does,
    and IntegrityError where the file does not verify.
    """
    if doors.files.kind(path) != "file":
        raise UsageError(f"{path}: not a file", "name the sealed file itself, not a link to it")
    with closing(doors.unseal.progress), doors.unseal.streams.reading(path) as source:
        unverified = read_header(source)
        data_key = data_key_of(unverified, "seal.rewrap", path, doors.unseal, why="to be rewrapped")
        header = verify(unverified, data_key)
        SealedPayload(source, header, data_key)  # whole as far as its length can tell, and under this key
        wrapped = _renewed(path, header.recipients, keys, data_key, header.layout, doors.unseal)
        state, file = doors.unseal.state(), file_digest(header.layout).hex()
        before, after = _known(header.recipients, state), _known(wrapped, state)
        state.keep_file(file, [*before, *after], doors.unseal.clock.now())  # stopped on the way, it depends on both
        with doors.unseal.streams.draft(path, force=True) as draft:
            draft.write(memoryview(render(data_key, header.layout, wrapped)))
            _copy(source, header.size, draft.write, doors.unseal)
            source.check()
        state.keep_file(file, after, doors.unseal.clock.now())
    return Sealed(path, tuple(f"{recipient.name}/{recipient.version}" for recipient in wrapped))


@contextmanager
def _depending(layout: Layout, keys: Sequence[KeyRecord], doors: UnsealDoors) -> Iterator[None]:
    """Keep that a file depends on its keys before there is one, and take that back where it does not come into being."""
    state, file = doors.state(), file_digest(layout).hex()
    state.keep_file(file, [(key.ref.name, key.ref.version) for key in keys], doors.clock.now())
    try:
        yield
    except BaseException:
        state.keep_file(file, [], doors.clock.now())
        raise


def _known(recipients: Sequence[Recipient], state: UnsealState) -> list[tuple[str, int]]:
    """Return the recipients whose keys are of this store."""
    found = [(each, state.key(each.name, each.version)) for each in recipients]
    return [(each.name, each.version) for each, key in found if key and key.ref.id == each.id]


def _plan(request: SealRequest, files: Files) -> tuple[SealedKind, str]:
    kind = files.kind(request.path)
    if kind == "missing":
        raise NothingToDo(f"no such file or folder: {request.path}", "name what is to be sealed")
    if kind not in ("file", "folder"):
        raise UsageError(f"{request.path}: neither a file nor a folder", "name the file itself, not a link to it")
    if not request.keys:
        raise UsageError("no key to seal to", f"name one with --key, or make one: {_CREATE}")
    path = posixpath.normpath(request.path)
    output = posixpath.normpath(request.output or path + SUFFIX)
    if output == path or (kind == "folder" and output.startswith(path + "/")):
        raise UsageError(f"{output}: the result would lie in what it seals", "name another place with --output")
    return SealedKind(kind), output


def _members(root: str, tree: Tree) -> list[Member]:
    members = []
    for name in tree.names(root):
        kind = FOLDER if name.endswith("/") else PROGRAM if tree.mode(root, name) & 0o100 else FILE
        members.append(Member(kind, name.removesuffix("/")))
    return ordered(members)


def _payload(path: str, members: list[Member], key: Secret, write: Write, *, layout: Layout, doors: UnsealDoors) -> None:
    if layout.kind is SealedKind.FOLDER:
        with closing(FolderSource(path, members, doors.streams)) as folder:
            seal_stream(key, layout.chunk, _counted(folder.fill, None, doors), write)
    else:
        with doors.streams.reading(*posixpath.split(posixpath.normpath(path))) as reading:
            seal_stream(key, layout.chunk, _counted(FileSource(reading).fill, reading.size(), doors), write)


def _counted(fill: Fill, total: int | None, doors: UnsealDoors) -> Fill:
    done = 0

    def counting(buffer: memoryview) -> int:
        nonlocal done
        count = fill(buffer)
        done += count
        doors.progress.step("sealed bytes", done, total)
        return count

    return counting


def _recipient_keys(names: Sequence[str], action: str, path: str, doors: UnsealDoors) -> list[KeyRecord]:
    """Return the version of each key that wraps now; raise UsageError or, with a record, Denied."""
    keys = [_wrapping_key(name, doors) for name in dict.fromkeys(names)]
    for key in keys:
        try:
            _check_fit(key, doors.clock.now())
        except Denied as denied:
            recorded(action, path, "denied", denied.what, None, doors)
            raise
    return keys


def _wrapping_key(name: str, doors: UnsealDoors) -> KeyRecord:
    return current(doors.state().versions(name), doors.clock.now()) or find(name, doors.state())


def _check_fit(key: KeyRecord, now: datetime) -> None:
    if key.ref.usage is not KeyUsage.WRAP:
        raise Denied(f"key {key.ref.name} may not seal: it was created to {key.ref.usage.value}", _CREATE)
    if key.ref.name == STORE_KEY:
        raise Denied(f"key {key.ref.name} may not seal files: it wraps the store's secrets", _CREATE)
    check_protects(key, now)


def _wrapped(key: KeyRecord, data_key: Secret, layout: Layout, wrapper: Wrapper) -> Recipient:
    name, version = key.ref.name, key.ref.version
    return Recipient(name, version, key.ref.id, wrapper.wrap(key.ref, data_key, wrapping_data(layout, name, version)))


def _renewed(
    path: str, old: Sequence[Recipient], names: Sequence[str], data_key: Secret, layout: Layout, doors: UnsealDoors
) -> list[Recipient]:
    register = doors.state()
    found = [(recipient, register.key(recipient.name, recipient.version)) for recipient in old]
    known = [recipient.name for recipient, key in found if key and key.ref.id == recipient.id]
    foreign = [] if names else [recipient for recipient, key in found if not key or key.ref.id != recipient.id]
    keys = _recipient_keys(names or known, "seal.rewrap", path, doors)
    recorded("seal.rewrap", path, "granted", f"from now on keys {_shown(keys)}", layout, doors)
    wrapper = doors.wrapper()
    return [_wrapped(key, data_key, layout, wrapper) for key in keys] + foreign


def _copy(source: Reading, offset: int, write: Callable[[memoryview], None], doors: UnsealDoors) -> None:
    buffer = memoryview(bytearray(CHUNK))
    while count := source.read_into(buffer, offset):
        write(buffer[:count])
        offset += count
        doors.progress.step("copied bytes", offset, source.size())


def _shown(keys: Sequence[KeyRecord]) -> str:
    return ", ".join(f"{key.ref.name} version {key.ref.version}" for key in keys)
