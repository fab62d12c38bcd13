# SPDX-License-Identifier: Apache-2.0
"""``go.sum`` and ``go.mod`` as facts.

Source: the Go Modules Reference. ``go.sum`` has up to two lines a version: the module's zip and its ``go.mod``; a version
whose zip is not listed is not downloaded.
"""

from __future__ import annotations

import re

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.manifest.naming import source
from pipeline_guard.gate.manifest.reading import decode
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Checksum, Distribution, Ecosystem, Lock, Package

_MODULE = re.compile(r"[A-Za-z0-9._~!+/-]+")
_VERSION = re.compile(r"v[A-Za-z0-9._~+!-]+")
_DIRECTIVE = re.compile(r"(go|toolchain|module|require|replace|exclude|retract|tool|godebug|ignore)\b\s*(.*)")


def parse_sum(content: bytes, path: str) -> Lock:
    """Read ``go.sum``; a line that is there twice the same is harmless, one with another hash is an error."""
    known: dict[tuple[str, str], dict[str, tuple[Checksum, int]]] = {}
    for number, line in enumerate(decode(content, path).split("\n"), start=1):
        words = line.split()
        if not words:
            continue
        if len(words) != 3:
            raise UsageError(f"{path}:{number}: not a line of go.sum", "go mod tidy makes it anew")
        module, version, text = words
        algorithm, colon, value = text.partition(":")
        version, slash, part = version.partition("/go.mod")
        if not colon or part or not _MODULE.fullmatch(module) or not _VERSION.fullmatch(version):
            raise UsageError(f"{path}:{number}: not a line of go.sum", "go mod tidy makes it anew")
        checksum = Checksum("sha256" if algorithm == "h1" else algorithm, value, "h1")
        files = known.setdefault((module, version), {})
        name = "go.mod" if slash else "zip"
        if files.get(name, (checksum, 0))[0] != checksum:
            raise UsageError(f"{path}:{number}: another hash for {module[:80]} {version[:40]} than on line {files[name][1]}")
        files.setdefault(name, (checksum, number))
    packages = []
    for (module, version), found in known.items():
        distributions = tuple(Distribution(name, checksums=(checksum,), line=line) for name, (checksum, line) in found.items())
        packages.append(Package(Ecosystem.GO, module, version, Location(path, distributions[0].line), source("registry"), distributions))
    return Lock(path, "go.sum", Ecosystem.GO, "", tuple(packages))


def parse_mod(content: bytes, path: str) -> Lock:
    """Read ``go.mod``: what it requires, with what it replaces; ``direct`` are those without ``// indirect``."""
    required: dict[str, tuple[str, int, bool]] = {}
    replaced: dict[str, tuple[str, str, str, int]] = {}
    block = ""
    module = ""
    for number, line in enumerate(decode(content, path).split("\n"), start=1):
        bare, _, comment = line.partition("//")
        bare = bare.strip()
        if not bare:
            continue
        if block:
            if bare == ")":
                block = ""
                continue
            verb, rest = block, bare
        else:
            found = _DIRECTIVE.fullmatch(bare)
            if found is None:
                raise UsageError(f"{path}:{number}: not a line of go.mod", "go mod edit -fmt shows what is wrong")
            verb, rest = found[1], found[2].strip()
            if rest.startswith("("):
                block = "" if rest.endswith(")") else verb
                continue
        words = [word.strip('"`') for word in rest.split()]
        if verb == "module" and words:
            module = words[0]
        elif verb == "require":
            if len(words) != 2:
                raise UsageError(f"{path}:{number}: a module needs one version")
            required[words[0]] = (words[1], number, "indirect" in comment)
        elif verb == "replace" and "=>" in words:
            at = words.index("=>")
            if at in (1, 2) and len(words) - at in (2, 3):
                version = words[at + 2] if len(words) - at == 3 else ""
                replaced[words[0]] = (words[1] if at == 2 else "", words[at + 1], version, number)
    packages = []
    for name, (version, at_line, _) in required.items():
        old, other, newer, replaced_at = replaced.get(name, ("", "", "", 0))
        if other and old in ("", version):
            local = other.startswith(("./", "../", "/"))
            place = source("path", other) if local else source("registry")
            packages.append(
                Package(Ecosystem.GO, name if local else other, newer, Location(path, replaced_at), place, alias="" if local else name)
            )
        else:
            packages.append(Package(Ecosystem.GO, name, version, Location(path, at_line), source("registry")))
    direct = tuple(name for name, (_, _, indirect) in required.items() if not indirect)
    return Lock(path, "go.mod", Ecosystem.GO, module, tuple(packages), direct)
