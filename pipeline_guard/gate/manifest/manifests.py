# SPDX-License-Identifier: Apache-2.0
"""Manifests as facts: what a project asks for, and the digest that a lock made from it carries.

Sources: PEP 621, 735 and uv's, poetry's, pdm's tables of ``pyproject.toml``; poetry's ``Locker._get_content_hash``; pipenv's
``plette``; pdm's ``PyProject.content_hash``; Composer's ``Locker::getContentHash``; npm's ``package.json``; Cargo's manifest
reference; the pubspec page. A Gemfile is Ruby: plain ``gem`` lines are read, anything that decides makes the manifest incomplete.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Callable, Iterator
from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.manifest.naming import pypi_name
from pipeline_guard.gate.manifest.project import Asked, Manifest
from pipeline_guard.gate.manifest.reading import Lines, Shape, decode, read_json, read_toml, read_yaml
from pipeline_guard.model.package import Ecosystem

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(@[^;]*|[^;@]*)?(?:;.*)?", re.DOTALL)
_NPM_GROUPS = ("dependencies", "devDependencies", "optionalDependencies")
_COMPOSER_KEYS = (
    "name",
    "version",
    "require",
    "require-dev",
    "conflict",
    "replace",
    "provide",
    "minimum-stability",
    "prefer-stable",
    "repositories",
    "extra",
)
POETRY = "poetry"  # the group of what its own tables ask for: no other tool reads them
_GEM = re.compile(r"""\s*gem[ (]+["']([A-Za-z0-9._-]+)["'].*""")


def parse_package_json(content: bytes, path: str) -> Manifest:
    """Read ``package.json``; a workspace's members have manifests of their own."""
    text = decode(content, path)
    root = read_json(text, path)
    shape, lines = Shape(path), Lines(text)
    asked = []
    for group in _NPM_GROUPS:
        for name, wanted in shape.table(root.get(group), group).items():
            asked.append(Asked(name, shape.word(wanted, name), lines.find(json.dumps(name, ensure_ascii=False) + ":"), group))
    optional = {one.name for one in asked if one.group == _NPM_GROUPS[2]}
    kept = tuple(one for one in asked if one.group == _NPM_GROUPS[2] or one.name not in optional)
    name = shape.word(root.get("name"), "name")
    # a member of the workspace may be asked for like any package, and Yarn 1 does not lock it
    return Manifest(path, "package.json", Ecosystem.NPM, name, kept, complete="workspaces" not in root)


def parse_pyproject(content: bytes, path: str) -> Manifest:
    """Read ``pyproject.toml``: the project's requirements and groups, or poetry's."""
    text = decode(content, path)
    root = read_toml(text, path)
    shape = Shape(path)
    project, tool = shape.table(root.get("project"), "project"), shape.table(root.get("tool"), "tool")
    poetry = shape.table(tool.get("poetry"), "tool.poetry")
    lines = Lines(text)
    asked = [_asked(word, "", lines) for word in shape.words(project.get("dependencies"), "dependencies")]
    for group, listed in shape.table(project.get("optional-dependencies"), "optional-dependencies").items():
        asked += [_asked(word, f"extra {group}", lines) for word in shape.words(listed, group)]
    for group, listed in shape.table(root.get("dependency-groups"), "dependency-groups").items():
        asked += [_asked(word, f"group {group}", lines) for word in shape.rows(listed, group) if isinstance(word, str)]
    asked += _poetry_asked(poetry, text, shape)
    dynamic = shape.words(project.get("dynamic"), "dynamic")
    whole = "dependencies" not in dynamic and "optional-dependencies" not in dynamic
    name = pypi_name(shape.word(project.get("name") or poetry.get("name"), "name"))
    digests = tuple(_poetry_digests(root, project, poetry))
    listed = shape.words(shape.table(tool.get("uv"), "tool.uv").get("override-dependencies"), "override-dependencies")
    resolution = shape.table(shape.table(tool.get("pdm"), "tool.pdm").get("resolution"), "tool.pdm.resolution")
    names = shape.table(resolution.get("overrides"), "overrides")
    overridden = frozenset((*(_asked(word, "", Lines("")).name for word in listed), *map(pypi_name, names)))
    found = tuple(one for one in asked if one.name)
    own = tuple(_pdm_digests(root, project, shape.table(tool.get("pdm"), "tool.pdm"), shape)) if whole else ()
    return Manifest(path, "pyproject.toml", Ecosystem.PYPI, name, found, digests, whole, overridden, own)


def _pdm_digests(root: dict[str, Any], project: dict[str, Any], pdm: dict[str, Any], shape: Shape) -> Iterator[str]:
    """Give what ``content_hash`` may be: pdm 2 up to 2.6 hashed its overrides alone. A workspace's covers its members, too."""
    if "workspace" in pdm:
        return
    tables = [shape.table(each, "groups") for each in (root.get("dependency-groups"), pdm.get("dev-dependencies"))]
    groups: dict[str, list[Any]] = {}
    for table in tables:
        for name, listed in table.items():
            groups.setdefault(pypi_name(name), []).extend(shape.rows(listed, name))
    plain = {**tables[0], **tables[1]}  # as older ones wrote the names
    for development in (groups, plain):
        body = {
            "sources": pdm.get("source", []),
            "dependencies": project.get("dependencies", []),
            "dev-dependencies": development,
            "optional-dependencies": project.get("optional-dependencies", {}),
            "requires-python": project.get("requires-python", ""),
        }
        yield _sha256({**body, "resolution": pdm.get("resolution", {})})
        yield _sha256({**body, "overrides": shape.table(pdm.get("resolution"), "resolution").get("overrides", {})})


def _poetry_asked(poetry: dict[str, Any], text: str, shape: Shape) -> Iterator[Asked]:
    """Give what poetry's own tables ask for by version."""
    tables = [poetry.get("dependencies"), poetry.get("dev-dependencies")]
    tables += [shape.table(group, "group").get("dependencies") for group in shape.table(poetry.get("group"), "group").values()]
    lines = Lines(text)
    lines.find("[tool.poetry")
    for table in tables:
        for name, wanted in shape.table(table, "dependencies").items():
            specifier = wanted if isinstance(wanted, str) else wanted.get("version") if isinstance(wanted, dict) else None
            if isinstance(specifier, str) and name != "python":
                yield Asked(pypi_name(name), specifier, lines.find(f"\n{name} ", f"\n{name}=", name) + 1, POETRY)


def _asked(text: str, group: str, lines: Lines) -> Asked:
    found = _REQUIREMENT.fullmatch(text)
    line = lines.find(f'"{text}"', f"'{text}'", text)
    return Asked(pypi_name(found[1]), (found[2] or "").strip(), line, group) if found else Asked("", "", line, group)


def _poetry_digests(root: dict[str, Any], project: dict[str, Any], poetry: dict[str, Any]) -> Iterator[str]:
    """Give what ``content-hash`` may be: poetry 1 reads its own tables, 2 the project's, 2.2 the groups as well."""
    legacy, keys = (
        ("dependencies", "source", "extras", "dev-dependencies"),
        ("dependencies", "source", "extras", "dev-dependencies", "group"),
    )
    mine = {key: project[key] for key in ("requires-python", "dependencies", "optional-dependencies") if project.get(key) is not None}
    groups = root.get("dependency-groups")
    old = {key: poetry.get(key) for key in keys if poetry.get(key) is not None or key in legacy}
    yield _sha256(old)
    yield _sha256({key: poetry.get(key) for key in legacy})
    new = {key: poetry[key] for key in keys if poetry.get(key) is not None}
    if mine or groups:
        yield _sha256({"project": mine, "tool": {"poetry": new}})
        yield _sha256({"project": mine, "tool": {"poetry": new}, "dependency-groups": groups})
        yield _sha256({"project": mine, "dependency-groups": groups, "tool": {"poetry": new}})


def _sha256(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def parse_pipfile(content: bytes, path: str) -> Manifest:
    """Read ``Pipfile``."""
    text = decode(content, path)
    root = read_toml(text, path)
    shape, lines = Shape(path), Lines(text)
    asked = []
    for category, table in root.items():
        if category in ("source", "requires", "scripts", "pipenv", "pipfile"):
            continue
        for name, wanted in shape.table(table, category).items():
            specifier = wanted if isinstance(wanted, str) else str(wanted.get("version", "")) if isinstance(wanted, dict) else ""
            asked.append(Asked(pypi_name(name), specifier, lines.find(f"\n{name}", f'\n"{name}"') + 1, category))
    body: dict[str, Any] = {
        "_meta": {"sources": root.get("source", []), "requires": root.get("requires", {})},
        "default": root.get("packages", {}),
        "develop": root.get("dev-packages", {}),
    }
    known = ("source", "requires", "scripts", "pipenv", "pipfile", "packages", "dev-packages")
    body |= {category: table for category, table in root.items() if category not in known}
    digest = hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":"), default=str).encode()).hexdigest()
    return Manifest(path, "Pipfile", Ecosystem.PYPI, "", tuple(asked), (digest,))


