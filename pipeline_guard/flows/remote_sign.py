# SPDX-License-Identifier: Apache-2.0
"""Signing through a broker: digests are made here, the signature there; what comes back is checked before it is written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from pipeline_guard.errors import IntegrityError, UsageError
from pipeline_guard.flows.images import OpenImages
from pipeline_guard.flows.payloads import SubjectFiles, Wanted, payload_of, plan
from pipeline_guard.flows.sign import Signed
from pipeline_guard.flows.subjects import Folders
from pipeline_guard.model.statement import VerifiedStatement
from pipeline_guard.sign.verify import verify_bundle


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
    if any(job.type == "model" or job.image for job in jobs) or wanted.predicate:
        raise UsageError("the broker signs blobs and provenance of files", "leave models, images and predicates to a machine with the key")
    done = []
    for job in jobs:
        # the digests are those of a plain statement, whatever the broker makes of them
        ours = payload_of(replace(job, type="blob"), wanted, doors.files, doors.tree)
        subjects = [{"name": each["name"], "sha256": each["digest"]["sha256"]} for each in json.loads(ours)["subject"]]
        answer = doors.signer.sign({"key": key, "type": job.type, "subjects": subjects})
        done.append((job, *_checked(answer, subjects, job.bundle)))
    for job, bundle, _ in done:
        doors.files.write(job.bundle, bundle)
    return [Signed(job.names, job.bundle, found.key_fingerprint, found.payload_digest) for job, _, found in done]


def _checked(answer: Mapping[str, Any], subjects: Sequence[Mapping[str, str]], name: str) -> tuple[bytes, VerifiedStatement]:
    """Return the bundle of an answer, and what it says, if it signs exactly what was asked for; raise IntegrityError for any other."""
    found, pem = answer.get("bundle"), answer.get("public_key")
    if not isinstance(found, dict) or not isinstance(pem, str):
        raise IntegrityError(f"{name}: the broker's answer holds no bundle", "are both of the same version?")
    bundle = json.dumps(found, separators=(",", ":")).encode("utf-8") + b"\n"
    statement = verify_bundle(bundle, pem, name)
    said = [{"name": each.name, "sha256": each.digest.hex} for each in statement.subjects]
    if said != list(subjects):
        raise IntegrityError(f"{name}: the broker signed something else", "tell who runs it")
    return bundle, statement
