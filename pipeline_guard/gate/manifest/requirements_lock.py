# SPDX-License-Identifier: Apache-2.0
"""A requirements file seen as a lock: what it pins exactly, for everything that looks at packages whatever wrote them down."""

from __future__ import annotations

import re

from pipeline_guard.gate.manifest.naming import pypi_name, source
from pipeline_guard.gate.manifest.requirements import Pin, Pins
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Checksum, Distribution, Ecosystem, Lock, Package, PackageSource

FORMAT = "requirements.txt"
_EXACT = re.compile(r"={2,3}\s*([^\s,*]+)")


def lock(pins: Pins) -> Lock:
    """Return the same as a lock; ``version`` of a package is "" where the file leaves it open."""
    packages = tuple(_package(pin, pins.path) for pin in pins.pins)
    return Lock(pins.path, FORMAT, Ecosystem.PYPI, "", packages, tuple(package.name for package in packages))


def _package(pin: Pin, path: str) -> Package:
    exact = next((found[1] for clause in pin.specifier.split(",") if (found := _EXACT.fullmatch(clause.strip()))), "")
    place = source("registry")
    if pin.kind == "vcs":
        place = PackageSource("git", pin.target, pin.revision)
    elif pin.kind == "url":
        place = PackageSource("url", pin.target)
    elif pin.kind == "path":
        place = source("path", pin.target)
    url = pin.target if pin.kind == "url" else ""
    files = tuple(Distribution(url=url, checksums=(Checksum(one.algorithm, one.value),), line=pin.line) for one in pin.hashes)
    if pin.kind == "url" and not files:
        files = (Distribution(url=url, line=pin.line),)
    return Package(Ecosystem.PYPI, pypi_name(pin.name), exact, Location(path, pin.line), place, files)
