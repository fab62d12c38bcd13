# SPDX-License-Identifier: Apache-2.0
"""Packages beside what is published of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pipeline_guard.gate.facts import PublishedFacts
from pipeline_guard.gate.rule import Problem
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Checksum, Distribution, Ecosystem, Package
from pipeline_guard.model.published import Published, PublishedFile

GOOD, OTHER = Checksum("sha256", "a" * 64), Checksum("sha256", "b" * 64)
WHEEL = "a-1-py3-none-any.whl"


def package(*checksums: Checksum, name: str = "", url: str = "") -> Package:
    return Package(Ecosystem.PYPI, "a", "1", Location("uv.lock", 3), files=(Distribution(name, url, checksums, line=4),))


def published(*files: tuple[str, Checksum], **further: Any) -> Published:
    return Published(tuple(PublishedFile(name, (checksum,)) for name, checksum in files), **further)


def problems(
    check: Callable[[PublishedFacts, GateSettings], Iterable[Problem]], own: Package, known: Published | None
) -> list[tuple[int, str]]:
    return [(each.location.line, each.what) for each in check(PublishedFacts(own, known), GateSettings())]
