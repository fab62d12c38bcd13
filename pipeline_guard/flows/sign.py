# SPDX-License-Identifier: Apache-2.0
"""sign: subjects -> key -> statements -> record -> signatures -> bundles, in that order and no other."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Protocol

from pipeline_guard.errors import Denied, UsageError
from pipeline_guard.flows.images import OpenImages, attach
from pipeline_guard.flows.payloads import (
    BUNDLE_SUFFIX,
    PREDICATES,
    Job,
    SubjectFiles,
    Wanted,
    check_places,
    payload_of,
    plan,
    predicate_from,
)
from pipeline_guard.flows.private_trust import Certify
from pipeline_guard.flows.subjects import PQ_SUFFIX, Folders
from pipeline_guard.flows.timestamps import Stamper
from pipeline_guard.keys.lifecycle import check_protects
from pipeline_guard.keys.period import current
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.key import KeyRecord, KeyType, KeyUsage
from pipeline_guard.ports import AuditSink, Clock, KeyLedger, KeyRegister, Keystore, Signer
from pipeline_guard.sign.bundle import write_bundle
from pipeline_guard.sign.dsse import pae
from pipeline_guard.sign.model_manifest import SIGNATURE
from pipeline_guard.sign.public_key import load
from pipeline_guard.sign.verify import verify_bundle

_CREATE = "pipeline-guard keys create signing"


class SigningToken(Keystore, Signer, Protocol):
    """The token's part in signing."""


class SigningState(KeyRegister, KeyLedger, AuditSink, Protocol):
    """The store's part in signing."""


@dataclass(frozen=True, slots=True)
class SignRequest:
    """What to sign, with which key, for whom; the other fields as in ``Wanted``.

    ``pq_key`` signs the same payloads again, each into a bundle of its own; "" for none. ``predicate`` is the file of what to say, and
    ``predicate_type`` its type by word or URI.
    """

    subjects: tuple[str, ...]
    type: str
    key: str
    bundle: str
    actor: str
    listed: str = ""
    algorithm: str = "sha256"
    remembered: bool = False
    pq_key: str = ""
    predicate: str = ""
    predicate_type: str = ""


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
    certify: Certify | None = None  # puts it under a certificate


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
    said = predicate_from(request.predicate, request.predicate_type, request.type, doors.files)
    wanted = Wanted(request.subjects, request.type, request.bundle, request.listed, request.algorithm, request.remembered, said)
    jobs = plan(wanted, doors.files, doors.images)
    token, state = cache(doors.token), cache(doors.state)  # opened at first need, and once however much there is to sign
    keys = [_signing_key(request.key, token, state, doors.clock)]
    if request.pq_key:
        keys.append(_pq_key(request.pq_key, keys[0], token, state, doors.clock))
        check_places((place for place in map(_pq_place, jobs) if place and not request.bundle), doors.files)
    payloads = [payload_of(job, wanted, doors.files, doors.tree) for job in jobs]
    work = [
        (job if key is keys[0] else replace(job, bundle=_pq_place(job)), payload, key)
        for job, payload in zip(jobs, payloads, strict=True)
        for key in keys
    ]
    bundles = [_signed(job, payload, key, request.actor, token(), state(), doors) for job, payload, key in work]
    places = [
        _put(job, bundle, said.type if said else PREDICATES.get(job.type, ""), doors)
        for (job, _, _), bundle in zip(work, bundles, strict=True)
    ]
    return [
        Signed(job.names, place, load(key.public_pem).fingerprint, Digest.sha256(payload))
        for (job, payload, key), place in zip(work, places, strict=True)
    ]


def sign_statement(payload: bytes, names: tuple[str, ...], key: str, bundle: str, actor: str, *, doors: SignDoors) -> Signed:
    """Sign a payload that is ready, such as the summary of a verification, and write its bundle; ``names`` are for the record.

    Raises UsageError, Denied (the key may not sign), Unavailable.
    """
    token, state = cache(doors.token), cache(doors.state)
    record = _signing_key(key, token, state, doors.clock)
    doors.files.write(bundle, _signed(Job(names, "statement", bundle), payload, record, actor, token(), state(), doors))
    return Signed(names, bundle, load(record.public_pem).fingerprint, Digest.sha256(payload))


def bundle_of(
    payload: bytes,
    names: tuple[str, ...],
    key: str,
    actor: str,
    *,
    token: Callable[[], SigningToken],
    state: Callable[[], SigningState],
    clock: Clock,
) -> tuple[bytes, str]:
    """Sign a payload that is ready for somebody elsewhere; return the bundle and the key's public half as PEM.

    Raises UsageError, Denied (the key may not sign), Unavailable.
    """
    record = _signing_key(key, token, state, clock)
    if record.ref.name != key:  # Defensive: a name, never an address in the token
        raise Denied(f"no key called {key[:60]}", _CREATE)
    state().write(_event(names, payload, record, actor, clock))  # raises Unavailable: no record, no signature
    bundle = write_bundle(payload, token().sign(record.ref, pae(payload)), load(record.public_pem).hint, [])
    verify_bundle(bundle, record.public_pem, "the bundle")
    return bundle, record.public_pem


def _pq_place(job: Job) -> str:
    """Return where the second bundle of a job goes: beside the first, a model's beside its folder, an image's to the image."""
    if job.image is not None and not job.bundle:
        return ""
    if job.type == "model" and posixpath.basename(job.bundle) == SIGNATURE:
        return posixpath.normpath(job.subjects[0]) + PQ_SUFFIX
    return job.bundle.removesuffix(BUNDLE_SUFFIX) + PQ_SUFFIX


def _pq_key(named: str, first: KeyRecord, token: Callable[[], SigningToken], state: Callable[[], SigningState], clock: Clock) -> KeyRecord:
    key = _signing_key(named, token, state, clock)
    if key.ref.type is not KeyType.ML_DSA_65 or first.ref.type is KeyType.ML_DSA_65:
        hint = "make one: pipeline-guard keys create NAME --type ml-dsa-65"
        raise UsageError("a hybrid signature has one classical key and one of type ml-dsa-65", hint)
    return key


def _put(job: Job, bundle: bytes, predicate_type: str, doors: SignDoors) -> str:
    """Write a bundle where it belongs; return where that is."""
    if job.image is not None and not job.bundle:
        return attach(job.subjects[0], job.image, bundle, predicate_type, doors.images)
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
    public = load(key.public_pem)
    if doors.certify and not public.is_post_quantum:  # no certificate of that kind verifies anywhere yet
        return doors.certify(payload, signature, key)
    stamps = [doors.stamp(signature)] if doors.stamp else []
    hint = public.described("software" if key.in_software else "token") if public.is_post_quantum else public.hint
    bundle = write_bundle(payload, signature, hint, stamps)
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
