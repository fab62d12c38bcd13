# SPDX-License-Identifier: Apache-2.0
"""What registries publish of the packages that a change brings in; without a network nobody can say, and that is said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.gate.facts import Kind, PublishedFacts
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.package import Package
from pipeline_guard.model.verdict import Unchecked
from pipeline_guard.ports import Registry

RULES = ("package-altered", "package-unpublished", "package-withdrawn", "provenance-lost")
_OFF = "no registry was asked: gate.network is off"


@dataclass(frozen=True, slots=True)
class Asked:
    """The answers; ``excused`` are checks that may stay open because policy does not insist."""

    found: tuple[tuple[Kind, PublishedFacts | Unchecked], ...] = ()
    excused: tuple[str, ...] = ()


def ask(packages: Sequence[Package], before: Sequence[Package], settings: GateSettings, registry: Callable[[str, str], Registry]) -> Asked:
    """Ask for every package of a registry that the merge target does not have already.

    Where policy names packages that must be attested, it wants to know: no answer is then excused for that, whatever the network.
    """
    asked = _ask(packages, before, settings, registry)
    if not settings.dependencies.attested:
        return asked
    return replace(asked, found=(*asked.found, *((Kind.ATTESTED, item) for _, item in asked.found)))


def _ask(packages: Sequence[Package], before: Sequence[Package], settings: GateSettings, registry: Callable[[str, str], Registry]) -> Asked:
    known = {package.key for package in before}
    wanted: dict[str, dict[tuple[str, str], list[Package]]] = {}
    for package in packages:
        if package.source.kind == "registry" and package.version and package.key not in known:
            wanted.setdefault(package.ecosystem.value, {}).setdefault((package.name, package.version), []).append(package)
    if not wanted:
        return Asked()
    excused = () if settings.network == "require" else RULES
    if settings.network == "off":
        first = next(iter(next(iter(wanted.values())).values()))[0]
        return Asked(((Kind.PUBLISHED, Unchecked(first.location.path, _OFF)),), excused)
    addresses = dict(settings.lookup)
    found: list[tuple[Kind, PublishedFacts | Unchecked]] = []
    for ecosystem, asked in wanted.items():
        if ecosystem not in addresses:
            path = next(iter(asked.values()))[0].location.path
            found.append((Kind.PUBLISHED, Unchecked(path, f"{len(asked)} packages of {ecosystem}: gate.lookup names no registry to ask")))
            continue
        found += _answers(asked, partial(registry, ecosystem, addresses[ecosystem]))
    return Asked(tuple(found), excused)


def _answers(
    asked: dict[tuple[str, str], list[Package]], registry: Callable[[], Registry]
) -> list[tuple[Kind, PublishedFacts | Unchecked]]:
    try:
        answers = registry().published(list(asked))
    except (Unavailable, UsageError) as error:
        return [(Kind.PUBLISHED, Unchecked(next(iter(asked.values()))[0].location.path, error.what))]
    found: list[tuple[Kind, PublishedFacts | Unchecked]] = []
    for packages, answer in zip(asked.values(), answers, strict=True):
        for package in packages:
            if isinstance(answer, Unavailable):
                found.append((Kind.PUBLISHED, Unchecked(package.location.path, f"{package.name} {package.version}: {answer.what}")))
            else:
                found.append((Kind.PUBLISHED, PublishedFacts(package, answer)))
    return found
