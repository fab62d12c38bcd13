# SPDX-License-Identifier: Apache-2.0
"""Places in manifests that are JSON, TOML or YAML.

Sources: npm's "package.json" page (``overrides``), Yarn's ``resolutions``, pnpm's ``pnpm-workspace.yaml`` settings; uv's "Managing
dependencies", poetry's and PDM's dependency pages, pipenv's Pipfile; Cargo's "Overriding Dependencies" and "Source Replacement"; Composer's
"Repositories"; Dart's "Package dependencies"; Helm's "Chart.yaml"; Deno's ``imports``; conda's and pixi's channels.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from pipeline_guard.gate.manifest import redirect
from pipeline_guard.gate.manifest.naming import is_git, pypi_name
from pipeline_guard.gate.manifest.reading import Lines, Shape, decode, read_json, read_jsonc, read_toml, read_yaml
from pipeline_guard.gate.manifest.redirect import Mechanism, Redirect

_NPM_GROUPS = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
_GITHUB = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+(?:#.*)?")
_DIRECT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(?:@\s*([^;\s]+))?")
_CARGO_GROUPS = ("dependencies", "dev-dependencies", "build-dependencies")
_KNOWN_CHANNELS = (
    "conda-forge",
    "defaults",
    "main",
    "free",
    "r",
    "msys2",
    "anaconda",
    "bioconda",
    "nodefaults",
    "pytorch",
    "nvidia",
    "robostack",
)
_MAX_DEPTH = 30


def package_json(content: bytes, path: str) -> Iterator[Redirect]:
    """Give where ``package.json`` takes packages from."""
    text = decode(content, path)
    root = read_json(text, path)
    shape, lines = Shape(path), Lines(text)
    for group in _NPM_GROUPS:
        for name, wanted in shape.table(root.get(group), group).items():
            yield Redirect(name, npm_place(name, wanted, path), lines.find(json.dumps(name, ensure_ascii=False) + ":"))
    pnpm = shape.table(root.get("pnpm"), "pnpm")
    for table in (root.get("overrides"), root.get("resolutions"), pnpm.get("overrides")):
        yield from _overrides(table, "", path, Lines(text))


def pnpm_workspace(content: bytes, path: str) -> Iterator[Redirect]:
    """Give where ``pnpm-workspace.yaml`` takes packages from, its catalogs included."""
    text = decode(content, path)
    lines, shape = Lines(text), Shape(path)
    for root in read_yaml(text, path):
        yield from _overrides(root.get("overrides"), "", path, Lines(text))
        named = shape.table(root.get("catalogs"), "catalogs")
        for table in (root.get("catalog"), *named.values()):
            for name, wanted in shape.table(table, "catalog").items():
                yield Redirect(name, npm_place(name, wanted, path), lines.find(f"{name}:", f"'{name}':", f'"{name}":'))


def _overrides(table: Any, above: str, path: str, lines: Lines, depth: int = 0) -> Iterator[Redirect]:
    """Give what overrides lead elsewhere; a key is ``name``, ``name@range``, ``a>b`` or ``a/**/b``, an object nests."""
    if not isinstance(table, dict) or depth > _MAX_DEPTH:
        return
    for key, wanted in table.items():
        last = re.split(r"[>\s]", key)[-1]
        found = re.search(r"((?:@[^/@]+/)?[^/@*]+)(?:@[^/]*)?$", last)
        name = found[1] if found and key != "." else above
        line = lines.find(json.dumps(key, ensure_ascii=False) + ":", f"{key}:", key)
        if isinstance(wanted, dict):
            yield from _overrides(wanted, name, path, lines, depth + 1)
        else:
            yield Redirect(name, npm_place(name, wanted, path), line, "override")


def npm_place(name: str, wanted: Any, path: str) -> str:
    """Return the place of one specifier of npm's world."""
    if not isinstance(wanted, str):
        return ""
    wanted = wanted.strip()
    if wanted.startswith("patch:"):
        wanted = wanted.removeprefix("patch:").partition("#")[0].replace("%3A", ":").rpartition("@")[2]
    if wanted.startswith("npm:"):
        bare = wanted.removeprefix("npm:")
        real = bare[: bare.find("@", 1)] if bare.find("@", 1) > 0 else bare
        return "" if real == name or re.fullmatch(r"[\d^~*<>=vx].*|", real) else f"the package {real}"
    if wanted.startswith("jsr:"):
        return ""
    if wanted.startswith(("workspace:", "catalog:", "$")):
        return ""
    if wanted.startswith(("file:", "link:", "portal:")):
        return redirect.local(wanted.partition(":")[2].removeprefix("//"), path)
    if wanted.startswith(("./", "../", "/", "~/")):
        return redirect.local(wanted, path)
    if is_git(wanted) or _GITHUB.fullmatch(wanted):
        return redirect.git(f"github:{wanted}" if _GITHUB.fullmatch(wanted) else wanted)
    return redirect.url(wanted) if "://" in wanted else ""


