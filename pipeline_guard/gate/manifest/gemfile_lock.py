# SPDX-License-Identifier: Apache-2.0
"""``Gemfile.lock`` as facts, its optional CHECKSUMS included.

Source: bundler's ``lockfile_parser.rb``. Sections begin at the margin; specs are indented by four, their needs by six.
"""

from __future__ import annotations

import re

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.manifest.naming import source
from pipeline_guard.gate.manifest.reading import decode
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Checksum, Distribution, Ecosystem, Lock, Package, PackageSource

_SECTION = re.compile(r"[A-Z][A-Z ]+")
_SPEC = re.compile(r"    (\S+) \(([^()]+)\)")
_NEED = re.compile(r"      (\S+?)!?(?: \(.*\))?")
_OPTION = re.compile(r"  ([a-z]+): (.+)")
_CHECKSUM = re.compile(r"  (\S+) \(([^()]+)\)((?: \S+)*)")
_DIRECT = re.compile(r"  (\S+?)!?(?: \(.*\))?!?")
_PLACES = {"GEM": "registry", "GIT": "git", "PATH": "path", "PLUGIN SOURCE": "unknown"}
_CONFLICT = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")


def parse(content: bytes, path: str) -> Lock:
    """Read a lock; ``version`` is "checksums" where it has that section."""
    section = ""
    options: dict[str, str] = {}
    found: list[tuple[str, str, int, PackageSource, list[str]]] = []
    checksums: dict[tuple[str, str], tuple[Checksum, ...]] = {}
    direct: list[str] = []
    sections: set[str] = set()
    for number, line in enumerate(decode(content, path).split("\n"), start=1):
        line = line.rstrip()
        if not line:
            continue
        if line.startswith(_CONFLICT):
            raise UsageError(f"{path}:{number}: an unresolved merge conflict")
        if _SECTION.fullmatch(line):
            section, options = line, {}
            sections.add(line)
        elif section in _PLACES:
            _spec(line, section, options, found, number, path)
        elif section == "CHECKSUMS":
            matched = _CHECKSUM.fullmatch(line)
            if matched is None:
                raise UsageError(f"{path}:{number}: not a line of CHECKSUMS", "bundle lock --add-checksums makes it anew")
            values = [value.partition("=") for word in matched[3].split() for value in word.split(",")]
            checksums[matched[1], matched[2]] = tuple(Checksum(name.lower(), value) for name, _, value in values)
        elif section == "DEPENDENCIES" and (named := _DIRECT.fullmatch(line)):
            direct.append(named[1])
    packages = []
    for name, version, line_number, place, requires in found:
        files: tuple[Distribution, ...] = ()
        if place.kind == "registry":
            files = (Distribution(checksums=checksums.get((name, version), ()), line=line_number),)
        packages.append(Package(Ecosystem.RUBYGEMS, name, version, Location(path, line_number), place, files, requires=tuple(requires)))
    return Lock(path, "Gemfile.lock", Ecosystem.RUBYGEMS, "checksums" if "CHECKSUMS" in sections else "", tuple(packages), tuple(direct))


def _spec(
    line: str, section: str, options: dict[str, str], found: list[tuple[str, str, int, PackageSource, list[str]]], number: int, path: str
) -> None:
    option, spec = _OPTION.fullmatch(line), _SPEC.fullmatch(line)
    if line == "  specs:" or line.startswith("    type"):
        return
    if option:
        if option[1] == "remote" and "remote" in options:
            options["more"] = option[2]  # several remotes in one section: any may answer
        options.setdefault(option[1], option[2])
    elif spec:
        kind = _PLACES[section]
        remote = options.get("remote", "")
        place = PackageSource("git", remote, options.get("revision", "")) if kind == "git" else source(kind, remote)
        found.append((spec[1], spec[2], number, place, []))
    elif found and (need := _NEED.fullmatch(line)):
        found[-1][4].append(need[1])
    else:
        raise UsageError(f"{path}:{number}: not a line of Gemfile.lock", "bundle lock makes it anew")
