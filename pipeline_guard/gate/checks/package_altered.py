# SPDX-License-Identifier: Apache-2.0
"""Locks whose hash is not the one that the registry publishes."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from pipeline_guard.gate.facts import Kind, PublishedFacts
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Checksum, Distribution
from pipeline_guard.model.published import PublishedFile


def check(facts: PublishedFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every hash of a kind that the registry publishes, too, and that is not among its own."""
    published = facts.published
    if published is None:
        return
    package = facts.package
    for file in package.files:
        candidates = _candidates(file, published.files)
        truth = {_spelling(checksum) for candidate in candidates for checksum in candidate.checksums}
        kinds = {(algorithm, form) for algorithm, form, _ in truth}
        for checksum in file.checksums:
            algorithm, form, value = _spelling(checksum)
            if (algorithm, form) in kinds and (algorithm, form, value) not in truth:
                what = (
                    f"{package.name} {package.version}{' ' + _name(file) if _name(file) else ''} with another {algorithm} than is published"
                )
                place = Location(package.location.path, file.line or package.location.line)
                yield Problem(place, what, f"lock {package.name} again from its registry, and find out who changed this line")


def _name(file: Distribution) -> str:
    return file.name or posixpath.basename(unquote(urlsplit(file.url).path)) if file.url or file.name else ""


def _candidates(file: Distribution, published: tuple[PublishedFile, ...]) -> list[PublishedFile]:
    """Return the published files that this one may be: the one of its name; all where names say nothing."""
    own = [each for each in published if each.name and each.name == _name(file)]
    return own or list(published)


def _spelling(checksum: Checksum) -> tuple[str, str, str]:
    if checksum.form == "hex":
        return checksum.algorithm, "hex", checksum.value.lower()
    return checksum.algorithm, checksum.form, checksum.value.removeprefix(f"{checksum.algorithm}-").removeprefix("h1:").rstrip("=")


RULE = Rule(
    "package-altered",
    Kind.PUBLISHED,
    "",
    "what would be installed is not what the author published",
    check,
)
