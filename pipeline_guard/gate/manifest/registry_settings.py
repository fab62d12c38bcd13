# SPDX-License-Identifier: Apache-2.0
"""Files of package managers that say where packages come from or what is not checked, as facts with lines.

Sources: npm's ``.npmrc``, Yarn's ``.yarnrc`` and ``.yarnrc.yml``, Bun's ``bunfig.toml``, pip's ``pip.conf``, uv's ``uv.toml``, Cargo's
``config.toml``, NuGet's ``nuget.config``: their configuration pages.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.manifest.markup import read_xml
from pipeline_guard.gate.manifest.reading import Shape, decode, read_toml
from pipeline_guard.model.document import Node, parse_yaml


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name in the file's own words, nested ones with dots, and its value as text."""

    name: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """One such file; ``tool`` is npm, yarn, bun, pip, uv, pyproject, cargo, nuget, bundler, maven, gradle or wrapper (of the last two)."""

    path: str
    tool: str
    settings: tuple[Setting, ...] = ()


_INI = re.compile(r"\s*([^=:\s]+(?:[^=:]*[^=:\s])?)\s*[=:]\s*(.*?)\s*")
_INI_EQUALS = re.compile(r"\s*([^=]+?)\s*(?:=\s*(.*?))?\s*")
_GRADLE = re.compile(
    r"\bmaven\s*(?:\(\s*(?:url\s*=\s*)?|\{\s*(?:name\s*=?[^\n]*\n\s*)?(?:setUrl\s*\(|url\s*=?))\s*(?:uri\s*\(\s*)?[\"']([a-z]+://[^\"'\s]+)"
)
_CLASSIC = re.compile(r'\s*("[^"]+"|\S+)\s+(.*?)\s*')


def tool_of(path: str) -> str:
    """Return whose settings a file holds by its name; "" for no such file."""
    name = posixpath.basename(path).lower()
    folder = posixpath.basename(posixpath.dirname(path)).lower()
    if name in ("config", "config.toml") and folder == ".cargo":
        return "cargo"
    named = {
        ".npmrc": "npm",
        ".yarnrc": "yarn",
        ".yarnrc.yml": "yarn",
        "bunfig.toml": "bun",
        ".bunfig.toml": "bun",
        "pip.conf": "pip",
        "pip.ini": "pip",
        "uv.toml": "uv",
        "nuget.config": "nuget",
        "pyproject.toml": "pyproject",
        "pom.xml": "maven",
        "gradle-wrapper.properties": "wrapper",
        "maven-wrapper.properties": "wrapper",
    }
    if name == "settings.xml" and folder in (".mvn", ".m2", ""):
        return "maven"
    if name == "config" and folder == ".bundle":
        return "bundler"
    if name.endswith((".gradle", ".gradle.kts")):
        return "gradle"
    return named.get(name, "")


def parse(content: bytes, path: str) -> RegistrySettings:
    """Read one; raise UsageError for what is none."""
    tool = tool_of(path)
    text = decode(content, path)
    lower = path.lower()
    if tool == "nuget":
        return RegistrySettings(path, tool, tuple(_nuget(content, path)))
    if tool == "maven":
        return RegistrySettings(path, tool, tuple(_maven(content, path)))
    if tool == "gradle":
        return RegistrySettings(path, tool, tuple(_gradle(text)))
    if tool == "pyproject":
        return RegistrySettings(path, tool, tuple(_pyproject(text, path)))
    if lower.endswith(".yarnrc.yml"):
        return RegistrySettings(path, tool, tuple(_flat(parse_yaml(content, path), "")))
    if tool in ("bun", "uv", "cargo"):
        table = read_toml(text, path)
        return RegistrySettings(path, tool, tuple(_flat_table(table, "", text, Shape(path))))
    return RegistrySettings(path, tool, tuple(_lines(text, tool)))


