# SPDX-License-Identifier: Apache-2.0
"""Which ecosystem orders its versions how."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from pipeline_guard.gate.versions import composer, maven, pep440, rubygems, semver
from pipeline_guard.model.package import Ecosystem

_LONGEST = 512  # characters; a version longer than that is none
_KEYS: dict[Ecosystem, Callable[[str], Any]] = {
    Ecosystem.PYPI: pep440.key,
    Ecosystem.NPM: semver.key,
    Ecosystem.GO: semver.key,
    Ecosystem.CRATES: semver.key,
    Ecosystem.HEX: semver.key,
    Ecosystem.SWIFT: semver.key,
    Ecosystem.ACTIONS: semver.key,
    Ecosystem.PUB: semver.pub_key,
    Ecosystem.NUGET: semver.nuget_key,
    Ecosystem.RUBYGEMS: rubygems.key,
    Ecosystem.PACKAGIST: composer.key,
    Ecosystem.MAVEN: maven.key,
}


def is_ordered(ecosystem: Ecosystem) -> bool:
    """Tell whether we know how this ecosystem orders versions."""
    return ecosystem in _KEYS


@lru_cache(maxsize=65_536)
def version_key(ecosystem: Ecosystem, version: str) -> Any:
    """Return what sorts as the version does among those of its ecosystem. Raises ValueError where there is no such order."""
    order = _KEYS.get(ecosystem)
    if order is None or len(version) > _LONGEST:
        raise ValueError(f"no version: {version[:80]!r}")
    return order(version)
