# SPDX-License-Identifier: Apache-2.0
"""Signing through a broker: digests are made here, the signature there; what comes back is checked before it is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from pipeline_guard.errors import IntegrityError, UsageError
from pipeline_guard.flows.broker_model import model_fields
from pipeline_guard.flows.images import OpenImages, attach
from pipeline_guard.flows.payloads import PREDICATES, Job, SubjectFiles, Wanted, payload_of, plan
from pipeline_guard.flows.sign import Signed
from pipeline_guard.flows.subjects import Folders
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.statement import VerifiedStatement
from pipeline_guard.sign.verify import verify_bundle

LARGEST = 250 * 1024  # bytes of what is said of one bundle's subjects; a broker reads 256 KiB


class RemoteSigner(Protocol):
    """A broker that signs."""

    def sign(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Have a statement about digests signed. Raises Denied, IntegrityError, Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class RemoteDoors:
    """What it needs of this machine."""

    files: SubjectFiles
    tree: Folders
    images: OpenImages
    signer: RemoteSigner


def sign(wanted: Wanted, key: str, *, doors: RemoteDoors) -> list[Signed]:
    """Have every subject signed and write the bundles; nothing is written unless everything was signed.

    Raises UsageError, NothingToDo, Denied, IntegrityError (what came back is not what was asked for), Unavailable.
    """
    if not key:
        raise UsageError("no key to sign with", "name the broker's key with --key")
    jobs = plan(wanted, doors.files, doors.images)
    if wanted.predicate:
        raise UsageError("the broker says what it has verified", "leave predicates to a machine with the key")
    done = []
    for job in jobs:
        # the digests are those of a plain statement, whatever the broker makes of them
        ours = payload_of(job if job.type == "model" else replace(job, type="blob"), wanted, doors.files, doors.tree)
        about: dict[str, Any] = {"model": model_fields(ours)} if job.type == "model" else {"subjects": _subjects(ours)}
        if len(json.dumps(about)) > LARGEST:
            raise UsageError(f"{job.names[0]}: too many files for a broker", "sign it on a machine with the key")
        answer = doors.signer.sign({"key": key, "type": job.type, **about})
        done.append((job, *_checked(answer, ours, job)))
    return [Signed(job.names, _put(job, bundle, doors), found.key_fingerprint, found.payload_digest) for job, bundle, found in done]


def _put(job: Job, bundle: bytes, doors: RemoteDoors) -> str:
    """Write a bundle where it belongs: an image's to its registry; return where that is."""
    if job.image is not None and not job.bundle:
        return attach(job.subjects[0], job.image, bundle, PREDICATES[job.type], doors.images)
    doors.files.write(job.bundle, bundle)
    return job.bundle


def _subjects(payload: bytes) -> list[dict[str, str]]:
    return [{"name": each["name"], "sha256": each["digest"]["sha256"]} for each in json.loads(payload)["subject"]]


def _checked(answer: Mapping[str, Any], ours: bytes, job: Job) -> tuple[bytes, VerifiedStatement]:
    """Return the bundle of an answer, and what it says, if it signs exactly what was asked for; raise IntegrityError for any other."""
    name = job.bundle or job.names[0]
    found, pem = answer.get("bundle"), answer.get("public_key")
    if not isinstance(found, dict) or not isinstance(pem, str):
        raise IntegrityError(f"{name}: the broker's answer holds no bundle", "are both of the same version?")
    bundle = json.dumps(found, separators=(",", ":")).encode("utf-8") + b"\n"
    statement = verify_bundle(bundle, pem, name)
    said = [{"name": each.name, "sha256": each.digest.hex} for each in statement.subjects]
    if said != _subjects(ours) or (job.type == "model" and statement.payload_digest != Digest.sha256(ours)):
        raise IntegrityError(f"{name}: the broker signed something else", "tell who runs it")
    return bundle, statement