def pyproject(content: bytes, path: str) -> Iterator[Redirect]:
    """Give where ``pyproject.toml`` (or ``uv.toml``) takes packages from, for every tool that reads it."""
    text = decode(content, path)
    root = read_toml(text, path)
    shape = Shape(path)
    project, tool = shape.table(root.get("project"), "project"), shape.table(root.get("tool"), "tool")
    uv, poetry = (shape.table(tool.get(name), f"tool.{name}") for name in ("uv", "poetry"))
    extras = shape.table(project.get("optional-dependencies"), "optional-dependencies").values()
    groups = shape.table(root.get("dependency-groups"), "dependency-groups").values()
    build = shape.table(root.get("build-system"), "build-system")
    lines = Lines(text)
    for listed in (project.get("dependencies"), *extras, *groups, build.get("requires"), uv.get("dev-dependencies")):
        yield from _requirements(listed, text, "asked")
    for key in ("override-dependencies", "constraint-dependencies", "build-constraint-dependencies"):
        yield from _requirements(uv.get(key), text, "override")
    for name, wanted in shape.table(uv.get("sources"), "tool.uv.sources").items():
        for one in wanted if isinstance(wanted, list) else [wanted]:
            place = _python_place(one, path)
            yield Redirect(pypi_name(name), place, lines.find(f"\n{name} ", f"{name}") + 1, "override" if place else "asked")
    tables = [poetry.get("dependencies"), poetry.get("dev-dependencies")]
    tables += [shape.table(group, "group").get("dependencies") for group in shape.table(poetry.get("group"), "group").values()]
    lines = _behind(text, "[tool.poetry")
    for table in tables:
        for name, wanted in shape.table(table, "dependencies").items():
            for one in wanted if isinstance(wanted, list) else [wanted]:
                yield Redirect(pypi_name(name), _python_place(one, path), lines.find(f"\n{name} ", f"\n{name}=", name) + 1)


def _requirements(listed: Any, text: str, mechanism: Mechanism) -> Iterator[Redirect]:
    lines = Lines(text)
    for word in listed if isinstance(listed, list) else ():
        found = _DIRECT.match(word) if isinstance(word, str) else None
        if found:
            place = _address(found[2] or "")
            yield Redirect(pypi_name(found[1]), place, lines.find(word), mechanism if place else "asked")


def _address(target: str) -> str:
    if not target:
        return ""
    return redirect.git(target) if re.match(r"(?:git|hg|svn|bzr)\+", target) else redirect.url(target)


