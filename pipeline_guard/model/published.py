# SPDX-License-Identifier: Apache-2.0
"""A version of a package as its registry publishes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pipeline_guard.model.package import Checksum


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """One file of a version; ``name`` is "" where a version has but one."""

    name: str
    checksums: tuple[Checksum, ...] = ()


@dataclass(frozen=True, slots=True)
class Published:
    """``state`` is what the registry says of the version, ``why`` its words; ``uploaded`` None where it does not say.

    ``attested`` tells whether provenance is published with it, ``attested_before`` whether an earlier version had some; None where
    this registry has no such thing.
    """

    files: tuple[PublishedFile, ...] = ()
    state: Literal["active", "yanked", "quarantined", "deprecated", "archived"] = "active"
    why: str = ""
    uploaded: datetime | None = None
    attested: bool | None = None
    attested_before: bool | None = None
