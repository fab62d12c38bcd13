# SPDX-License-Identifier: Apache-2.0
"""Semantic Versioning 2.0.0 and its dialects: npm, Go, crates.io, Hex, Swift, Pub; and NuGet's with four numbers."""

from __future__ import annotations

import re
from typing import Any

# A leading "v" (Go, tags) and missing numbers are read kindly: records say "1.2" and mean 1.2.0.
_VERSION = re.compile(
    r"\s*[v=]?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:\.([0-9]+))?(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?\s*", re.ASCII
)
_RELEASE = (1,)


def key(version: str) -> Any:
    """Return what sorts as the version does; build metadata does not count. Raises ValueError for anything else."""
    numbers, pre, _ = _parts(version)
    if numbers[3]:
        raise ValueError(f"no version: {version[:80]!r}")
    return (*numbers[:3], pre)


def pub_key(version: str) -> Any:
    """Return Dart's order, in which build metadata counts (pub_semver, class Version)."""
    numbers, pre, build = _parts(version)
    if numbers[3]:
        raise ValueError(f"no version: {version[:80]!r}")
    return (*numbers[:3], pre, _identifiers(build) if build else ())


def nuget_key(version: str) -> Any:
    """Return NuGet's order: four numbers, pre-release labels without regard to case."""
    numbers, pre, _ = _parts(version.lower())
    return (*numbers, pre)


def _parts(version: str) -> tuple[tuple[int, int, int, int], Any, str]:
    found = _VERSION.fullmatch(version)
    if found is None:
        raise ValueError(f"no version: {version[:80]!r}")
    major, minor, patch, fourth, pre, build = found.groups()
    numbers = (int(major), int(minor or 0), int(patch or 0), int(fourth or 0))
    return numbers, (0, *_identifiers(pre)) if pre else _RELEASE, build or ""


def _identifiers(text: str) -> tuple[tuple[int, int, str], ...]:
    """Numbers come before words (SemVer 2.0.0, section 11.4)."""
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in text.split("."))
