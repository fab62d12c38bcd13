# SPDX-License-Identifier: Apache-2.0
"""NuGet's ``packages.lock.json`` as facts: a SHA-512 a package, no URL.

Source: NuGet's ``PackagesLockFileFormat``. Versions 1 and 2 (2 adds central transitive pins).
"""

from __future__ import annotations

import json

from pipeline_guard.gate.manifest.naming import source
from pipeline_guard.gate.manifest.reading import Lines, Shape, decode, read_json
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Checksum, Distribution, Ecosystem, Lock, Package


def parse(content: bytes, path: str) -> Lock:
    """Read a lock; a package of several frameworks is there once for each."""
    text = decode(content, path)
    root = read_json(text, path)
    shape, lines = Shape(path), Lines(text)
    version = shape.version(root.get("version"), "[12]")
    packages, direct = [], []
    asked: dict[str, str] = {}
    for framework, table in shape.table(root.get("dependencies"), "dependencies").items():
        for name, value in shape.table(table, framework).items():
            entry = shape.table(value, name)
            line = lines.find(json.dumps(name, ensure_ascii=False) + ":")
            kind = shape.word(entry.get("type"), f"{name}: type").lower()
            text_ = shape.word(entry.get("contentHash"), f"{name}: contentHash")
            files: tuple[Distribution, ...] = ()
            if kind != "project":
                files = (Distribution(checksums=(Checksum("sha512", text_, "nuget"),) if text_ else (), line=line),)
            if kind == "direct":
                direct.append(name.lower())
                asked.setdefault(name.lower(), shape.word(entry.get("requested"), f"{name}: requested"))
            packages.append(
                Package(
                    Ecosystem.NUGET,
                    name.lower(),
                    shape.word(entry.get("resolved"), f"{name}: resolved"),
                    Location(path, line),
                    source("path") if kind == "project" else source("registry"),
                    files,
                    requires=tuple(wanted.lower() for wanted in shape.table(entry.get("dependencies"), "dependencies")),
                )
            )
    rows = tuple(("", name, requested) for name, requested in asked.items())
    return Lock(path, "packages.lock.json", Ecosystem.NUGET, version, tuple(packages), tuple(dict.fromkeys(direct)), asked=rows)
