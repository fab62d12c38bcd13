# SPDX-License-Identifier: Apache-2.0
"""Container images: named, given a signature as a referrer, and found signed. The manifest is what is signed; it names all the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from pipeline_guard.errors import IntegrityError
from pipeline_guard.flows.subjects import Folders
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.image import LAYOUT, Descriptor, ImageReference
from pipeline_guard.model.subject import Subject
from pipeline_guard.model.tree_entry import Piece
from pipeline_guard.ports import Images, ImageWriter
from pipeline_guard.sign.image import EMPTY, MAX_MANIFEST, brings_bundle, bundle_in, bundles_among, parts, referrer

_MOST = 200  # signatures of one image that are looked at, and manifests of one index
_CHANGED = "the layout is incomplete or was changed; copy the image again"


class ImagePlace(Images, ImageWriter, Protocol):
    """Images, read and written."""


OpenImages = Callable[[ImageReference], ImagePlace]


def image_subject(text: str, images: OpenImages) -> tuple[Subject, Descriptor]:
    """Look an image up. Raises NothingToDo where it is not there."""
    reference = ImageReference.parse(text)
    found, _ = images(reference).manifest(reference)
    return Subject(reference.name, found.digest), found


def attach(text: str, image: Descriptor, bundle: bytes, predicate_type: str, images: OpenImages) -> str:
    """Put a bundle beside an image; return where it is."""
    place = images(ImageReference.parse(text))
    manifest, listed = referrer(image, bundle, predicate_type)
    place.put_blob(EMPTY)
    place.put_blob(bundle)
    place.put_referrer(manifest, listed, image.digest)
    return f"{text.partition('@')[0]}@{listed.digest}"


def places_of(text: str, image: Digest, images: OpenImages) -> list[str]:
    """Return where the bundles of an image are, each named by its manifest. Nothing of it is trusted: what they lead to is verified."""
    place = images(ImageReference.parse(text))
    found, unclear = bundles_among(place.referrers(image))
    if len(found) + len(unclear) > _MOST:
        raise IntegrityError(f"{text}: more than {_MOST} signatures", "have old ones taken away, or name one with --bundle FILE")
    found += [one for one in unclear if brings_bundle(place.content(one.digest, MAX_MANIFEST, manifest=True), text)]
    return [f"{text.partition('@')[0]}@{listed.digest}" for listed in found]


def bundle_at(place: str, images: OpenImages) -> bytes:
    """Read one bundle. Raises IntegrityError where there is none."""
    reference = ImageReference.parse(place)
    if reference.digest is None:
        raise IntegrityError(f"{place}: no signature there", "pipeline-guard sign makes it; --bundle names another place")
    registry = images(reference)
    return registry.content(*bundle_in(registry.content(reference.digest, MAX_MANIFEST, manifest=True), place))


def check_layout(text: str, images: OpenImages, tree: Folders) -> None:
    """Hash everything an image in a layout consists of; a registry's client does that when it pulls.

    Raises IntegrityError where something is missing or other than the manifest says.
    """
    reference = ImageReference.parse(text)
    if reference.transport != LAYOUT:
        return
    place = images(reference)
    _, manifest = place.manifest(reference)
    blobs = dict(_blobs(manifest, place, text))
    present = {entry.name: entry for entry in tree.entries(reference.place) if not entry.is_folder}
    pieces = {digest: f"blobs/{digest.algorithm}/{digest.hex}" for digest in blobs}
    for digest, name in pieces.items():
        if name not in present or present[name].size != blobs[digest]:
            raise IntegrityError(f"{text}: {digest} is missing or of another length", _CHANGED)
    for algorithm in sorted({digest.algorithm for digest in pieces}):
        wanted = [digest for digest in pieces if digest.algorithm == algorithm]
        found = tree.digests(reference.place, [Piece(pieces[digest], present[pieces[digest]].stamp) for digest in wanted], algorithm)
        for digest, value in zip(wanted, found, strict=True):
            if digest.hex != value:
                raise IntegrityError(f"{text}: the content of {digest} was changed", _CHANGED)


def _blobs(manifest: bytes, place: ImagePlace, name: str) -> Iterator[tuple[Digest, int]]:
    waiting, seen = [manifest], set[Digest]()
    while waiting:
        manifests, blobs = parts(waiting.pop(), name)
        yield from blobs
        for digest, size in manifests:
            if digest in seen:
                continue
            seen.add(digest)
            if len(seen) > _MOST:
                raise IntegrityError(f"{name}: more than {_MOST} manifests in one image", _CHANGED)
            content = place.content(digest, MAX_MANIFEST, manifest=True)
            if len(content) != size:
                raise IntegrityError(f"{name}: {digest} is of another length", _CHANGED)
            waiting.append(content)