def parse_composer(content: bytes, path: str) -> Manifest:
    """Read ``composer.json``."""
    text = decode(content, path)
    root = read_json(text, path)
    shape, lines = Shape(path), Lines(text)
    asked = [
        Asked(name.lower(), shape.word(wanted, name), lines.find(json.dumps(name) + ":", json.dumps(name)), group)
        for group in ("require", "require-dev")
        for name, wanted in (root.get(group) or {}).items()
        if "/" in name
    ]
    relevant = {key: root[key] for key in _COMPOSER_KEYS if key in root}
    platform = root["config"].get("platform") if isinstance(root.get("config"), dict) else None
    if platform is not None:
        relevant["config"] = {"platform": platform}
    digest = hashlib.md5(_as_php(dict(sorted(relevant.items()))).encode(), usedforsecurity=False).hexdigest()
    return Manifest(path, "composer.json", Ecosystem.PACKAGIST, shape.word(root.get("name"), "name"), tuple(asked), (digest,))


def _as_php(value: Any) -> str:
    """Return JSON as PHP writes it: slashes escaped, an empty object as an empty list."""

    def lists(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: lists(child) for key, child in part.items()} or []
        return [lists(child) for child in part] if isinstance(part, list) else part

    return json.dumps(lists(value), separators=(",", ":")).replace("/", "\\/")


