# SPDX-License-Identifier: Apache-2.0
"""Files in lock files whose name belongs to another package or version than the entry's."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.manifest.file_name import conda_fits, npm_fits, python_fits
from pipeline_guard.gate.places import take_apart
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Distribution, Ecosystem, Lock, Package


def check(facts: Lock, _settings: GateSettings) -> Iterator[Problem]:
    """Give every registry file whose name or address names another package or version; packages asked for by URL may be called anything."""
    for package in facts.packages:
        if package.source.kind != "registry":
            continue
        for file in package.files:
            if _differs(package, file):
                place = Location(facts.path, file.line or package.location.line)
                shown = _last(file.url) or file.name
                yield Problem(
                    place,
                    f"{package.name} {package.version} is {shown[:100]}",
                    "delete the entry and make it anew with the lock's own tool, then look at what changed",
                )
                break


def _differs(package: Package, file: Distribution) -> bool:
    """Tell whether a file certainly belongs to something else; what cannot be told apart does not count."""
    if package.ecosystem is Ecosystem.NPM:
        exact = take_apart(file.url).host in ("registry.npmjs.org", "registry.yarnpkg.com")
        return "://" in file.url and npm_fits(package.name, package.version, unquote(_path(file.url)), exact=exact) is False
    # what a parser took from the address itself needs no second look
    repeated = file.name and file.url.endswith("/" + file.name) and not any(mark in file.url for mark in "%?#")
    last = "" if repeated else _last(file.url)
    names = [name for name in (file.name, last if last != file.name else "") if name]
    if package.ecosystem is Ecosystem.PYPI:
        return any(python_fits(package.name, package.version, name) is False for name in names)
    if package.ecosystem is Ecosystem.CONDA:
        return any(conda_fits(package.name, package.version, name) is False for name in names)
    return False


def _path(url: str) -> str:
    at = url.find("/", url.find("://") + 3)
    return url[at:].partition("#")[0].partition("?")[0] if at >= 0 else ""


def _last(url: str) -> str:
    return unquote(_path(url).rpartition("/")[2]) if "://" in url else ""


RULE = Rule(
    "lock-name-mismatch",
    Kind.LOCK,
    "",
    "the entry says one package and installs another, its hash included",
    check,
)
