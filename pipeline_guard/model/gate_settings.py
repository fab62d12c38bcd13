# SPDX-License-Identifier: Apache-2.0
"""What a gate demands and what it excuses, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal


@dataclass(frozen=True, slots=True)
class ArtifactDemand:
    """Paths matching the glob ``path`` must carry a bundle made by ``key`` (a PEM file's path, or a key's name).

    ``bundle`` is where it lies; "" means beside the artifact. ``commit`` "head" wants provenance of the commit that is judged.
    """

    path: str
    key: str
    bundle: str = ""
    commit: Literal["any", "head"] = "any"


@dataclass(frozen=True, slots=True)
class Waived:
    """A failing check that is put up with: for paths matching ``path`` ("" for all), through the day ``until`` (ISO 8601).

    ``advisory`` narrows it to one advisory, by any of its ids.
    """

    check: str
    reason: str
    until: str
    owner: str
    path: str = ""
    advisory: str = ""


@dataclass(frozen=True, slots=True)
class AdvisorySettings:
    """Where advisories come from, and which of them block.

    ``database`` is a file that ``advisories build`` made, ``service`` the address of an OSV API (asked only with a network);
    ``key`` must have signed the database; it may be ``max_age`` old. From ``threshold`` on a weakness blocks; ``unscored`` says
    whether one without a score does. ``scope`` "new" passes over what the merge target has already.
    """

    database: str = ""
    key: str = ""
    service: str = ""
    max_age: timedelta = timedelta(days=14)
    threshold: Literal["critical", "high", "medium", "low"] = "medium"
    unscored: Literal["block", "pass"] = "block"
    scope: Literal["new", "all"] = "new"


@dataclass(frozen=True, slots=True)
class PublishSettings:
    """How verdicts are published: under which ``name``, with which parts, and whether a job that may not publish fails."""

    name: str = "pipeline-guard"
    required: bool = False
    comment: bool = True
    sarif: bool = True


@dataclass(frozen=True, slots=True)
class DependencySettings:
    """Where packages may come from. ``registries`` maps an ecosystem's word ("npm", "pypi") to allowed hosts, in place of the defaults.

    ``internal`` are names, or prefixes that end with ``*``, that only the organisation's own registries may answer; ``minimum_age``
    is in days, by the upload times that locks claim. ``attested`` are names of the same form that must be published with provenance,
    ``wrappers`` the SHA-256 digests, in hexadecimal, of the build wrappers (``gradle-wrapper.jar``) that may lie in a repository.
    """

    registries: tuple[tuple[str, tuple[str, ...]], ...] = ()
    internal: tuple[str, ...] = ()
    minimum_age: int = 0
    attested: tuple[str, ...] = ()
    wrappers: tuple[str, ...] = ()


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
    publish: PublishSettings = field(default_factory=PublishSettings)
    second_opinions: tuple[str, ...] = ()
    advisories: AdvisorySettings = field(default_factory=AdvisorySettings)
    lookup: tuple[tuple[str, str], ...] = ()  # (ecosystem as OSV calls it, address)