def _python_place(entry: Any, path: str) -> str:
    """Return the place of one table of uv, poetry or pipenv."""
    if not isinstance(entry, dict):
        return ""
    word = {
        key: str(entry[key]) for key in ("git", "hg", "svn", "url", "path", "file", "index", "source") if isinstance(entry.get(key), str)
    }
    for key in ("git", "hg", "svn"):
        if key in word:
            return redirect.git(word[key])
    if "url" in word or "://" in word.get("file", ""):
        return redirect.url(word.get("url", word.get("file", "")))
    if "path" in word or "file" in word:
        return redirect.local(word.get("path", word.get("file", "")), path)
    index = word.get("index", word.get("source", ""))
    return f"the index {index}" if index and index.lower() != "pypi" else ""


def pipfile(content: bytes, path: str) -> Iterator[Redirect]:
    """Give where a ``Pipfile`` takes packages from."""
    text = decode(content, path)
    root = read_toml(text, path)
    for category, table in root.items():
        if category in ("source", "requires", "scripts", "pipenv", "pipfile") or not isinstance(table, dict):
            continue
        lines = _behind(text, f"[{category}]")
        for name, wanted in table.items():
            line = lines.find(f"\n{name}", f'\n"{name}"') + 1
            yield Redirect(pypi_name(name), _python_place(wanted, path), line)


def cargo(content: bytes, path: str) -> Iterator[Redirect]:
    """Give where ``Cargo.toml``, or ``.cargo/config.toml``, takes crates from."""
    text = decode(content, path)
    root = read_toml(text, path)
    shape = Shape(path)
    workspace = shape.table(root.get("workspace"), "workspace")
    for table in (root, workspace, *shape.table(root.get("target"), "target").values()):
        for group in _CARGO_GROUPS:
            lines = _behind(text, f"[{group}", f".{group}", f"{group}.")
            for name, wanted in shape.table(shape.table(table, group).get(group), group).items():
                yield Redirect(name, _cargo_place(name, wanted, path), lines.find(f"\n{name}", f".{name}", name) + 1)
    patches = [table for table in shape.table(root.get("patch"), "patch").values() if isinstance(table, dict)]
    for table in (*patches, shape.table(root.get("replace"), "replace")):
        lines = _behind(text, "[patch", "[replace")
        for name, wanted in table.items():
            yield Redirect(name.partition(":")[0], _cargo_place(name, wanted, path), lines.find(name), "override")


def _behind(text: str, *heads: str) -> Lines:
    """Return line numbers of pieces behind the first of the headings that is there."""
    lines = Lines(text)
    lines.find(*heads)
    return lines


def _cargo_place(name: str, entry: Any, path: str) -> str:
    if not isinstance(entry, dict):
        return ""
    if isinstance(entry.get("git"), str):
        return redirect.git(entry["git"])
    if isinstance(entry.get("path"), str):
        return redirect.local(entry["path"], path)
    for key in ("registry", "registry-index"):
        if isinstance(entry.get(key), str) and entry[key] != "crates-io":
            return f"the registry {entry[key][:80]}"
    real = entry.get("package")
    return f"the crate {real}" if isinstance(real, str) and real != name else ""


def composer(content: bytes, path: str) -> Iterator[Redirect]:
    """Give the repositories of ``composer.json``: each may answer for any name."""
    text = decode(content, path)
    root = read_json(text, path)
    lines = Lines(text)
    listed = root.get("repositories")
    entries = listed.values() if isinstance(listed, dict) else listed if isinstance(listed, list) else ()
    for entry in entries:
        if not isinstance(entry, dict):
            continue
        address, kind = entry.get("url"), entry.get("type")
        if isinstance(address, str) and kind != "path":
            place = redirect.url(address) if kind == "composer" else redirect.git(address)
            yield Redirect("repositories", place, lines.find(json.dumps(address).replace("/", "\\/"), json.dumps(address)), "override")
        elif kind == "package":
            for package in entry["package"] if isinstance(entry.get("package"), list) else [entry.get("package")]:
                inside = package if isinstance(package, dict) else {}
                dist = inside.get("dist") or inside.get("source")
                if isinstance(dist, dict) and isinstance(dist.get("url"), str):
                    yield Redirect(str(inside.get("name")), redirect.url(dist["url"]), lines.find(json.dumps(dist["url"])), "override")


