# SPDX-License-Identifier: Apache-2.0
"""Container images: where one is, and what names it exactly (OCI image specification 1.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline_guard.errors import UsageError
from pipeline_guard.model.digest import Digest

LAYOUT, REGISTRY = "oci:", "docker://"
_HINT = "write oci:FOLDER:TAG, docker://HOST/NAME:TAG, or @sha256:... in place of the tag"
# distribution specification 1.1, "Pulling manifests"
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_HOST = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What OCI calls a descriptor: type, SHA-256 and size of some content, and what is said of it."""

    media_type: str
    digest: Digest
    size: int
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImageReference:
    """One image: ``place`` is a layout's folder or a registry's host, ``repository`` is "" for a layout; tag or digest may be missing."""

    transport: str
    place: str
    repository: str
    tag: str
    digest: Digest | None

    @property
    def name(self) -> str:
        """What a statement calls the image: without tag, which moves."""
        return f"{self.place}/{self.repository}" if self.repository else self.place.rstrip("/").rpartition("/")[2] or self.place

    @staticmethod
    def parse(text: str) -> ImageReference:
        """Read a reference as skopeo writes it. Raises UsageError."""
        rest, at, given = text.partition("@")
        digest = Digest.parse(given) if at else None
        if digest is not None and digest.algorithm != "sha256":
            raise UsageError(f"{text[:200]}: images are named by SHA-256 here", _HINT)
        if rest.startswith(LAYOUT):
            folder, _, tag = rest[len(LAYOUT) :].partition(":")
            if not folder or (tag and not _TAG.fullmatch(tag)):
                raise UsageError(f"{text[:200]}: not an image", _HINT)
            return ImageReference(LAYOUT, folder, "", tag, digest)
        host, _, path = rest.removeprefix(REGISTRY).partition("/")
        repository, _, tag = path.partition(":")
        right = rest.startswith(REGISTRY) and _HOST.fullmatch(host) and _REPOSITORY.fullmatch(repository) and len(repository) < 256
        if not right or (":" in path and not _TAG.fullmatch(tag)):
            raise UsageError(f"{text[:200]}: not an image", _HINT)
        return ImageReference(REGISTRY, host, repository, tag, digest)


def is_image(subject: str) -> bool:
    """Tell whether a subject is meant as an image; a file of such a name is written ./oci:..."""
    return subject.startswith((LAYOUT, REGISTRY))
