# SPDX-License-Identifier: Apache-2.0
"""Entries of lock files that come from a place where packages of their ecosystem do not come from."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.places import Address, allowed_hosts, take_apart
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Ecosystem, Lock, Package

_SECURE = ("https", "oci", "ssh", "git+ssh", "git+https", "sparse+https", "hf")


# Ecosystems whose packages may be asked for by address, and where projects themselves publish such files.
_DIRECT = (Ecosystem.PYPI, Ecosystem.NPM)
FORGES = frozenset(
    ("github.com", "codeload.github.com", "api.github.com", "raw.githubusercontent.com", "gitlab.com", "bitbucket.org", "huggingface.co")
)


def check(facts: Lock, settings: GateSettings) -> Iterator[Problem]:
    """Give every address that is not https, names a user, or whose host may not serve the ecosystem.

    Packages asked for by their own URL may also come from a forge; git repositories may lie on any host.
    """
    ecosystems = {package.ecosystem for package in facts.packages}
    hosts = {ecosystem: allowed_hosts(ecosystem, settings.dependencies) for ecosystem in ecosystems}
    for package in facts.packages:
        allowed = hosts[package.ecosystem]
        if package.source.kind != "registry" and allowed is not None:
            allowed = allowed | FORGES if package.source.kind == "url" and package.ecosystem in _DIRECT else None
        for url, line in _addresses(package):
            address = take_apart(url)
            what = _judge(address, allowed)
            if what:
                fix = f"make the lock anew against the right registry, or allow the host under gate.dependencies.registries: {address.host}"
                yield Problem(Location(facts.path, line), f"{package.name} from {_shown(address)} {what}".rstrip(), fix)
                break


def _addresses(package: Package) -> Iterator[tuple[str, int]]:
    """Give the addresses of a package."""
    where = package.source.location
    if "://" in where:
        yield where, package.location.line
    elif package.ecosystem is Ecosystem.TERRAFORM and package.name.count("/") == 2:
        yield f"https://{package.name}", package.location.line
    for file in package.files:
        if "://" in file.url:
            yield file.url, file.line or package.location.line


def _judge(address: Address, hosts: frozenset[str] | None) -> str:
    if address.trouble:
        return address.trouble if "user" not in address.trouble or address.scheme not in ("ssh", "git+ssh") else ""
    if address.scheme == "file" or (address.scheme not in _SECURE and not address.host):
        return ""  # lock-unpinned looks at paths
    if address.scheme not in _SECURE:
        return "without TLS"
    return "" if hosts is None or address.host in hosts else "which is no allowed registry"


def _shown(address: Address) -> str:
    return f"{address.scheme}://{address.host}" if address.host else "an address"


RULE = Rule(
    "lock-source",
    Kind.LOCK,
    "",
    "the lock's own hash only proves that the file is what this place serves",
    check,
)
