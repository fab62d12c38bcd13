# SPDX-License-Identifier: Apache-2.0
"""Locks whose format is small: mix, pub, Swift, Terraform, Nix flakes, Helm, CocoaPods, Conan and renv.

Sources: Hex's ``Hex.Mix``, Dart's pub specification, SwiftPM's ``ResolvedPackagesStore``, Terraform's "Dependency Lock File" page, Nix's
"flake" manual, Helm's chart dependencies, CocoaPods' ``Lockfile``, Conan's "Lockfiles" page, renv's "Lockfile" page.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.manifest import redirect
from pipeline_guard.gate.manifest.naming import source
from pipeline_guard.gate.manifest.reading import Lines, Shape, decode, read_json, read_yaml
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Checksum, Distribution, Ecosystem, Lock, Package, PackageSource

_MIX_ENTRY = re.compile(r'\s*"([^"\\]+)": \{:(hex|git|path), (.*)\},?')
_MIX_HEX = re.compile(r':("?)([^,"]+)\1, "([^"]*)", "([^"]*)", \[[^\]]*\], (\[.*\]), (?:"([^"]*)"|nil)(?:, "([^"]*)")?')
_MIX_GIT = re.compile(r'"([^"]*)", "([^"]*)", \[.*\]')
_MIX_NEED = re.compile(r'\{:("?)([A-Za-z0-9_]+)\1, ')
_PROVIDER = re.compile(r'provider "([^"\\]+)" \{')
_SETTING = re.compile(r'  ([a-z_]+)\s*= "([^"\\]*)"')
_NIXPKGS = ("git github.com/nixos/nixpkgs", "git github.com/nixos/nixpkgs-channels")
_HASH = re.compile(r'    "([a-z0-9]+):([^"\\]*)",?')


def parse_mix(content: bytes, path: str) -> Lock:
    """Read ``mix.lock``: an Elixir map, one package a line."""
    packages = []
    seen: set[str] = set()
    lines = decode(content, path).split("\n")
    for number, line in enumerate(lines, start=1):
        line = line.rstrip()
        if line in ("", "%{", "}", "%{}"):
            continue
        found = _MIX_ENTRY.fullmatch(line)
        if found is None or found[1] in seen:
            raise UsageError(f"{path}:{number}: not a line of mix.lock, or a package that is there twice", "mix deps.get makes it anew")
        seen.add(found[1])
        packages.append(_mix_package(found[1], found[2], found[3], Location(path, number)))
    return Lock(path, "mix.lock", Ecosystem.HEX, "", tuple(packages))


def _mix_package(name: str, kind: str, rest: str, place: Location) -> Package:
    if kind == "hex":
        found = _MIX_HEX.fullmatch(rest)
        if found is None:
            raise UsageError(f"{place}: not a package of Hex", "mix deps.get makes it anew")
        sums = tuple(Checksum("sha256", text, form) for text, form in ((found[7], "hex"), (found[4], "hex-inner")) if text)
        sums = tuple(replace(one, form="hex") for one in sums) if len(sums) == 1 else sums
        requires = tuple(need[1] for need in _MIX_NEED.findall(found[5]))
        repository = found[6] or "hexpm"
        where = source("registry", "" if repository == "hexpm" else repository)
        alias = name if name != found[2] else ""
        return Package(
            Ecosystem.HEX, found[2], found[3], place, where, (Distribution(checksums=sums, line=place.line),), alias, requires=requires
        )
    if kind == "git":
        found = _MIX_GIT.fullmatch(rest)
        if found is None:
            raise UsageError(f"{place}: not a git dependency", "mix deps.get makes it anew")
        return Package(Ecosystem.HEX, name, "", place, PackageSource("git", found[1], found[2]))
    return Package(Ecosystem.HEX, name, "", place, source("path", rest.strip('"')))


def parse_pub(content: bytes, path: str) -> Lock:
    """Read ``pubspec.lock``."""
    text = decode(content, path)
    shape, lines = Shape(path), Lines(text)
    (root,) = read_yaml(text, path) or [{}]
    packages, direct = [], []
    notes: list[tuple[Location, str]] = []
    for name, value in shape.table(root.get("packages"), "packages").items():
        entry = shape.table(value, name)
        line = lines.find(f"\n  {name}:") + 1
        described = entry.get("description")
        about = described if isinstance(described, dict) else {}
        kind = shape.word(entry.get("source"), f"{name}: source")
        url = shape.word(about.get("url"), "url")
        place = source("registry", "" if url in ("https://pub.dev", "https://pub.dartlang.org") else url)
        text_ = shape.word(about.get("sha256"), f"{name}: sha256")
        files: tuple[Distribution, ...] = (Distribution(checksums=(Checksum("sha256", text_),) if text_ else (), line=line),)
        if kind != "hosted":
            files = ()
            place = source("unknown" if kind not in ("path", "sdk") else "path", shape.word(about.get("path"), "path"))
            if kind == "git":
                place = PackageSource("git", url, shape.word(about.get("resolved-ref"), "resolved-ref"))
        if shape.word(entry.get("dependency"), "dependency").startswith("direct"):
            direct.append(name)
        real = shape.word(about.get("name"), "name")
        if kind == "hosted" and real and real != name:  # the language has no aliases
            notes.append((Location(path, line), f"{name} is {real}, which nobody asks for by that name"))
        packages.append(
            Package(
                Ecosystem.PUB,
                shape.word(about.get("name"), "name") or name,
                shape.word(entry.get("version"), name),
                Location(path, line),
                place,
                files,
            )
        )
    return Lock(path, "pubspec.lock", Ecosystem.PUB, "", tuple(packages), tuple(direct), tuple(notes))


def parse_swift(content: bytes, path: str) -> Lock:
    """Read ``Package.resolved``, versions 1 to 3; packages are commits."""
    text = decode(content, path)
    root = read_json(text, path)
    shape, lines = Shape(path), Lines(text)
    version = shape.version(root.get("version"), "[123]")
    pins = shape.table(root.get("object"), "object").get("pins") if version == "1" else root.get("pins")
    packages = []
    for pin in shape.tables(pins, "pins"):
        where = shape.word(pin.get("repositoryURL") or pin.get("location"), "location")
        line = lines.find(json.dumps(where, ensure_ascii=False), json.dumps(where).replace("/", "\\/"))
        state = shape.table(pin.get("state"), "state")
        name = re.sub(r"^(https?://|git@)|\.git$|/$", "", where).replace(":", "/").lower() or shape.word(pin.get("identity"), "identity")
        found = shape.word(state.get("version"), "version")
        kind = shape.word(pin.get("kind"), "kind")
        if kind == "registry":
            place, name = source("registry"), shape.word(pin.get("identity"), "identity")
        else:
            place = PackageSource("git", where, shape.word(state.get("revision"), "revision"))
        packages.append(Package(Ecosystem.SWIFT, name, found, Location(path, line), place))
    return Lock(path, "Package.resolved", Ecosystem.SWIFT, version, tuple(packages))


def parse_terraform(content: bytes, path: str) -> Lock:
    """Read ``.terraform.lock.hcl`` as Terraform and OpenTofu write it; anything else in it is refused."""
    packages: list[Package] = []
    name, begun, listing = "", 0, False
    settings: dict[str, str] = {}
    hashes: list[Checksum] = []
    for number, line in enumerate(decode(content, path).split("\n"), start=1):
        line = line.rstrip()
        if not line or line.lstrip().startswith(("#", "//")):
            continue
        provider, setting, checksum = _PROVIDER.fullmatch(line), _SETTING.fullmatch(line), _HASH.fullmatch(line)
        if provider and not name:
            name, begun, settings, hashes = provider[1], number, {}, []
        elif line == "}" and name and not listing:
            files = (Distribution(checksums=tuple(hashes), line=begun),)
            packages.append(
                Package(Ecosystem.TERRAFORM, name.lower(), settings.get("version", ""), Location(path, begun), source("registry"), files)
            )
            name = ""
        elif name and not listing and setting and setting[1] not in settings:
            settings[setting[1]] = setting[2]
        elif name and not listing and line == "  hashes = [" and not hashes:
            listing = True
        elif listing and line == "  ]":
            listing = False
        elif listing and checksum:
            hashes.append(Checksum("sha256", checksum[2], checksum[1]))
        else:
            raise UsageError(f"{path}:{number}: not a line of a Terraform lock", "terraform init makes it anew")
    if name:
        raise UsageError(f"{path}:{begun}: the file ends inside a provider")
    return Lock(path, ".terraform.lock.hcl", Ecosystem.TERRAFORM, "", tuple(packages))


def parse_flake(content: bytes, path: str) -> Lock:
    """Read ``flake.lock``, versions 5 to 7."""
    text = decode(content, path)
    root = read_json(text, path)
    shape, lines = Shape(path), Lines(text)
    version = shape.version(root.get("version"), "[567]")
    packages = []
    for name, value in shape.table(root.get("nodes"), "nodes").items():
        line = lines.find(json.dumps(name, ensure_ascii=False) + ":")
        node = shape.table(value, name)
        locked = shape.table(node.get("locked"), f"{name}: locked")
        if not locked:
            continue
        packages.append(_flake_input(name, locked, Location(path, line), shape))
    top = shape.table(shape.table(root.get("nodes"), "nodes").get(shape.word(root.get("root"), "root")), "root")
    inputs = shape.table(top.get("inputs"), "inputs")
    nodes = shape.table(root.get("nodes"), "nodes")
    original = {name: _flake_words(shape.table(nodes.get(name), name).get("original"), shape) for name in nodes}
    asked = tuple(("", name, _flake_place(original[node])) for name, node in inputs.items() if isinstance(node, str) and original.get(node))
    notes = tuple(
        (package.location, f"{package.name} is locked to another repository than it was asked from")
        for package in packages
        if _elsewhere(original.get(package.name, {}), _flake_words(nodes[package.name].get("locked"), shape))
    )
    return Lock(path, "flake.lock", Ecosystem.NIX, version, tuple(packages), tuple(inputs), notes, asked=asked)


def _flake_words(value: Any, shape: Shape) -> dict[str, str]:
    table = shape.table(value, "original") if isinstance(value, dict) else {}
    return {key: table[key] for key in ("type", "owner", "repo", "url", "host", "id") if isinstance(table.get(key), str)}


def _flake_place(words: dict[str, str]) -> str:
    """Return a reference as a place; "" for one that the registry of flakes answers."""
    kind = words.get("type", "")
    if kind in ("github", "gitlab", "sourcehut"):
        where = f"{words.get('owner', '')}/{words.get('repo', '')}"
        return redirect.git(f"https://{words['host']}/{where}" if "host" in words else f"{kind}:{where}")
    if kind == "git":
        return redirect.git(words.get("url", ""))
    return redirect.url(words.get("url", "")) if kind in ("tarball", "file") else ""


def _elsewhere(original: dict[str, str], locked: dict[str, str]) -> bool:
    """Tell whether Nix was sent elsewhere than it was asked to go: it does not compare the two itself.

    An address of an archive may lead to any other.
    """
    asked, got = _flake_place(original), _flake_place(locked)
    if original.get("type") == "indirect":
        return original.get("id") == "nixpkgs" and got.startswith("git ") and got not in _NIXPKGS
    return asked.startswith("git ") and asked != got


def _flake_input(name: str, locked: dict[str, Any], place: Location, shape: Shape) -> Package:
    word = {key: shape.word(locked.get(key), key) for key in ("type", "owner", "repo", "rev", "narHash", "url", "path")}
    algorithm, _, value = word["narHash"].partition("-")
    sums = (Checksum(algorithm, value, "nar"),) if word["narHash"] else ()
    kind = word["type"]
    if kind == "path":
        where = source("path", word["path"])
    elif kind in ("tarball", "file"):
        where = PackageSource("url", word["url"])
    else:
        where = PackageSource("git", word["url"] or f"{kind}:{word['owner']}/{word['repo']}", word["rev"])
    files = (Distribution(url=word["url"] if where.kind == "url" else "", checksums=sums, line=place.line),)
    return Package(Ecosystem.NIX, name, word["rev"], place, where, files if where.kind != "path" or sums else ())


def parse_chart(content: bytes, path: str) -> Lock:
    """Read ``Chart.lock`` or ``requirements.lock`` of Helm; its digest covers the list of dependencies only."""
    text = decode(content, path)
    shape, lines = Shape(path), Lines(text)
    (root,) = read_yaml(text, path) or [{}]
    packages = []
    for entry in shape.tables(root.get("dependencies"), "dependencies"):
        name = shape.word(entry.get("name"), "name")
        line = lines.find(f"name: {name}", f"{name}")
        repository = shape.word(entry.get("repository"), "repository")
        place = source("path", repository.removeprefix("file://")) if repository.startswith("file:") else source("registry", repository)
        if not repository:
            place = source("path", "charts")
        files = (Distribution(line=line),) if place.kind == "registry" else ()
        packages.append(Package(Ecosystem.HELM, name, shape.word(entry.get("version"), name), Location(path, line), place, files))
    rows = list(shape.tables(root.get("dependencies"), "dependencies"))
    words = [tuple(shape.word(row.get(key), key) for key in ("name", "version", "repository")) for row in rows]
    asked = tuple(("", name, f"{version}\n{repository}") for name, version, repository in words)
    names = tuple(package.name for package in packages)
    digest = shape.word(root.get("digest"), "digest")
    return Lock(path, "Chart.lock", Ecosystem.HELM, "", tuple(packages), names, manifest_digest=digest, asked=asked)


def parse_podfile(content: bytes, path: str) -> Lock:
    """Read ``Podfile.lock``; its checksums are SHA-1 of podspecs, not of what is downloaded."""
    text = decode(content, path)
    shape, lines = Shape(path), Lines(text)
    (root,) = read_yaml(text, path) or [{}]
    sums = shape.table(root.get("SPEC CHECKSUMS"), "SPEC CHECKSUMS")
    outside = shape.table(root.get("EXTERNAL SOURCES"), "EXTERNAL SOURCES")
    commits = shape.table(root.get("CHECKOUT OPTIONS"), "CHECKOUT OPTIONS")
    packages = []
    for row in shape.rows(root.get("PODS"), "PODS"):
        words, needs = next(iter(row.items()), ("", None)) if isinstance(row, dict) else (shape.word(row, "PODS"), None)
        found = re.fullmatch(r"(\S+) \(([^()]+)\)", words)
        if found is None:
            raise UsageError(f"{path}: not a pod: {words[:60]!r}")
        name = found[1]
        line = lines.find(words)
        spec = name.partition("/")[0]
        asked = shape.table(outside.get(spec), spec)
        fixed = shape.table(commits.get(spec), spec)
        place = source("registry")
        if ":path" in asked or ":podspec" in asked:
            place = source("path", shape.word(asked.get(":path"), "path"))
        elif asked:
            place = PackageSource("git", shape.word(asked.get(":git"), "git"), shape.word(fixed.get(":commit"), "commit"))
        checksum = shape.word(sums.get(spec), spec)
        files = (
            (Distribution(checksums=(Checksum("podspec-sha1", checksum),) if checksum else (), line=line),)
            if place.kind == "registry"
            else ()
        )
        requires = tuple(need.partition(" ")[0] for need in shape.words(needs, name))
        packages.append(Package(Ecosystem.COCOAPODS, name, found[2], Location(path, line), place, files, requires=requires))
    return Lock(path, "Podfile.lock", Ecosystem.COCOAPODS, "", tuple(packages))


def parse_conan(content: bytes, path: str) -> Lock:
    """Read ``conan.lock`` of Conan 2: ``name/version[@user/channel]#revision[%time]``."""
    text = decode(content, path)
    root = read_json(text, path)
    shape, lines = Shape(path), Lines(text)
    version = shape.version(root.get("version"), r"0\.5")
    packages = []
    for group in ("requires", "build_requires", "python_requires", "config_requires"):
        for word in shape.words(root.get(group), group):
            line = lines.find(json.dumps(word, ensure_ascii=False))
            reference, _, revision = word.partition("#")
            name, _, rest = reference.partition("/")
            revision = revision.partition("%")[0]
            sums = (Checksum("recipe", revision),) if revision else ()
            packages.append(
                Package(
                    Ecosystem.CONAN,
                    name,
                    rest.partition("@")[0],
                    Location(path, line),
                    source("registry"),
                    (Distribution(checksums=sums, line=line),),
                )
            )
    return Lock(path, "conan.lock", Ecosystem.CONAN, version, tuple(packages))


