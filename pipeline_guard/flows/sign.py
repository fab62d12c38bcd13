# SPDX-License-Identifier: Apache-2.0
"""sign: subjects -> key -> statements -> record -> signatures -> bundles, in that order and no other."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from pipeline_guard.errors import Denied, UsageError
from pipeline_guard.flows.images import OpenImages, attach
from pipeline_guard.flows.payloads import PREDICATES, Job, SubjectFiles, Wanted, payload_of, plan
from pipeline_guard.flows.subjects import Folders
from pipeline_guard.flows.timestamps import Stamper
from pipeline_guard.keys.lifecycle import check_protects
from pipeline_guard.keys.period import current
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.key import KeyRecord, KeyUsage
from pipeline_guard.ports import AuditSink, Clock, KeyLedger, KeyRegister, Keystore, Signer
from pipeline_guard.sign.bundle import write_bundle
from pipeline_guard.sign.dsse import pae
from pipeline_guard.sign.public_key import load
from pipeline_guard.sign.verify import verify_bundle

_CREATE = "pipeline-guard keys create signing"


class SigningToken(Keystore, Signer, Protocol):
    """The token's part in signing."""


class SigningState(KeyRegister, KeyLedger, AuditSink, Protocol):
    """The store's part in signing."""


@dataclass(frozen=True, slots=True)
class SignRequest:
    """What to sign, with which key, for whom; the other fields as in ``Wanted``."""

    subjects: tuple[str, ...]
    type: str
    key: str
    bundle: str
    actor: str
    listed: str = ""
    algorithm: str = "sha256"
    remembered: bool = False


@dataclass(frozen=True, slots=True)
class SignDoors:
    """What signing needs of the world; token and store are opened once the request is known to make sense."""

    clock: Clock
    files: SubjectFiles
    tree: Folders
    token: Callable[[], SigningToken]
    state: Callable[[], SigningState]
    images: OpenImages
    stamp: Stamper | None = None  # proves when it was signed


@dataclass(frozen=True, slots=True)
class Signed:
    """One bundle that was written."""

    subjects: tuple[str, ...]
    bundle: str
    key: str
    payload: Digest


def sign(request: SignRequest, *, doors: SignDoors) -> list[Signed]:
    """Sign every subject and write the bundles; nothing is written unless everything was signed.

    Raises UsageError, NothingToDo, Denied (the key may not sign), IntegrityError (a subject changed), Unavailable.
    """
    if not request.key:
        raise UsageError("no key to sign with", f"name one with --key, or make one: {_CREATE}")
    wanted = Wanted(request.subjects, request.type, request.bundle, request.listed, request.algorithm, request.remembered)
    jobs = plan(wanted, doors.files, doors.images)
    token, state = cache(doors.token), cache(doors.state)  # opened at first need, and once however much there is to sign
    key = _signing_key(request.key, token, state, doors.clock)
    payloads = [payload_of(job, wanted, doors.files, doors.tree) for job in jobs]
    bundles = [_signed(job, payload, key, request.actor, token(), state(), doors) for job, payload in zip(jobs, payloads, strict=True)]
    places = [_put(job, bundle, doors) for job, bundle in zip(jobs, bundles, strict=True)]
    fingerprint = load(key.public_pem).fingerprint
    done = zip(jobs, places, payloads, strict=True)
    return [Signed(job.names, place, fingerprint, Digest.sha256(payload)) for job, place, payload in done]


def _put(job: Job, bundle: bytes, doors: SignDoors) -> str:
    """Write a bundle where it belongs; return where that is."""
    if job.image is not None and not job.bundle:
        return attach(job.subjects[0], job.image, bundle, PREDICATES[job.type], doors.images)
    doors.files.write(job.bundle, bundle)
    return job.bundle


def _signing_key(named: str, token: Callable[[], SigningToken], state: Callable[[], SigningState], clock: Clock) -> KeyRecord:
    now = clock.now()
    record = token().describe(named) if named.startswith("pkcs11:") else current(state().versions(named), now)
    if record is None:
        raise UsageError(f"no key called {named}", f"pipeline-guard keys list shows the keys; make one: {_CREATE}")
    if record.ref.usage is not KeyUsage.SIGN:
        raise Denied(f"key {record.ref.name} may not sign: it was created to {record.ref.usage.value}", _CREATE)
    check_protects(record, now)
    return record


def _signed(job: Job, payload: bytes, key: KeyRecord, actor: str, token: SigningToken, state: SigningState, doors: SignDoors) -> bytes:
    state.write(_event(job.names, payload, key, actor, doors.clock))  # raises Unavailable: no record, no signature
    signature = token.sign(key.ref, pae(payload))
    stamps = [doors.stamp(signature)] if doors.stamp else []
    bundle = write_bundle(payload, signature, load(key.public_pem).hint, stamps)
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
