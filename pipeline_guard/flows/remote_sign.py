# SPDX-License-Identifier: Apache-2.0
"""Signing for a job that proves who it is: it sends digests, and gets a bundle; it never holds a key or a PIN.

What the provenance says of the build comes from the job's verified claims and from nothing else (SLSA: the build level's
"unforgeable"); of the job's own words only names and digests of subjects get in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline_guard.errors import Denied, UsageError
from pipeline_guard.keys.lifecycle import check_protects
from pipeline_guard.keys.period import current
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.identity import VerifiedClaims
from pipeline_guard.model.key import KeyRecord, KeyType, KeyUsage
from pipeline_guard.model.subject import Subject
from pipeline_guard.ports import AuditSink, Clock, KeyLedger, Signer
from pipeline_guard.sign.bundle import write_bundle
from pipeline_guard.sign.dsse import pae
from pipeline_guard.sign.provenance import build_facts, provenance_payload
from pipeline_guard.sign.public_key import load
from pipeline_guard.sign.verify import verify_bundle

MOST_SUBJECTS = 1024
_LONGEST_NAME = 512  # characters
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class RemoteState(KeyLedger, AuditSink, Protocol):
    """The store's part in it."""


@dataclass(frozen=True, slots=True)
class RemoteSignDoors:
    """What signing for others needs; the key's name is the broker's configuration, never the job's wish."""

    actor: str
    clock: Clock
    token: Signer
    state: RemoteState


@dataclass(frozen=True, slots=True)
class RemotelySigned:
    """A bundle for a job, and which version of which key made it."""

    bundle: bytes
    key: str
    version: int


def remote_sign(
    unverified_digests: Mapping[str, str], claims: VerifiedClaims, key: str, *, doors: RemoteSignDoors, policy_digest: str = ""
) -> RemotelySigned:
    """Return a bundle of SLSA provenance over ``unverified_digests`` (name -> ``sha256:HEX``) for the job behind ``claims``.

    The record is written first: no record, no signature. Raises UsageError for what the job sent, Denied where its token does not
    tell enough to say anything of the build or where the key may not sign, Unavailable.
    """
    subjects = _subjects(unverified_digests)
    facts = build_facts(claims)
    record = _key(key, doors)
    payload = provenance_payload(subjects, claims)
    doors.state.write(
        AuditEvent(
            time=doors.clock.now(),
            actor=doors.actor,
            action="sign",
            object=", ".join(subject.name for subject in subjects)[:1000],
            outcome="granted",
            why=f"key {record.ref.name} version {record.ref.version} for {facts.run}"[:1000],
            policy_digest=policy_digest,
            request_digest=Digest.sha256(payload).hex,
        )
    )
    signature = doors.token.sign(record.ref, pae(payload))
    bundle = write_bundle(payload, signature, load(record.public_pem).hint)
    verify_bundle(bundle, record.public_pem, "the bundle")  # Defensive: what does not verify here must not leave
    return RemotelySigned(bundle, record.ref.name, record.ref.version)


def _subjects(unverified_digests: Mapping[str, str]) -> Sequence[Subject]:
    """Return subjects by name; raise UsageError for too many, for digests that are none, for names that could deceive a reader."""
    if not unverified_digests:
        raise UsageError("no digest was sent to be signed", "send each artifact's name and its sha256")
    if len(unverified_digests) > MOST_SUBJECTS:
        raise UsageError(f"more than {MOST_SUBJECTS} digests were sent at once", "sign them in several bundles")
    found = []
    for name, text in sorted(unverified_digests.items()):
        if not name or len(name) > _LONGEST_NAME or _CONTROL.search(name):
            raise UsageError("a name that was sent is empty, too long, or holds control characters", "name artifacts as their files are")
        digest = Digest.parse(text)
        if digest.algorithm not in ("sha256", "sha512"):
            raise UsageError("a digest that was sent is of a kind that is not signed", "send sha256:HEX or sha512:HEX")
        found.append(Subject(name, digest))
    return found


def _key(name: str, doors: RemoteSignDoors) -> KeyRecord:
    now = doors.clock.now()
    record = current(doors.state.versions(name), now)
    if record is None:
        raise UsageError(f"no key called {name[:60]}", f"pipeline-guard keys create {name[:60]}")
    if record.ref.usage is not KeyUsage.SIGN or record.ref.type is KeyType.RSA_2048:
        raise Denied(f"key {record.ref.name} does not sign for jobs: it is {record.ref.type.value}", "use a key made for this alone")
    check_protects(record, now)
    return record
