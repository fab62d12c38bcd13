# SPDX-License-Identifier: Apache-2.0
"""What a gate demands and what it excuses, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
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
class GateSettings:
    """A gate's whole policy. ``digest`` is SHA-256 of the configuration, ``source`` tells people where it came from."""

    artifacts: tuple[ArtifactDemand, ...] = ()
    waivers: tuple[Waived, ...] = ()
    allow_unchecked: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    digest: str = ""
    source: str = "defaults"
    network: Literal["off", "try", "require"] = "off"
    second_opinions: tuple[str, ...] = ()
