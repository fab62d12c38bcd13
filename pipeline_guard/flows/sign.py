# SPDX-License-Identifier: Apache-2.0
"""sign: subjects -> key -> statements -> record -> signatures -> bundles, in that order and no other."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline_guard.errors import Denied, NothingToDo, UsageError
from pipeline_guard.flows.verify import BUNDLE_SUFFIX, path_inside
from pipeline_guard.keys.lifecycle import check_protects
from pipeline_guard.keys.period import current
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.key import KeyRecord, KeyType, KeyUsage
from pipeline_guard.model.subject import Subject
from pipeline_guard.ports import AuditSink, Clock, Files, KeyLedger, KeyRegister, Keystore, Signer, Tree
from pipeline_guard.sign.bundle import write_bundle
from pipeline_guard.sign.dsse import pae
from pipeline_guard.sign.model_manifest import SIGNATURE, files_to_sign, model_payload
from pipeline_guard.sign.public_key import load
from pipeline_guard.sign.statement import blob_payload, local_provenance_payload
from pipeline_guard.sign.verify import verify_bundle

_CREATE = "pipeline-guard keys create signing"


class SigningToken(Keystore, Signer, Protocol):
    """The token's part in signing."""


class SigningState(KeyRegister, KeyLedger, AuditSink, Protocol):
    """The store's part in signing."""


@dataclass(frozen=True, slots=True)
class SignRequest:
    """What to sign: ``type`` is "blob", "provenance", "model" or "" for by kind; ``bundle`` "" means beside each subject."""

    subjects: tuple[str, ...]
    type: str
    key: str
    bundle: str
    actor: str


@dataclass(frozen=True, slots=True)
class SignDoors:
    """What signing needs of the world; token and store are opened once the request is known to make sense."""

    clock: Clock
    files: Files
    tree: Tree
    token: Callable[[], SigningToken]
    state: Callable[[], SigningState]


@dataclass(frozen=True, slots=True)
class Signed:
    """One bundle that was written."""

    subjects: tuple[str, ...]
    bundle: str
    key: str
    payload: Digest


@dataclass(frozen=True, slots=True)
class _Job:
    subjects: tuple[str, ...]
    type: str
    bundle: str


def sign(request: SignRequest, *, doors: SignDoors) -> list[Signed]:
    """Sign every subject and write the bundles; nothing is written unless everything was signed.

    Raises UsageError, NothingToDo, Denied (the key may not sign), IntegrityError (a subject changed), Unavailable.
    """
    jobs = _plan(request, doors.files)
    key = _signing_key(request.key, doors)
    payloads = [_payload(job, doors.tree) for job in jobs]
    bundles = [_signed(job, payload, key, request.actor, doors) for job, payload in zip(jobs, payloads, strict=True)]
    for job, bundle in zip(jobs, bundles, strict=True):
        doors.files.write(job.bundle, bundle)
    fingerprint = load(key.public_pem).fingerprint
    return [Signed(job.subjects, job.bundle, fingerprint, Digest.sha256(payload)) for job, payload in zip(jobs, payloads, strict=True)]


def sign_payload(payload: bytes, title: str, named: str, actor: str, *, doors: SignDoors) -> tuple[bytes, str]:
    """Return a bundle over a statement that was made elsewhere, and the key's fingerprint; ``title`` is for the record."""
    if not named:
        raise UsageError("no key to sign with", f"name one with --key, or make one: {_CREATE}")
    key = _signing_key(named, doors)
    return _signed(_Job((title,), "", title), payload, key, actor, doors), load(key.public_pem).fingerprint


