# SPDX-License-Identifier: Apache-2.0
"""``yarn.lock`` as facts: Yarn 1's own format, and the YAML of Yarn 2 and newer (Berry).

Source: yarnpkg's lockfile parser and the Berry documentation. Berry's checksum is one of Yarn's own archive (behind a cache key
and a slash), not the registry's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.manifest.naming import git_source, is_git, source, sri
from pipeline_guard.gate.manifest.npm_range import satisfies
from pipeline_guard.gate.manifest.reading import Lines, Shape, decode, read_yaml
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Checksum, Distribution, Ecosystem, Lock, Package, PackageSource

_WORD = r'"(?:[^"\\\n]|\\.)*+"|[^\s",:]+(?::[^\s",:]*+)*?'
_HEAD = re.compile(rf"((?:{_WORD})(?:, ?(?:{_WORD}))*):")
_EACH = re.compile(_WORD.replace("*?", "*"))
_FIELD = re.compile(r'  ("[^"]+"|[A-Za-z]+)(?: ("(?:[^"\\]|\\.)*+"|\S+))?')
_PAIR = re.compile(r'    ("[^"]+"|[^\s":]+) ("(?:[^"\\]|\\.)*+"|\S.*)')
_ARCHIVE = re.compile(r"https://codeload\.github\.com/[^/]+/[^/]+/tar\.gz/([0-9a-f]{40})")


def parse(content: bytes, path: str) -> Lock:
    """Read a lock of either kind."""
    text = decode(content, path)
    if re.search(r"^__metadata:", text, re.MULTILINE):
        return _berry(text, path)
    return _classic(text, path)


def _classic(text: str, path: str) -> Lock:
    packages: list[Package] = []
    seen: set[str] = set()
    misfits: list[tuple[str, Location, str]] = []
    head: list[str] = []
    fields: dict[str, str] = {}
    requires: list[str] = []
    begun, group = 0, ""
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.rstrip("\r")
        if not line.strip() or line.startswith("#"):
            continue
        if line[0] != " ":
            if begun:
                packages.append(_old(head, fields, requires, Location(path, begun)))
                misfits += _misfit(head, packages[-1])
            head = _heads(line, path, number)
            twice = next((pattern for pattern in head if pattern in seen), None)
            if twice is not None:
                raise UsageError(f"{path}:{number}: the key {twice[:80]!r} is there twice", "remove one of them")
            seen.update(head)
            fields, requires, begun, group = {}, [], number, ""
        elif line.startswith("    "):
            pair = _PAIR.fullmatch(line)
            if pair is None or not group:
                raise UsageError(f"{path}:{number}: not a line of yarn.lock", "yarn install makes it anew")
            if group in ("dependencies", "optionalDependencies"):
                requires.append(_bare(pair[1]))
        else:
            found = _FIELD.fullmatch(line.rstrip(":") if line.endswith(":") else line)
            if found is None or not begun or _bare(found[1]) in fields:
                raise UsageError(f"{path}:{number}: not a line of yarn.lock, or one that is there twice", "yarn install makes it anew")
            group = _bare(found[1])
            fields[group] = _bare(found[2] or "")
    if begun:
        packages.append(_old(head, fields, requires, Location(path, begun)))
        misfits += _misfit(head, packages[-1])
    return Lock(path, "yarn.lock", Ecosystem.NPM, "1", tuple(packages), misfits=tuple(misfits))


def _misfit(heads: list[str], package: Package) -> Iterator[tuple[str, Location, str]]:
    """Give a package whose version is outside of a range that it stands for; a pre-release is what a tag, not a range, leads to."""
    for head in heads if package.source.kind == "registry" and "-" not in package.version else ():
        installed, wanted = _split(head)
        specifier = wanted.removeprefix("npm:")
        specifier = specifier[specifier.find("@", 1) + 1 :] if "@" in specifier[1:] else specifier
        if satisfies(package.version, specifier) is False:
            yield installed, package.location, f"{package.version} is locked for {specifier[:60]}"
            return


def _heads(line: str, path: str, number: int) -> list[str]:
    if _HEAD.fullmatch(line) is None:
        raise UsageError(f"{path}:{number}: not a line of yarn.lock", "yarn install makes it anew")
    return [_bare(word) for word in _EACH.findall(line[:-1])]


def _bare(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word[1:-1]) if word.startswith('"') else word


def _split(pattern: str) -> tuple[str, str]:
    """Divide ``@scope/name@range``."""
    at = pattern.find("@", 1)
    return (pattern, "") if at < 0 else (pattern[:at], pattern[at + 1 :])


def _old(head: list[str], fields: dict[str, str], requires: list[str], place: Location) -> Package:
    installed, wanted = _split(head[0])
    name = _split(wanted.removeprefix("npm:"))[0] if wanted.startswith("npm:") and wanted[4:5] and "@" in wanted[5:] else installed
    resolved, _, fragment = fields.get("resolved", "").partition("#")
    checksums = sri(fields.get("integrity", ""))
    archive = _ARCHIVE.fullmatch(resolved)
    where = source("registry")
    url = resolved
    if archive:
        where, url = PackageSource("git", resolved, archive[1]), ""
    elif is_git(resolved):
        where, url = git_source(fields.get("resolved", "")), ""
    elif wanted.startswith(("file:", "link:", "portal:", "./", "../", "/")) or resolved.startswith("file:"):
        where, url = source("path", wanted.partition(":")[2] or wanted), ""
    elif "://" in wanted:
        where = PackageSource("url", resolved)
    if fragment and where.kind in ("registry", "url") and not checksums and re.fullmatch(r"[0-9a-fA-F]{40}", fragment):
        checksums = (Checksum("sha1", fragment),)
    files = (Distribution(url=url, checksums=checksums, line=place.line),) if url or checksums else ()
    alias = installed if name != installed else ""
    return Package(Ecosystem.NPM, name, fields.get("version", ""), place, where, files, alias, requires=tuple(requires))


def _berry(text: str, path: str) -> Lock:
    shape = Shape(path)
    (root, *more) = read_yaml(text, path)
    if more:
        raise UsageError(f"{path}: more than one YAML document")
    head = shape.table(root.get("__metadata"), "__metadata")
    version = shape.version(head.get("version"), "[4-9]|10")
    lines = Lines(text)
    entries = ((key, shape.table(value, key)) for key, value in root.items() if key != "__metadata")
    packages = tuple(_new(key, entry, shape, lines) for key, entry in entries)
    keys = [key for key in root if key != "__metadata"]
    misfits = tuple(one for key, package in zip(keys, packages, strict=True) for one in _misfit(key.split(", "), package))
    asked = tuple(_asked(root, shape))
    return Lock(path, "yarn.lock", Ecosystem.NPM, f"berry {version}", packages, asked=asked, misfits=misfits)


def _asked(root: dict[str, Any], shape: Shape) -> Iterator[tuple[str, str, str]]:
    """Give what the members of the workspace ask for, in all groups at once."""
    for key, value in root.items():
        resolution = shape.word(shape.table(value, key).get("resolution"), "resolution") if key != "__metadata" else ""
        _, mark, folder = resolution.partition("@workspace:")
        for name, wanted in shape.table(value.get("dependencies"), "dependencies").items() if mark else ():
            yield "" if folder == "." else folder, name, shape.word(wanted, name)


def _new(key: str, entry: dict[str, Any], shape: Shape, lines: Lines) -> Package:
    line = lines.find(f'"{key}":', f"\n{key}:")
    installed, wanted = _split(key.partition(", ")[0])
    name, reference = _split(shape.word(entry.get("resolution"), f"{key}: resolution"))
    if not name:
        raise UsageError(f"{shape.path}:{line}: {key[:80]}: no resolution")
    cache_key, _, text = shape.word(entry.get("checksum"), f"{key}: checksum").rpartition("/")
    checksums = (Checksum("sha512", text, f"yarn {cache_key}"),) if text else ()
    place = _berry_source(reference)
    # what is for another machine only was never fetched, and has no checksum by design
    foreign = "conditions" in entry
    url = _archive_url(reference)
    files = (Distribution(url=url, checksums=checksums, line=line),) if checksums or url or not foreign else ()
    requires = tuple(_keys(entry, shape))
    version = shape.word(entry.get("version"), f"{key}: version")
    renamed = place.kind == "registry" and wanted.startswith("npm:") and "@" in wanted[5:] and installed != name
    alias = installed if renamed else ""
    return Package(Ecosystem.NPM, name, version, Location(shape.path, line), place, files, alias, requires=requires)


def _berry_source(reference: str) -> PackageSource:
    bare = reference.partition("::")[0]
    if bare.startswith("workspace:"):
        return source("root" if bare == "workspace:." else "path", bare.removeprefix("workspace:"))
    if bare.startswith(("link:", "portal:")):
        return source("link", bare.partition(":")[2])
    if bare.startswith(("file:", "exec:")):
        return source("path", bare.partition(":")[2].partition("#")[0])
    if "commit=" in bare and (is_git(bare) or ".git#" in bare):
        location, _, rest = bare.partition("#")
        found = re.search(r"commit=([0-9a-fA-F]+)", rest)
        return PackageSource("git", location, found[1] if found else "")
    if bare.startswith(("http:", "https:")):
        return PackageSource("url", bare)
    # a patched package is another archive of the same version
    return source("registry", "", bare.partition("#")[2] if bare.startswith("patch:") else "")


def _archive_url(reference: str) -> str:
    """Return where the archive lies if that is unusual: ``npm:1.0.0::__archiveUrl=https%3A%2F%2F...``."""
    from urllib.parse import unquote

    found = re.search(r"__archiveUrl=([^&#]+)", reference)
    if found:
        return unquote(found[1])
    return reference if reference.startswith(("http:", "https:")) and not is_git(reference) else ""


def _keys(entry: dict[str, Any], shape: Shape) -> Iterator[str]:
    if "dependencies" in entry:
        yield from shape.table(entry["dependencies"], "dependencies")
