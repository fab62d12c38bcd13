# SPDX-License-Identifier: Apache-2.0
"""``gradle.lockfile``, Gradle's ``verification-metadata.xml``, ``pom.xml`` and Maven's trusted checksums as facts.

Sources: Gradle's "Locking versions" and "Verifying dependencies" pages; Maven Resolver's "Trusted Checksums" page. The hashes of both
tools lie in files of their own beside the versions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.manifest.markup import Element, read_xml
from pipeline_guard.gate.manifest.naming import source
from pipeline_guard.gate.manifest.reading import decode
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Checksum, Distribution, Ecosystem, Lock, Package

_LOCKED = re.compile(r"([^:=\s]+):([^:=\s]+):([^:=\s]+)=(\S*)")
_ALGORITHMS = ("md5", "sha1", "sha256", "sha512")
_SUMMARY = re.compile(r"([0-9a-fA-F]{32,128})\s+\*?(\S+)")


def parse_gradle(content: bytes, path: str) -> Lock:
    """Read ``gradle.lockfile`` (also ``buildscript-gradle.lockfile`` and the older ``*.lockfile`` a configuration)."""
    packages = []
    for number, line in enumerate(decode(content, path).split("\n"), start=1):
        line = line.strip()
        if not line or line.startswith(("#", "empty=")):
            continue
        found = _LOCKED.fullmatch(line) or _LOCKED.fullmatch(line + "=")
        if found is None:
            raise UsageError(f"{path}:{number}: not a line of a Gradle lock", "gradle dependencies --write-locks makes it anew")
        files = (Distribution(line=number),)
        packages.append(Package(Ecosystem.MAVEN, f"{found[1]}:{found[2]}", found[3], Location(path, number), source("registry"), files))
    return Lock(path, "gradle.lockfile", Ecosystem.MAVEN, "", tuple(packages))


def parse_verification(content: bytes, path: str) -> Lock:
    """Read ``verification-metadata.xml``; ``notes`` name what it trusts without looking."""
    root = read_xml(content, path)
    if root.name != "verification-metadata":
        raise UsageError(f"{path}:{root.line}: not Gradle's verification metadata")
    packages = []
    for component in root.descend("components", "component"):
        files = [
            Distribution(artifact.attributes.get("name", ""), checksums=tuple(_sums(artifact)), line=artifact.line)
            for artifact in component.children
            if artifact.name == "artifact"
        ]
        words = component.attributes
        name = f"{words.get('group', '')}:{words.get('name', '')}"
        place = Location(path, component.line)
        packages.append(Package(Ecosystem.MAVEN, name, words.get("version", ""), place, source("registry"), tuple(files)))
    return Lock(path, "verification-metadata.xml", Ecosystem.MAVEN, "", tuple(packages), notes=tuple(_relaxed(root, path)))


def _sums(artifact: Element) -> Iterator[Checksum]:
    for child in artifact.children:
        if child.name in _ALGORITHMS:
            yield Checksum(child.name, child.attributes.get("value", ""))
            yield from (Checksum(child.name, more.attributes.get("value", "")) for more in child.children if more.name == "also-trust")
        elif child.name in ("pgp", "ignored-keys"):
            yield Checksum("pgp", child.attributes.get("value", ""))


def _relaxed(root: Element, path: str) -> Iterator[tuple[Location, str]]:
    for setting in root.descend("configuration", "verify-metadata"):
        if setting.text.strip() == "false":
            yield Location(path, setting.line), "verify-metadata is off: the metadata of dependencies is trusted without looking"
    for trust in root.descend("configuration", "trusted-artifacts", "trust"):
        words = trust.attributes
        if not words.get("file") and (not words.get("group") or (words.get("regex") == "true" and words.get("group") in (".*", ".+"))):
            yield Location(path, trust.line), "trusted-artifacts without a group: everything it matches is trusted without looking"


def parse_pom(content: bytes, path: str) -> Lock:
    """Read ``pom.xml``: the dependencies and plugins that name an own version; properties of the same file are filled in."""
    root = read_xml(content, path)
    if root.name != "project":
        raise UsageError(f"{path}:{root.line}: not a Maven project")
    properties = {child.name: child.text.strip() for holder in root.children if holder.name == "properties" for child in holder.children}
    for name in ("groupId", "version"):
        properties[f"project.{name}"] = _child(root, name) or next((_child(p, name) for p in root.children if p.name == "parent"), "")
    packages, direct = [], []
    for element in root.walk():
        if element.name not in ("dependency", "plugin", "extension", "parent") or (
            element.name == "parent" and element not in root.children
        ):
            continue
        group = _filled(_child(element, "groupId") or ("org.apache.maven.plugins" if element.name == "plugin" else ""), properties)
        name, version = _filled(_child(element, "artifactId"), properties), _filled(_child(element, "version"), properties)
        if not group or not name:
            continue
        direct.append(f"{group}:{name}")
        if version:
            place = source("path", _child(element, "systemPath")) if _child(element, "scope") == "system" else source("registry")
            packages.append(Package(Ecosystem.MAVEN, f"{group}:{name}", version, Location(path, element.line), place))
    return Lock(path, "pom.xml", Ecosystem.MAVEN, "", tuple(packages), tuple(dict.fromkeys(direct)))


def _child(element: Element, name: str) -> str:
    return next((child.text.strip() for child in element.children if child.name == name), "")


def _filled(text: str, properties: dict[str, str]) -> str:
    for _ in range(4):
        text = re.sub(r"\$\{([^{}]{1,200})\}", lambda found: properties.get(found[1], found[0])[:500], text[:1000])
    return text


def parse_checksums(content: bytes, path: str) -> Lock:
    """Read a summary file of Maven's trusted checksums: ``HASH  GROUP/AS/PATH/artifact/version/file``, the algorithm in its name."""
    algorithm = path.lower().rpartition(".")[2].replace("-", "")
    packages = []
    for number, line in enumerate(decode(content, path).split("\n"), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        found = _SUMMARY.fullmatch(line)
        parts = found[2].split("/") if found else []
        if found is None or len(parts) < 4:
            raise UsageError(f"{path}:{number}: not a line of trusted checksums")
        name = f"{'.'.join(parts[:-3])}:{parts[-3]}"
        files = (Distribution(parts[-1], checksums=(Checksum(algorithm, found[1]),), line=number),)
        packages.append(Package(Ecosystem.MAVEN, name, parts[-2], Location(path, number), source("registry"), files))
    return Lock(path, "maven checksums", Ecosystem.MAVEN, "", tuple(packages))
