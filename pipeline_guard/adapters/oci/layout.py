# SPDX-License-Identifier: Apache-2.0
"""An OCI image layout: images in a folder (image specification 1.1, image-layout.md).

A referrer is listed twice: in index.json, where tools for layouts look, and in an index under the referrers tag, which survives a copy
to a registry without a referrers API.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline_guard.adapters.oci.index import (
    INDEX,
    MAX_INDEX,
    checked,
    descriptor,
    entries,
    entry_of,
    index_of,
    referrers_tag,
    with_referrer,
)
from pipeline_guard.errors import IntegrityError, NothingToDo, UsageError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.document import parse_json
from pipeline_guard.model.image import Descriptor, ImageReference
from pipeline_guard.ports import Files

_TAG = "org.opencontainers.image.ref.name"
_HINT = "name the folder that holds oci-layout and index.json"


class Layout:
    """One layout folder."""

    def __init__(self, folder: str, files: Files) -> None:
        self._folder = folder
        self._files = files

    def manifest(self, reference: ImageReference) -> tuple[Descriptor, bytes]:
        """Find an image by digest, by tag, or as the only one that there is."""
        found = [descriptor(entry, self._path("index.json")) for entry in self._index()]
        named = [one for one in found if _is_named(one, reference)]
        if not named:
            raise NothingToDo(f"{self._folder}: no such image", "skopeo inspect --raw shows what is there")
        if len({one.digest for one in named}) > 1:
            raise UsageError(f"{self._folder}: several images", "name one: oci:FOLDER:TAG or oci:FOLDER@sha256:...")
        content = self.content(named[0].digest, MAX_INDEX, manifest=True)
        if len(content) != named[0].size:
            raise IntegrityError(f"{self._path('index.json')}: gives another size for {named[0].digest}", "copy the layout again")
        return named[0], content

    def referrers(self, digest: Digest) -> Sequence[Descriptor]:
        """Return what the list under the referrers tag has, and what index.json lists with a type of its own."""
        name = self._path("index.json")
        listed = [descriptor(entry, name) for entry in self._listed(digest)]
        found = {one.digest: one for one in listed}
        for one in (descriptor(entry, name) for entry in self._index()):
            if one.artifact_type and one.digest not in found and self._refers(one, digest):
                found[one.digest] = one
        return list(found.values())

    def content(self, digest: Digest, limit: int, *, manifest: bool = False) -> bytes:  # noqa: ARG002 - one place for both
        """Return a blob, its digest checked."""
        path = self._path(f"blobs/{digest.algorithm}/{digest.hex}")
        if self._files.kind(path) != "file":
            raise IntegrityError(f"{path}: not there", "the layout is incomplete; copy it again")
        return checked(self._files.read(path, limit), digest, path)

    def put_blob(self, content: bytes) -> None:
        """Write a blob under its digest."""
        self._files.write(self._path(f"blobs/sha256/{Digest.sha256(content).hex}"), content)

    def put_referrer(self, manifest: bytes, listed: Descriptor, subject: Digest) -> None:
        """Write the manifest, then the list of referrers, then index.json: at each moment the layout is whole."""
        self.put_blob(manifest)
        before = self._listed(subject)
        content = index_of(with_referrer(before, listed))
        self.put_blob(content)
        tag = referrers_tag(subject)
        tagged = Descriptor(INDEX, Digest.sha256(content), len(content), annotations={_TAG: tag})
        others = [entry for entry in self._index() if not _is_tagged(entry, tag) and entry.get("digest") != str(listed.digest)]
        self._files.write(self._path("index.json"), index_of([*others, entry_of(listed), entry_of(tagged)]))

    def _index(self) -> list[Mapping[str, Any]]:
        path = self._path("index.json")
        if self._files.kind(self._path("oci-layout")) != "file" or self._files.kind(path) != "file":
            raise NothingToDo(f"{self._folder}: not an OCI image layout", _HINT)
        return entries(self._files.read(path, MAX_INDEX), path)

    def _refers(self, one: Descriptor, subject: Digest) -> bool:
        """Look into a manifest that index.json lists for nobody in particular."""
        try:
            document = parse_json(self.content(one.digest, MAX_INDEX, manifest=True), str(one.digest), limit=MAX_INDEX)
        except (IntegrityError, UsageError):  # not about this image as far as can be seen
            return False
        named = document.get("subject") if isinstance(document, dict) else None
        return isinstance(named, dict) and named.get("digest") == str(subject)

    def _listed(self, subject: Digest) -> list[Mapping[str, Any]]:
        tag = referrers_tag(subject)
        for entry in self._index():
            if _is_tagged(entry, tag):
                place = descriptor(entry, self._path("index.json"))
                return entries(self.content(place.digest, MAX_INDEX), tag)
        return []

    def _path(self, name: str) -> str:
        return posixpath.join(self._folder, name)


def _is_tagged(entry: Mapping[str, Any], tag: str) -> bool:
    annotations = entry.get("annotations")
    return isinstance(annotations, dict) and annotations.get(_TAG) == tag


def _is_named(one: Descriptor, reference: ImageReference) -> bool:
    if reference.digest is not None:
        return one.digest == reference.digest
    if reference.tag:
        return one.annotations.get(_TAG) == reference.tag
    is_list = one.annotations.get(_TAG, "").startswith("sha256-")
    return not one.artifact_type and not is_list
