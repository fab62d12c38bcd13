# SPDX-License-Identifier: Apache-2.0
"""What both kinds of SBOM say: each package once, its files with hexadecimal hashes, who needs whom."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline_guard.model.package import Checksum, Package
from pipeline_guard.report.purl import purl

_LENGTHS = {"md5": 32, "sha1": 40, "sha256": 64, "sha384": 96, "sha512": 128}


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file of a package: its address, "" where the lock does not say, and (algorithm, hexadecimal) hashes."""

    url: str
    hashes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One package: ``needs`` are purls, ``optional`` where only development wants it."""

    purl: str
    name: str
    version: str
    artifacts: tuple[Artifact, ...]
    needs: tuple[str, ...]
    optional: bool
    place: str


def items(packages: Sequence[Package]) -> list[Item]:
    """Return every package that is not the project itself, ordered by purl."""
    groups: dict[str, list[Package]] = {}
    names: dict[tuple[str, str], set[str]] = {}
    for package in packages:
        if package.source.kind not in ("root", "link", "path"):
            groups.setdefault(purl(package), []).append(package)
            names.setdefault((package.ecosystem.value, package.name), set()).add(purl(package))
    found = []
    for address, same in sorted(groups.items()):
        first = same[0]
        artifacts = dict.fromkeys(
            Artifact(file.url, tuple(dict.fromkeys(hashed for hashed in map(_hex, file.checksums) if hashed)))
            for package in same
            for file in package.files
        )
        wanted = {(package.ecosystem.value, name) for package in same for name in package.requires}
        # a name that is pinned at several versions does not tell which one is needed
        needs = sorted({address for key in wanted if len(names.get(key, ())) == 1 for address in names[key]})
        optional = all(package.development for package in same)
        found.append(Item(address, first.name, first.version, tuple(artifacts), tuple(needs), optional, str(first.location)))
    return found


def _hex(checksum: Checksum) -> tuple[str, str] | None:
    """Return a checksum in hexadecimal, None where it is none that SBOMs have (Go's and NuGet's are over something else)."""
    value = checksum.value
    if checksum.form == "sri":
        try:
            value = base64.b64decode(value.removeprefix(f"{checksum.algorithm}-"), validate=True).hex()
        except (binascii.Error, ValueError):
            return None
    elif checksum.form != "hex":
        return None
    value = value.lower()
    fits = len(value) == _LENGTHS.get(checksum.algorithm) and not set(value) - set("0123456789abcdef")
    return (checksum.algorithm, value) if fits else None
