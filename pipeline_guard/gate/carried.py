# SPDX-License-Identifier: Apache-2.0
"""Code of others that a repository carries along, and that a change edits although its version stays: nothing compares it afterwards.

Sources: the Go Modules Reference, "Vendoring" (``modules.txt``; Go does not verify vendored code against ``go.sum``); Cargo's
``.cargo-checksum.json``; Composer's ``installed.json``; the ``package.json`` in npm's folders; Yarn's ``.yarn`` folder, and Bundler's
``vendor/cache``, whose files have their version in the name; the jars of build wrappers beside their settings.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from pipeline_guard.gate.manifest.installed import COMPOSER, FOLDER, composer_packages, read
from pipeline_guard.model.verdict import Unchecked

_NAMED = re.compile(r"(?:.*/)?(?:\.yarn/(?:releases|cache)|vendor/cache)/[^/]*\d[^/]*\.(?:cjs|js|zip|gem)")
_WRAPPER = re.compile(r"(?:.*/)?(?:gradle-wrapper|maven-wrapper)\.jar")
_WRAPPED = re.compile(r"(?:.*/)?(?:gradle-wrapper|maven-wrapper)\.properties")
_SAID = re.compile(rb"^\s*(distributionUrl|distributionSha256Sum)\s*[=:]\s*(\S*)\s*$", re.MULTILINE)
_MODULE = re.compile(r"# (\S+) (v\S+(?: => \S+ v\S+)?)")  # a module that lies in a folder of the repository has no version behind =>
_LIST, _SUMS = "vendor/modules.txt", ".cargo-checksum.json"
_MAX_ASKED = 500  # files of the merge target that are looked for


@dataclass(frozen=True, slots=True)
class Altered:
    """A file of somebody else's code that is another one now; ``owner`` is what it belongs to."""

    path: str
    owner: str


def is_list(path: str) -> bool:
    """Tell whether a file says what is carried along."""
    return path in (_LIST, COMPOSER) or _WRAPPED.fullmatch(path) is not None or path.endswith(("/" + _LIST, "/" + _SUMS, "/" + COMPOSER))


def altered(
    changed: frozenset[str], known: Collection[str], texts: Mapping[str, bytes], show: Callable[[str], bytes | None]
) -> Iterator[Altered | Unchecked]:
    """Give every file that the change edits and whose version it leaves; added and removed files are what updates of imports make.

    ``known`` are the paths that are there now, ``texts`` the lists among them, ``show`` gives a file as of the merge target.
    """
    former: dict[str, bytes] = {}
    asked = 0
    for path in sorted(changed):
        owner = _owner(path, changed, known, texts, show, former) if path in known else ""
        if not owner:
            continue
        asked += 1
        if asked > _MAX_ASKED:
            yield Unchecked(path, f"more than {_MAX_ASKED} files of carried code changed; the rest was not compared")
            return
        if show(path) is not None:
            yield Altered(path, owner)


def _owner(
    path: str,
    changed: frozenset[str],
    known: Collection[str],
    texts: Mapping[str, bytes],
    show: Callable[[str], bytes | None],
    former: dict[str, bytes],
) -> str:
    """Return what a file belongs to, "" for a file of the repository's own or of a version that changes, too."""
    if _NAMED.fullmatch(path):
        return posixpath.basename(path)
    if _WRAPPED.fullmatch(path):
        now, then = (_distribution(content) for content in (texts.get(path, b""), _before(path, show, former)))
        same = now[0] and then[1] and now[0] == then[0] and now[1] != then[1]
        return f"settings: the same distribution with another SHA-256, {now[0][-60:]}" if same else ""
    if _WRAPPER.fullmatch(path):
        settings = path.removesuffix("jar") + "properties"
        same = settings in known and settings not in changed
        return "the build wrapper, whose settings stay" if same else ""
    place = FOLDER.match(path)
    if place:
        manifest = f"{place[0]}package.json"
        version = _version(texts.get(manifest, b""))
        same = version and version == _version(_before(manifest, show, former))
        return f"{place[1]} {version}" if same else ""
    at = path.find("vendor/") if path.startswith("vendor/") else path.find("/vendor/") + 1
    if at < 0 or not path.startswith("vendor/", at) or is_list(path):
        return ""
    root, inside = path[:at], path[at + len("vendor/") :]
    listed = root + _LIST
    if listed in known:
        modules = _modules(texts.get(listed, b""))
        name = next((name for name in sorted(modules, key=len, reverse=True) if inside.startswith(name + "/")), "")
        same = name and _modules(_before(listed, show, former)).get(name) == modules[name]
        return f"{name} {modules[name]}" if same else ""
    listed = root + COMPOSER
    name = "/".join(inside.split("/")[:2])
    if listed in known and inside.count("/") > 1:
        version = _composer(texts.get(listed, b"")).get(name, "")
        return f"{name} {version}" if version and version == _composer(_before(listed, show, former)).get(name) else ""
    crate = inside.partition("/")[0]
    sums = f"{root}vendor/{crate}/{_SUMS}"
    package = _package(texts.get(sums, b""))
    return crate if package and package == _package(_before(sums, show, former)) else ""


def _before(path: str, show: Callable[[str], bytes | None], former: dict[str, bytes]) -> bytes:
    if path not in former:
        former[path] = show(path) or b""
    return former[path]


def _modules(content: bytes) -> dict[str, str]:
    lines = content.decode("utf-8", "replace").split("\n")
    return {found[1]: found[2] for line in lines if (found := _MODULE.fullmatch(line.rstrip()))}


def _distribution(content: bytes) -> tuple[str, str]:
    """Return the address of what a wrapper downloads, and its digest; of a key that stands twice the last one counts."""
    said = {name: value.decode("utf-8", "replace") for name, value in _SAID.findall(content)}
    return said.get(b"distributionUrl", ""), said.get(b"distributionSha256Sum", "").lower()


def _version(content: bytes) -> str:
    root = read(content)
    version = root.get("version") if isinstance(root, dict) else None
    return version if isinstance(version, str) else ""


def _composer(content: bytes) -> dict[str, str]:
    """Return the packages of Composer's own list, each with its version and where that came from."""
    found = {}
    for name, version, entry in composer_packages(content):
        source = entry.get("source")
        revision = source.get("reference") if isinstance(source, dict) else None
        found[name] = f"{version} {revision}" if isinstance(revision, str) else version
    return found


def _package(content: bytes) -> str:
    """Return the checksum of the crate that a folder was unpacked from."""
    root = read(content)
    package = root.get("package") if isinstance(root, dict) else None
    return package if isinstance(package, str) else ""
