# SPDX-License-Identifier: Apache-2.0
"""A bundle beside an image: the manifest that refers to it (cosign 3, BUNDLE_SPEC), and what an image consists of."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pipeline_guard.errors import IntegrityError, UsageError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.document import parse_json
from pipeline_guard.model.image import Descriptor
from pipeline_guard.sign.bundle import MAX_BUNDLE, MEDIA_TYPE, READ_MEDIA_TYPES

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
MAX_MANIFEST = 4 * 1024 * 1024
EMPTY = b"{}"  # image specification 1.1, "Guidance for an Empty Descriptor"
_EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
_INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
_HINT = "push the image or its signature again"


def referrer(image: Descriptor, bundle: bytes, predicate_type: str) -> tuple[bytes, Descriptor]:
    """Return the manifest that brings a bundle to an image, and how it is to be listed; the same bundle gives the same manifest.

    There is no time of creation: nobody could trust it, and it would make the manifest another one each time.
    """
    digest = Digest.sha256(bundle)
    annotations = {"dev.sigstore.bundle.content": "dsse-envelope", "dev.sigstore.bundle.predicateType": predicate_type}
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": MEDIA_TYPE,
        "config": {"mediaType": _EMPTY_TYPE, "digest": str(Digest.sha256(EMPTY)), "size": len(EMPTY)},
        "layers": [
            {
                "mediaType": MEDIA_TYPE,
                "digest": str(digest),
                "size": len(bundle),
                "annotations": {"org.opencontainers.image.title": f"sha256-{digest.hex}.sigstore.json"},
            }
        ],
        "subject": {"mediaType": image.media_type, "digest": str(image.digest), "size": image.size},
        "annotations": annotations,
    }
    manifest = json.dumps(document, separators=(",", ":")).encode("ascii")
    return manifest, Descriptor(MANIFEST, Digest.sha256(manifest), len(manifest), MEDIA_TYPE, annotations)


def bundles_among(listed: Iterable[Descriptor]) -> tuple[list[Descriptor], list[Descriptor]]:
    """Choose the manifests that bring bundles, and those that must be looked into; the list is not trusted, what it leads to is verified.

    cosign lists its own, where a registry has no referrers API, under the type of their empty configuration.
    """
    listed = list(listed)
    return (
        [one for one in listed if one.artifact_type in READ_MEDIA_TYPES],
        [one for one in listed if one.artifact_type in ("", _EMPTY_TYPE) and one.media_type == MANIFEST],
    )


def brings_bundle(unverified_manifest: bytes, name: str) -> bool:
    """Tell whether a manifest says of itself that it brings a bundle. Raises IntegrityError where it is none."""
    return _document(unverified_manifest, name).get("artifactType") in READ_MEDIA_TYPES


def bundle_in(unverified_manifest: bytes, name: str) -> tuple[Digest, int]:
    """Return digest and size of a referrer's bundle, which itself says what it is about. Raises IntegrityError where there is none."""
    document = _document(unverified_manifest, name)
    layers = document.get("layers")
    if not isinstance(layers, list) or len(layers) != 1 or not isinstance(layers[0], dict):
        raise IntegrityError(f"{name}: a signature has exactly one layer", _HINT)
    if layers[0].get("mediaType") not in READ_MEDIA_TYPES:
        raise IntegrityError(f"{name}: the layer is no bundle", _HINT)
    digest, size = _place(layers[0], name)
    if size > MAX_BUNDLE:
        raise IntegrityError(f"{name}: the bundle is larger than {MAX_BUNDLE} bytes", _HINT)
    return digest, size


def parts(manifest: bytes, name: str) -> tuple[list[tuple[Digest, int]], list[tuple[Digest, int]]]:
    """Return what an image needs: manifests (of an index), and blobs. Raises IntegrityError for anything irregular."""
    document = _document(manifest, name)
    if "manifests" in document and ("layers" in document or "config" in document):  # readers would not agree on what it is
        raise IntegrityError(f"{name}: an image and an index at once", _HINT)
    if document.get("mediaType") in _INDEXES or "manifests" in document:
        return [_place(entry, name) for entry in _list(document.get("manifests"), name)], []
    blobs = [document.get("config"), *_list(document.get("layers"), name)]
    return [], [_place(entry, name) for entry in blobs]


def _document(content: bytes, name: str) -> dict[str, Any]:
    try:
        document = parse_json(content, name, limit=MAX_MANIFEST)
    except UsageError as error:
        raise IntegrityError(error.what, _HINT) from None
    if not isinstance(document, dict):
        raise IntegrityError(f"{name}: not a manifest", _HINT)
    return document


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise IntegrityError(f"{name}: not a manifest", _HINT)
    return value


def _place(entry: Any, name: str) -> tuple[Digest, int]:
    size = entry.get("size") if isinstance(entry, dict) else None
    if not isinstance(size, int) or isinstance(size, bool) or size < 0 or not isinstance(entry.get("digest"), str):
        raise IntegrityError(f"{name}: a descriptor is malformed", _HINT)
    try:
        digest = Digest.parse(entry["digest"])
    except UsageError:
        raise IntegrityError(f"{name}: a descriptor has no usable digest", _HINT) from None
    if digest.algorithm not in ("sha256", "sha512"):
        raise IntegrityError(f"{name}: a descriptor has no usable digest", _HINT)
    return digest, size
