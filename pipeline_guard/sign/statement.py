# SPDX-License-Identifier: Apache-2.0
"""in-toto statements: made for blobs and builds, read whatever they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline_guard.errors import IntegrityError, UsageError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.document import parse_json
from pipeline_guard.model.subject import Subject
from pipeline_guard.sign.canonical import canonical

STATEMENT = "https://in-toto.io/Statement/v1"
READ_STATEMENTS = (STATEMENT, "https://in-toto.io/Statement/v0.1")
BLOB = "https://sigstore.dev/cosign/sign/v1"  # cosign's own word for "I sign this", with an empty predicate
PROVENANCE = "https://slsa.dev/provenance/v1"
# A local build has no control plane that could be named; a URN cannot be claimed by somebody else's domain.
LOCAL_BUILD = "urn:pipeline-guard:local-build:v1"
LOCAL_BUILDER = "urn:pipeline-guard:local-builder:v1"
_MAX_PAYLOAD = 32 * 1024 * 1024
_DIGESTS = ("sha256", "sha512", "sha384")  # the first of these that a subject has is the one that counts
_HINT = "the signer made an irregular statement; have the subject signed again"


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement's parts, as read from a payload."""

    subjects: tuple[Subject, ...]
    predicate_type: str
    predicate: Mapping[str, Any]


def blob_payload(subjects: Sequence[Subject]) -> bytes:
    """Return the payload that vouches for plain files."""
    return statement_payload(subjects, BLOB, {})


def local_provenance_payload(subjects: Sequence[Subject]) -> bytes:
    """Return SLSA provenance v1 of a build on this machine: nothing is claimed that nobody has checked."""
    predicate = {
        "buildDefinition": {"buildType": LOCAL_BUILD, "externalParameters": {}},
        "runDetails": {"builder": {"id": LOCAL_BUILDER}},
    }
    return statement_payload(subjects, PROVENANCE, predicate)


def statement_payload(subjects: Sequence[Subject], predicate_type: str, predicate: Mapping[str, Any]) -> bytes:
    """Return the payload that says ``predicate`` of ``subjects``: canonical, so that the same input gives the same bytes.

    Raises UsageError where two subjects share a name, or for values that have no canonical form.
    """
    for name, count in Counter(subject.name for subject in subjects).items():
        if count > 1:
            raise UsageError(f"two subjects are called {name}", "sign them with a bundle each")
    return canonical(
        {
            "_type": STATEMENT,
            "subject": [{"name": subject.name, "digest": {subject.digest.algorithm: subject.digest.hex}} for subject in subjects],
            "predicateType": predicate_type,
            "predicate": predicate,
        }
    )


def read_statement(payload: bytes, name: str) -> Statement:
    """Read a payload whose signature held; ``name`` is for messages. Raises IntegrityError for anything irregular."""
    try:
        document = parse_json(payload, name, limit=_MAX_PAYLOAD)
    except UsageError as error:
        raise IntegrityError(f"{error.what} (in the statement)", _HINT) from None
    if not isinstance(document, dict) or document.get("_type") not in READ_STATEMENTS:
        raise IntegrityError(f"{name}: the payload is no in-toto statement v1 or v0.1", _HINT)
    subjects = document.get("subject")
    if not isinstance(subjects, list) or not subjects:
        raise IntegrityError(f"{name}: the statement names no subject", _HINT)
    predicate_type, predicate = document.get("predicateType"), document.get("predicate")
    if not isinstance(predicate_type, str) or not predicate_type or not predicate_type.isascii() or not predicate_type.isprintable():
        raise IntegrityError(f"{name}: the statement has no usable predicateType", _HINT)
    if predicate is not None and not isinstance(predicate, dict):
        raise IntegrityError(f"{name}: the predicate is no JSON object", _HINT)
    return Statement(tuple(_subject(subject, name) for subject in subjects), predicate_type, predicate or {})


def _subject(value: Any, name: str) -> Subject:
    if not isinstance(value, dict) or not isinstance(value.get("digest"), dict):
        raise IntegrityError(f"{name}: a subject of the statement has no digest", _HINT)
    title = value.get("name", "")
    if not isinstance(title, str) or any("\ud800" <= character <= "\udfff" for character in title):
        raise IntegrityError(f"{name}: a subject of the statement has no usable name", _HINT)
    for algorithm in _DIGESTS:
        if algorithm in value["digest"]:
            return Subject(title, _digest(algorithm, value["digest"][algorithm], name))
    raise IntegrityError(f"{name}: a subject of the statement has no SHA-2 digest", _HINT)


def _digest(algorithm: str, value: Any, name: str) -> Digest:
    try:
        # only text: a number of 64 digits must not pass for a digest
        return Digest.parse(f"{algorithm}:{value if isinstance(value, str) else ''}")
    except UsageError:
        raise IntegrityError(f"{name}: a subject of the statement has a malformed digest", _HINT) from None
