# SPDX-License-Identifier: Apache-2.0
"""``bun.lock`` (JSON with comments) and ``deno.lock`` (versions 2 to 5) as facts.

Source: Bun's "Lockfile" page and ``bun.lock`` types; Deno's ``deno_lockfile`` crate. In both a name without an address comes
from the default registry. Deno's checksums of JSR packages and remote modules are bare SHA-256.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.manifest.naming import source, sri
from pipeline_guard.gate.manifest.reading import Lines, Shape, decode, read_json, read_jsonc
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Checksum, Distribution, Ecosystem, Lock, Package, PackageSource

_ALIAS = re.compile(r"npm:((?:@[^/@]+/)?[^@]+)")
_ASKED = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")


def parse_bun(content: bytes, path: str) -> Lock:
    """Read ``bun.lock``."""
    text = decode(content, path)
    root = read_jsonc(text, path)
    shape, lines = Shape(path), Lines(text)
    version = shape.version(root.get("lockfileVersion"), "[0-2]")
    workspaces = shape.table(root.get("workspaces"), "workspaces")
    asked = [
        (folder, name, shape.word(wanted, name))
        for folder, value in workspaces.items()
        for kind in _ASKED
        for name, wanted in shape.table(shape.table(value, "workspace").get(kind), kind).items()
    ]
    packages = [
        _bun_package(key, shape.rows(row, key), shape, lines.find(json.dumps(key, ensure_ascii=False) + ": ["))
        for key, row in shape.table(root.get("packages"), "packages").items()
    ]
    specifiers = [(name, wanted) for _, name, wanted in asked]
    for row in shape.table(root.get("packages"), "packages").values():
        for facts in (part for part in row if isinstance(part, dict)):
            for kind in _ASKED:
                specifiers += [(name, str(wanted)) for name, wanted in shape.table(facts.get(kind), kind).items()]
    aliases = {(name, found[1]) for name, wanted in specifiers if (found := _ALIAS.match(wanted))}
    notes = tuple(
        (one.location, f"{one.alias} is {one.name}, which nobody asks for by that name")
        for one in packages
        if one.alias and (one.alias, one.name) not in aliases
    )
    direct = tuple(dict.fromkeys(name for _, name, _ in asked))
    settled = tuple(
        (kind, name, wanted if isinstance(wanted, str) else "")
        for kind, key in (("override", "overrides"), ("patch", "patchedDependencies"))
        for name, wanted in shape.table(root.get(key), key).items()
    )
    return Lock(path, "bun.lock", Ecosystem.NPM, version, tuple(packages), direct, notes, asked=tuple(asked), settled=settled)


def _bun_package(key: str, row: list[Any], shape: Shape, line: int) -> Package:
    if not row or not isinstance(row[0], str):
        raise UsageError(f"{shape.path}:{line}: {key[:80]} names no package")
    at = row[0].find("@", 1)
    name, version = (row[0], "") if at < 0 else (row[0][:at], row[0][at + 1 :])
    rest = row[1:]
    checksums = sri(rest[-1]) if rest and isinstance(rest[-1], str) and re.match(r"(sha\d+|md5)-", rest[-1]) else ()
    facts = next((part for part in rest if isinstance(part, dict)), {})
    requires = [wanted for kind in (_ASKED[0], *_ASKED[2:]) for wanted in shape.table(facts.get(kind), kind)]
    place, url = source("registry"), ""
    if version.startswith(("workspace:", "file:", "link:")):
        kind, _, location = version.partition(":")
        place, version = source("link" if kind == "link" else "path", location), ""
    elif version == "root:" or version.startswith("root:"):
        place, version = source("root"), ""
    elif version.startswith(("github:", "git+", "git:", "git@", "ssh:", "bitbucket:", "gitlab:")):
        location, _, revision = version.partition("#")
        place, version = PackageSource("git", location, revision), ""
    elif version.startswith(("http:", "https:")):
        place, url, version = PackageSource("url", version), version, ""
    elif version.endswith((".tgz", ".tar.gz")) and "/" in version:
        place, version = source("path", version), ""
    elif rest and isinstance(rest[0], str) and rest[0] and not checksums[0:0] and rest[0] is not rest[-1]:
        url = rest[0] if rest[0].endswith((".tgz", ".tar.gz")) else ""
        place = source("registry", "" if url else rest[0])
    bundled = facts.get("bundled") is True
    files = (Distribution(url=url, checksums=checksums, line=line),) if place.kind in ("registry", "url") and not bundled else ()
    installed = key.rpartition("/")[2] if not re.search(r"@[^/]+/[^/]+$", key) else "/".join(key.split("/")[-2:])
    alias = installed if installed != name and place.kind == "registry" else ""
    return Package(
        Ecosystem.NPM,
        name,
        version,
        Location(shape.path, line),
        source("bundled") if bundled else place,
        files,
        alias,
        requires=tuple(requires),
    )


def parse_deno(content: bytes, path: str) -> Lock:
    """Read ``deno.lock``."""
    text = decode(content, path)
    root = read_json(text, path)
    shape, lines = Shape(path), Lines(text)
    version = shape.version(root.get("version"), "[2345]")
    old = shape.table(root.get("packages"), "packages") if version == "3" else root
    npm = shape.table(old.get("npm"), "npm")
    if version == "2":
        npm = shape.table(npm.get("packages"), "packages")
    packages = [*_deno_named(shape.table(old.get("jsr"), "jsr"), Ecosystem.JSR, shape, lines)]
    packages += _deno_named(npm, Ecosystem.NPM, shape, lines)
    for url, value in shape.table(root.get("remote"), "remote").items():
        line = lines.find(json.dumps(url, ensure_ascii=False) + ":")
        checksum = Checksum("sha256", shape.word(value, url))
        files = (Distribution(url=url, checksums=(checksum,), line=line),)
        packages.append(Package(Ecosystem.DENO, url, "", Location(path, line), PackageSource("url", url), files))
    return Lock(path, "deno.lock", Ecosystem.DENO, version, tuple(packages), tuple(_deno_direct(root, shape)))


def _deno_named(table: dict[str, Any], ecosystem: Ecosystem, shape: Shape, lines: Lines) -> Iterator[Package]:
    for key, value in table.items():
        entry = shape.table(value, key)
        line = lines.find(json.dumps(key, ensure_ascii=False) + ":")
        at = key.find("@", 1)
        name, version = (key, "") if at < 0 else (key[:at], key[at + 1 :].partition("_")[0])
        text = shape.word(entry.get("integrity"), f"{key}: integrity")
        checksums = sri(text) if "-" in text else ((Checksum("sha256", text),) if text else ())
        wanted = entry.get("dependencies")
        names = wanted if isinstance(wanted, (list, dict)) else ()
        requires = tuple(re.sub(r"^(npm:|jsr:)", "", str(word)) for word in names)
        requires = tuple(word[: word.find("@", 1)] if word.find("@", 1) > 0 else word for word in requires)
        files = (Distribution(url=shape.word(entry.get("tarball"), key), checksums=checksums, line=line),)
        install_code = True if entry.get("scripts") is True else None
        yield Package(
            ecosystem, name, version, Location(shape.path, line), source("registry"), files, install_code=install_code, requires=requires
        )


def _deno_direct(root: dict[str, Any], shape: Shape) -> Iterator[str]:
    specifiers = root.get("specifiers")
    for wanted in shape.table(specifiers, "specifiers") if isinstance(specifiers, dict) else ():
        bare = wanted.partition(":")[2]
        at = bare.find("@", 1)
        yield bare if at < 0 else bare[:at]
