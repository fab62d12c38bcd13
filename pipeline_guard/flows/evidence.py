# SPDX-License-Identifier: Apache-2.0
"""Bundles as evidence: read where they lie, judged once however many subjects they speak of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from pipeline_guard.errors import IntegrityError, UsageError
from pipeline_guard.flows.images import ImagePlace, OpenImages, bundle_at, check_layout, image_subject, places_of
from pipeline_guard.flows.subjects import Folders, Said
from pipeline_guard.flows.trust import Trust, judged
from pipeline_guard.model.image import ImageReference, is_image
from pipeline_guard.model.subject import Subject
from pipeline_guard.ports import Clock, Files
from pipeline_guard.sign.bundle import MAX_BUNDLE


def no_images(reference: ImageReference) -> ImagePlace:
    """Stand in where images are not looked at."""
    raise UsageError(f"the image {reference.name} cannot be looked at here", "pipeline-guard verify does it")


class Places(Protocol):
    """Where bundles may lie."""

    @property
    def files(self) -> Files:
        """Files of the caller."""
        ...

    @property
    def tree(self) -> Folders:
        """Folders of the caller."""
        ...

    @property
    def images(self) -> OpenImages:
        """Container images."""
        ...

    @property
    def clock(self) -> Clock:
        """The time."""
        ...


def read_at(place: str, doors: Places) -> bytes:
    """Read a bundle, of a file or beside an image. Raises IntegrityError or UsageError."""
    return bundle_at(place, doors.images) if is_image(place) else doors.files.read(place, MAX_BUNDLE)


def is_there(place: str, doors: Places) -> bool:
    """Tell whether something is there; what an image lists is taken to be, until it is read."""
    return is_image(place) or doors.files.kind(place) != "missing"


def look_at_image(text: str, doors: Places) -> tuple[Subject, list[str]]:
    """Return an image, all of it hashed where it lies in a folder, and where bundles of it are. Raises NothingToDo, IntegrityError."""
    found, _ = image_subject(text, doors.images)
    check_layout(text, doors.images, doors.tree)
    return found, places_of(text, found.digest, doors.images)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What bundles say to one who trusts ``trust``; each is read and judged once."""

    trust: Trust
    doors: Places
    _seen: dict[str, Said | IntegrityError | UsageError] = field(default_factory=dict)

    def said(self, place: str) -> Said:
        """Return what a bundle says. Raises NotVerified, IntegrityError or UsageError, the same each time."""
        if place not in self._seen:
            try:
                content = read_at(place, self.doors)
                self._seen[place] = Said.by(judged(content, self.trust, self.doors.clock.now(), place), place)
            except (IntegrityError, UsageError) as error:
                self._seen[place] = error
        found = self._seen[place]
        if isinstance(found, Said):
            return found
        raise found
