# SPDX-License-Identifier: Apache-2.0
"""The organisation's own package names, resolved from a public registry (dependency confusion)."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.manifest.naming import is_listed
from pipeline_guard.gate.places import is_default, take_apart
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Lock, Package


def check(facts: Lock, settings: GateSettings) -> Iterator[Problem]:
    """Give every package whose name policy calls internal and whose place is the public registry, named or by default."""
    if not settings.dependencies.internal:
        return
    for package in facts.packages:
        if is_listed(package.name, settings.dependencies.internal, package.ecosystem) and _is_public(package):
            yield Problem(
                Location(facts.path, package.location.line),
                f"{package.name} {package.version}".strip(),
                "bind the name to the organisation's registry (npm: @scope:registry, uv: an explicit index), and make the lock anew",
            )


def _is_public(package: Package) -> bool:
    if package.source.kind != "registry":
        return False
    urls = [url for url in (package.source.location, *(file.url for file in package.files)) if "://" in url]
    if not urls:
        return not package.source.location
    return any(is_default(package.ecosystem, take_apart(url).host) for url in urls)


RULE = Rule(
    "lock-internal-name",
    Kind.LOCK,
    "from a public registry",
    "anybody can publish a package of that name there, and give it a higher version",
    check,
)