def _lines(text: str, tool: str) -> Iterator[Setting]:
    pattern = {"npm": _INI_EQUALS, "yarn": _CLASSIC}.get(tool, _INI)
    section, last = "", ""
    for number, line in enumerate(text.split("\n"), start=1):
        bare = line.strip()
        if not bare or bare.startswith(("#", ";")):
            continue
        if bare.startswith("[") and bare.endswith("]"):
            section = bare[1:-1].strip()
            continue
        if tool == "pip" and line[:1].isspace() and last:  # a value that goes on
            yield Setting(last, bare, number)
            continue
        found = pattern.fullmatch(line.rstrip("\r"))
        if found:
            last = found[1].strip('"')
            value = (found[2] or ("true" if tool == "npm" else "")).strip("\"'")
            yield Setting(f"{section}.{last}" if section and tool == "npm" else last, value, number)


def _flat(node: Node, name: str) -> Iterator[Setting]:
    if isinstance(node.value, dict):
        for key, child in node.items():
            yield from _flat(child, f"{name}.{key}" if name else key)
    elif isinstance(node.value, list):
        for child in node.elements():
            yield from _flat(child, name)
    else:
        yield Setting(name, node.text, node.line)


def _flat_table(value: object, name: str, text: str, shape: Shape, depth: int = 0) -> Iterator[Setting]:
    if depth > 40:
        raise UsageError(f"{shape.path}: nested too deep")
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _flat_table(child, f"{name}.{key}" if name else str(key), text, shape, depth + 1)
    elif isinstance(value, list):
        for child in value:
            yield from _flat_table(child, name, text, shape, depth + 1)
    else:
        word = str(value).lower() if isinstance(value, bool) else str(value)
        at = text.find(word if not isinstance(value, bool) else name.rpartition(".")[2])
        yield Setting(name, word, text.count("\n", 0, at) + 1 if at >= 0 else 1)


def _pyproject(text: str, path: str) -> Iterator[Setting]:
    """Give what uv, Poetry and PDM are told of indexes; what is merely named, and asked for by name, too."""
    tools = Shape(path).table(read_toml(text, path).get("tool"), "tool")
    uv = {key: value for key, value in Shape(path).table(tools.get("uv"), "tool.uv").items() if key not in ("sources", "workspace")}
    yield from _flat_table(uv, "uv", text, Shape(path))
    for tool in ("poetry", "pdm"):
        yield from _flat_table(Shape(path).table(tools.get(tool), tool).get("source"), f"{tool}.source", text, Shape(path))


def _maven(content: bytes, path: str) -> Iterator[Setting]:
    """Give where a project or its settings fetch from; where it publishes to is another matter."""
    pending = [read_xml(content, path)]
    while pending:
        element = pending.pop(0)
        if element.name == "distributionManagement":
            continue
        pending += element.children
        if element.name in ("repository", "pluginRepository", "mirror"):
            yield from (Setting(f"{element.name}.url", child.text.strip(), child.line) for child in element.children if child.name == "url")


def _gradle(text: str) -> Iterator[Setting]:
    """Give the Maven repositories of a build script; those that it publishes to are another matter."""
    publishing = [_span(text, found.end()) for found in re.finditer(r"\bpublishing\s*\{", text)]
    for found in _GRADLE.finditer(text):
        if not any(begin <= found.start() < end for begin, end in publishing):
            yield Setting("maven.url", found[1], text.count("\n", 0, found.start(1)) + 1)


def _span(text: str, begin: int) -> tuple[int, int]:
    """Return a block of braces from behind its first one."""
    depth = 1
    for found in re.compile(r"[{}]").finditer(text, begin):
        depth += 1 if found[0] == "{" else -1
        if not depth:
            return begin, found.end()
    return begin, len(text)


def _nuget(content: bytes, path: str) -> Iterator[Setting]:
    root = read_xml(content, path)
    if root.name != "configuration":
        raise UsageError(f"{path}:{root.line}: not a NuGet configuration")
    for section in root.children:
        for element in section.walk():
            words = {key.lower(): value for key, value in element.attributes.items()}
            yield Setting(f"{section.name}.{element.name}", words.get("value", ""), element.line)