def pubspec(content: bytes, path: str) -> Iterator[Redirect]:
    """Give where ``pubspec.yaml`` takes packages from."""
    text = decode(content, path)
    shape = Shape(path)
    for root in read_yaml(text, path):
        for group in ("dependencies", "dev_dependencies", "dependency_overrides"):
            mechanism: Mechanism = "override" if group == "dependency_overrides" else "asked"
            lines = _behind(text, f"{group}:")
            for name, wanted in shape.table(root.get(group), group).items():
                yield Redirect(name, _pub_place(wanted, path), lines.find(f"  {name}:"), mechanism)


def _pub_place(entry: Any, path: str) -> str:
    if not isinstance(entry, dict):
        return ""
    repository, hosted = entry.get("git"), entry.get("hosted")
    if repository is not None:
        address = repository.get("url") if isinstance(repository, dict) else repository
        return redirect.git(str(address))
    if isinstance(entry.get("path"), str):
        return redirect.local(entry["path"], path)
    address = hosted.get("url") if isinstance(hosted, dict) else hosted
    return "" if address in (None, "https://pub.dev", "https://pub.dartlang.org") else redirect.url(str(address))


def chart(content: bytes, path: str) -> Iterator[Redirect]:
    """Give the repositories of ``Chart.yaml`` or ``requirements.yaml``; a chart without one lies beside it."""
    text = decode(content, path)
    shape, lines = Shape(path), Lines(text)
    for root in read_yaml(text, path):
        for entry in shape.tables(root.get("dependencies"), "dependencies"):
            name, where = shape.word(entry.get("name"), "name"), shape.word(entry.get("repository"), "repository")
            place = (
                redirect.local(where.removeprefix("file://"), path) if where.startswith("file:") else redirect.url(where) if where else ""
            )
            yield Redirect(name, place, lines.find(f"name: {name}", name))


def deno(content: bytes, path: str) -> Iterator[Redirect]:
    """Give what ``imports`` and ``scopes`` of ``deno.json`` or an import map lead to."""
    text = decode(content, path)
    root = read_jsonc(text, path)
    scopes = root.get("scopes")
    tables = [root.get("imports"), *(scopes.values() if isinstance(scopes, dict) else ())]
    for table in tables:
        lines = Lines(text)
        for name, wanted in table.items() if isinstance(table, dict) else ():
            if isinstance(wanted, str):
                at = re.match(r"(npm|jsr):/?((?:@[^/@]+/)?[^/@]+)", wanted)
                place = f"{at[1]}:{at[2]}" if at else redirect.url(wanted) if "://" in wanted else ""
                yield Redirect(name, place, lines.find(json.dumps(name, ensure_ascii=False) + ":"))


def channels(content: bytes, path: str) -> Iterator[Redirect]:
    """Give the channels of ``environment.yml`` or ``pixi.toml`` that are none of the widely used ones."""
    text = decode(content, path)
    listed: Any = []
    if path.lower().endswith(".toml"):
        root = read_toml(text, path)
        table = root.get("workspace") or root.get("project")
        listed = table.get("channels") if isinstance(table, dict) else []
    else:
        for root in read_yaml(text, path):
            listed = root.get("channels")
    lines = Lines(text)
    for one in listed if isinstance(listed, list) else ():
        name = one.get("channel") if isinstance(one, dict) else one
        if isinstance(name, str):
            short = re.sub(r"^https://(?:conda\.anaconda\.org|repo\.anaconda\.com/pkgs|repo\.prefix\.dev|prefix\.dev)/", "", name).strip(
                "/"
            )
            place = "" if short.partition("/")[0] in _KNOWN_CHANNELS else f"the channel {short[:200]}"
            yield Redirect("channels", place, lines.find(name), "override")