def parse_renv(content: bytes, path: str) -> Lock:
    """Read ``renv.lock``; its MD5 is one of the package's description, not of what is downloaded."""
    text = decode(content, path)
    root = read_json(text, path)
    shape, lines = Shape(path), Lines(text)
    shape.table(root.get("R"), "R")
    packages = []
    for name, value in shape.table(root.get("Packages"), "Packages").items():
        entry = shape.table(value, name)
        line = lines.find(json.dumps(name, ensure_ascii=False) + ": {")
        commit = shape.word(entry.get("RemoteSha"), "RemoteSha")
        kind = shape.word(entry.get("Source"), "Source")
        place = source("registry")
        if kind.lower() in ("github", "gitlab", "bitbucket", "git"):
            where = "/".join(filter(None, (shape.word(entry.get(key), key) for key in ("RemoteHost", "RemoteUsername", "RemoteRepo"))))
            place = PackageSource("git", where, commit)
        elif kind.lower() == "local":
            place = source("path", shape.word(entry.get("RemoteUrl"), "RemoteUrl"))
        text_ = shape.word(entry.get("Hash"), "Hash")
        files = (
            (Distribution(checksums=(Checksum("description-md5", text_),) if text_ else (), line=line),) if place.kind == "registry" else ()
        )
        packages.append(Package(Ecosystem.CRAN, name, shape.word(entry.get("Version"), name), Location(path, line), place, files))
    return Lock(path, "renv.lock", Ecosystem.CRAN, "", tuple(packages))
