# SPDX-License-Identifier: Apache-2.0
"""Lists of manifests (OCI image index), read strictly enough and written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline_guard.errors import IntegrityError, UsageError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.document import parse_json
from pipeline_guard.model.image import Descriptor

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFESTS = (
    INDEX,
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
MAX_INDEX = 4 * 1024 * 1024  # distribution specification 1.1: what a registry must take at least, and what clients push at most
_HINT = "the registry or layout is damaged; push the image again"


def entries(content: bytes, name: str) -> list[Mapping[str, Any]]:
    """Return the entries of an index as they are. Raises IntegrityError for anything that is none."""
    try:
        document = parse_json(content, name, limit=MAX_INDEX)
    except UsageError as error:
        raise IntegrityError(error.what, _HINT) from None
    manifests = document.get("manifests") if isinstance(document, dict) else None
    if not isinstance(manifests, list) or not all(isinstance(entry, dict) for entry in manifests):
        raise IntegrityError(f"{name}: not an image index", _HINT)
    return manifests


def descriptor(entry: Mapping[str, Any], name: str) -> Descriptor:
    """Read one entry. Raises IntegrityError where it is not one."""
    media_type, size, artifact_type = entry.get("mediaType"), entry.get("size"), entry.get("artifactType", "")
    annotations = entry.get("annotations") or {}
    regular = isinstance(media_type, str) and isinstance(size, int) and size >= 0 and isinstance(artifact_type, str)
    if not regular or not isinstance(annotations, dict) or not isinstance(entry.get("digest"), str):
        raise IntegrityError(f"{name}: a descriptor is malformed", _HINT)
    try:
        digest = Digest.parse(entry["digest"])
    except UsageError:
        raise IntegrityError(f"{name}: a descriptor has no usable digest", _HINT) from None
    texts = {key: value for key, value in annotations.items() if isinstance(value, str)}
    return Descriptor(str(media_type), digest, int(entry["size"]), artifact_type, texts)


def entry_of(listed: Descriptor) -> dict[str, Any]:
    """Return a descriptor as an index has it."""
    found: dict[str, Any] = {"mediaType": listed.media_type, "digest": str(listed.digest), "size": listed.size}
    if listed.artifact_type:
        found["artifactType"] = listed.artifact_type
    if listed.annotations:
        found["annotations"] = dict(listed.annotations)
    return found


def index_of(manifests: Sequence[Mapping[str, Any]]) -> bytes:
    """Write an index."""
    document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(manifests)}
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def with_referrer(manifests: Sequence[Mapping[str, Any]], listed: Descriptor) -> list[Mapping[str, Any]]:
    """Add a referrer to a list, once."""
    others = [entry for entry in manifests if entry.get("digest") != str(listed.digest)]
    return [*others, entry_of(listed)]


def referrers_tag(subject: Digest) -> str:
    """Return the tag under which registries without a referrers API keep the list (distribution specification 1.1)."""
    return f"{subject.algorithm}-{subject.hex}"


def checked(content: bytes, digest: Digest, name: str) -> bytes:
    """Return the content if it has the digest. Raises IntegrityError otherwise."""
    if Digest.sha256(content) != digest:
        raise IntegrityError(f"{name}: the content is not {digest}", _HINT)
    return content
