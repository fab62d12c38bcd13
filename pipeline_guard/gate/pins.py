# SPDX-License-Identifier: Apache-2.0
"""Requirements as packages, so that whatever is asked of locks can be asked of them."""

from __future__ import annotations

import re

from pipeline_guard.gate.manifest.requirements import Pins
from pipeline_guard.gate.osv import lookup_name
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Checksum, Distribution, Ecosystem, Package

_EXACT = re.compile(r"={2,3}\s*([^\s*]+)")


def packages(facts: Pins) -> list[Package]:
    """Return the requirements of an index that name one version; the others are failures of another check."""
    found = []
    for pin in facts.pins:
        exact = [match[1] for match in map(_EXACT.fullmatch, (clause.strip() for clause in pin.specifier.split(","))) if match]
        if pin.kind == "index" and exact:
            files = (Distribution(checksums=tuple(Checksum(item.algorithm, item.value) for item in pin.hashes), line=pin.line),)
            found.append(
                Package(Ecosystem.PYPI, lookup_name(Ecosystem.PYPI, pin.name), exact[0], Location(facts.path, pin.line), files=files)
            )
    return found