def _plan(request: SignRequest, files: Files) -> list[_Job]:
    """Decide which bundle is made of what, before anything is opened or hashed."""
    if not request.key:
        raise UsageError("no key to sign with", f"name one with --key, or make one: {_CREATE}")
    kinds = {subject: files.kind(subject) for subject in request.subjects}
    missing = [subject for subject, kind in kinds.items() if kind == "missing"]
    if missing:
        raise NothingToDo(f"no such file or folder: {', '.join(missing)[:200]}", "name what is to be signed; patterns are for the shell")
    types = {subject: _type_of(subject, kind, request.type) for subject, kind in kinds.items()}
    if not request.bundle:
        return [_Job((subject,), kind, _beside(subject, kind)) for subject, kind in types.items()]
    if len(types) > 1 and "model" in types.values():
        raise UsageError("one bundle holds one model", "sign each model on its own, or leave --bundle out")
    if request.bundle in types:
        raise UsageError(f"{request.bundle}: the signature would replace what it signs", "name another file with --bundle")
    return [_Job(tuple(types), next(iter(types.values())), request.bundle)]


def _type_of(subject: str, kind: str, wanted: str) -> str:
    try:
        subject.encode("utf-8")
    except UnicodeEncodeError:
        raise UsageError("the name of a subject is not UTF-8", "rename it; other machines could not name it either") from None
    if kind not in ("file", "folder"):
        raise UsageError(f"{subject}: neither a file nor a folder", "name the file itself, not a link to it")
    if kind == "folder" and wanted not in ("", "model"):
        raise UsageError(f"{subject}: a folder cannot be signed as {wanted}", "name its files, or sign it with --type model")
    if kind == "file" and wanted == "model":
        raise UsageError(f"{subject}: a model is a folder", "name the folder that holds the model's files")
    return wanted or ("model" if kind == "folder" else "blob")


def _beside(subject: str, kind: str) -> str:
    return posixpath.join(posixpath.normpath(subject), SIGNATURE) if kind == "model" else subject + BUNDLE_SUFFIX


def _signing_key(named: str, doors: SignDoors) -> KeyRecord:
    now = doors.clock.now()
    record = doors.token().describe(named) if named.startswith("pkcs11:") else current(doors.state().versions(named), now)
    if record is None:
        raise UsageError(f"no key called {named}", f"pipeline-guard keys list shows the keys; make one: {_CREATE}")
    if record.ref.usage is not KeyUsage.SIGN:
        raise Denied(f"key {record.ref.name} may not sign: it was created to {record.ref.usage.value}", _CREATE)
    check_protects(record, now)
    if record.ref.type is not KeyType.EC_P256:  # Defensive: no other type signs yet
        raise Denied(f"key {record.ref.name} cannot sign bundles: it is {record.ref.type.value}", "use a key of type ec-p256")
    return record


def _payload(job: _Job, tree: Tree) -> bytes:
    if job.type == "model":
        return _model_payload(job, tree)
    subjects = [_subject(path, tree) for path in job.subjects]
    return blob_payload(subjects) if job.type == "blob" else local_provenance_payload(subjects)


def _subject(path: str, tree: Tree) -> Subject:
    folder, name = posixpath.split(path)
    return Subject(name, Digest("sha256", tree.digest(folder, name, "sha256")))


def _model_payload(job: _Job, tree: Tree) -> bytes:
    root = job.subjects[0]
    signature = path_inside(root, job.bundle)
    names = files_to_sign(tree.names(root), signature, root)
    return model_payload(
        posixpath.basename(posixpath.normpath(root)), {name: tree.digest(root, name, "sha256") for name in names}, signature
    )


def _signed(job: _Job, payload: bytes, key: KeyRecord, actor: str, doors: SignDoors) -> bytes:
    doors.state().write(_event(job.subjects, payload, key, actor, doors.clock))  # raises Unavailable: no record, no signature
    signature = doors.token().sign(key.ref, pae(payload))
    bundle = write_bundle(payload, signature, load(key.public_pem).hint)
    # Defensive: what does not verify here must not leave (a faulty token, a register that names another key).
    verify_bundle(bundle, key.public_pem, job.bundle)
    return bundle


def _event(subjects: Sequence[str], payload: bytes, key: KeyRecord, actor: str, clock: Clock) -> AuditEvent:
    return AuditEvent(
        time=clock.now(),
        actor=actor,
        action="sign",
        object=", ".join(posixpath.basename(posixpath.normpath(subject)) for subject in subjects)[:1000],
        outcome="granted",
        why=f"key {key.ref.name} version {key.ref.version}",
        request_digest=Digest.sha256(payload).hex,
    )