def parse_cargo(content: bytes, path: str) -> Manifest:
    """Read ``Cargo.toml``: every table of dependencies, those of targets and of the workspace included."""
    text = decode(content, path)
    root = read_toml(text, path)
    shape, lines = Shape(path), Lines(text)
    tables = [root, *(shape.table(value, key) for key, value in shape.table(root.get("target"), "target").items())]
    asked = []
    for table in tables:
        for group in ("dependencies", "dev-dependencies", "build-dependencies", "dev_dependencies", "build_dependencies"):
            for name, wanted in shape.table(table.get(group), group).items():
                real = wanted.get("package", name) if isinstance(wanted, dict) else name
                specifier = wanted if isinstance(wanted, str) else str(wanted.get("version", "")) if isinstance(wanted, dict) else ""
                inherited = isinstance(wanted, dict) and wanted.get("workspace") is True
                asked.append(Asked(str(real), specifier, lines.find(f"\n{name}", f".{name}") + 1, "inherited" if inherited else group))
    package = shape.table(root.get("package"), "package")
    return Manifest(path, "Cargo.toml", Ecosystem.CRATES, shape.word(package.get("name"), "name"), tuple(asked))


def parse_gemfile(content: bytes, path: str) -> Manifest:
    """Read the plain ``gem`` lines of a Gemfile."""
    text = decode(content, path)
    whole = not re.search(
        r"^\s*(?:if|unless|case|gemspec|eval_gemfile|eval|instance_eval|Dir|\[|%w)|\bif\b|\bunless\b|\.each", text, re.MULTILINE
    )
    asked = [Asked(found[1], "", number) for number, line in enumerate(text.split("\n"), start=1) if (found := _GEM.fullmatch(line))]
    return Manifest(path, "Gemfile", Ecosystem.RUBYGEMS, "", tuple(asked), complete=whole)


def parse_pubspec(content: bytes, path: str) -> Manifest:
    """Read ``pubspec.yaml``."""
    text = decode(content, path)
    shape, lines = Shape(path), Lines(text)
    (root,) = read_yaml(text, path) or [{}]
    asked = [
        Asked(name, wanted if isinstance(wanted, str) else "", lines.find(f"  {name}:"), group)
        for group in ("dependencies", "dev_dependencies")
        for name, wanted in shape.table(root.get(group), group).items()
    ]
    return Manifest(path, "pubspec.yaml", Ecosystem.PUB, shape.word(root.get("name"), "name"), tuple(asked))


_PARSERS: dict[str, Callable[[bytes, str], Manifest]] = {
    "package.json": parse_package_json,
    "pyproject.toml": parse_pyproject,
    "pipfile": parse_pipfile,
    "composer.json": parse_composer,
    "cargo.toml": parse_cargo,
    "gemfile": parse_gemfile,
    "pubspec.yaml": parse_pubspec,
}


def is_manifest(path: str) -> bool:
    """Tell whether a file is a manifest by its name."""
    return posixpath.basename(path).lower() in _PARSERS


def parse(content: bytes, path: str) -> Manifest:
    """Read a manifest by its name; raise UsageError for what is none."""
    parser = _PARSERS.get(posixpath.basename(path).lower())
    if parser is None:
        raise UsageError(f"{path}: no manifest that is known")
    try:
        return parser(content, path)
    except AttributeError:
        raise UsageError(f"{path}: not of the shape of a manifest") from None
