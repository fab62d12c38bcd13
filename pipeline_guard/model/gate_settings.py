# SPDX-License-Identifier: Apache-2.0
"""What a gate demands and what it excuses, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class ArtifactDemand:
    """Paths matching the glob ``path`` must carry a bundle made by ``key`` (a PEM file's path, or a key's name).

    ``bundle`` is where it lies; "" means beside the artifact.
    """

    path: str
    key: str
    bundle: str = ""


@dataclass(frozen=True, slots=True)
class Waived:
    """A failing check that is put up with: for paths matching ``path`` ("" for all), through the day ``until`` (ISO 8601)."""

    check: str
    reason: str
    until: str
    owner: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class DependencySettings:
    """Where packages may come from. ``registries`` maps an ecosystem's word ("npm", "pypi") to allowed hosts, in place of the defaults.

    ``internal`` are names, or prefixes that end with ``*``, that only the organisation's own registries may answer; ``minimum_age``
    is in days, by the upload times that locks claim.
    """

    registries: tuple[tuple[str, tuple[str, ...]], ...] = ()
    internal: tuple[str, ...] = ()
    minimum_age: int = 0


@dataclass(frozen=True, slots=True)
class GateSettings:
    """A gate's whole policy. ``digest`` is SHA-256 of the configuration, ``source`` tells people where it came from."""

    artifacts: tuple[ArtifactDemand, ...] = ()
    waivers: tuple[Waived, ...] = ()
    allow_unchecked: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    dependencies: DependencySettings = field(default_factory=DependencySettings)
    digest: str = ""
    source: str = "defaults"
    network: Literal["off", "try", "require"] = "off"
    second_opinions: tuple[str, ...] = ()
