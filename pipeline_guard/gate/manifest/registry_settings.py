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
from pipeline_guard.gate.manifest.reading import Shape, decode, read_json, read_toml
from pipeline_guard.model.document import Node, parse_yaml, parse_yaml_documents


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name in the file's own words, nested ones with dots, and its value as text."""

    name: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """One such file; ``tool`` is whose: npm, yarn, pip, cargo ..., wrapper (of Maven and Gradle), environment (variables of all)."""

    path: str
    tool: str
    settings: tuple[Setting, ...] = ()


_FLAT_YAML = ("pub", "pnpm", "helm", "conda")
_INI = re.compile(r"\s*([^=:\s]+(?:[^=:]*[^=:\s])?)\s*[=:]\s*(.*?)\s*")
_INI_EQUALS = re.compile(r"\s*([^=]+?)\s*(?:=\s*(.*?))?\s*")
_GRADLE = re.compile(
    r"\bmaven\s*(?:\(\s*(?:url\s*=\s*)?|\{\s*(?:name\s*=?[^\n]*\n\s*)?(?:setUrl\s*\(|url\s*=?))\s*(?:uri\s*\(\s*)?[\"']([a-z]+://[^\"'\s]+)"
)
_GRADLE_WEAK = re.compile(r"^[^/\n]*\b((?:isA|a)llowInsecureProtocol)\s*(?:=|\(|\s)\s*true\b", re.MULTILINE)
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
        "gemfile": "bundler",
        "gems.rb": "bundler",
        "pipfile": "pipfile",
        "composer.json": "composer",
        "pubspec.yaml": "pub",
        "pubspec_overrides.yaml": "pub",
        "pnpm-workspace.yaml": "pnpm",
        "chart.yaml": "helm",
        "environment.yml": "conda",
        "environment.yaml": "conda",
        ".condarc": "conda",
        "pixi.toml": "conda",
        "gradle-wrapper.properties": "wrapper",
        "maven-wrapper.properties": "wrapper",
    }
    if name.endswith("settings.xml") or (name in ("maven.config", "jvm.config") and folder == ".mvn"):
        return "maven"
    if name == "config" and folder == ".bundle":
        return "bundler"
    if name.endswith((".gradle", ".gradle.kts")) or name == "gradle.properties":
        return "gradle"
    if name in ("go.env", ".env", ".envrc"):
        return "environment"
    return named.get(name, "")


def parse(content: bytes, path: str) -> RegistrySettings:
    """Read one; raise UsageError for what is none."""
    tool = tool_of(path)
    text = decode(content, path)
    lower = path.lower()
    if tool == "nuget":
        return RegistrySettings(path, tool, tuple(_nuget(content, path)))
    if tool == "maven" and lower.endswith(".config"):
        words = ((word, number) for number, line in enumerate(text.split("\n"), start=1) for word in line.split())
        return RegistrySettings(path, tool, tuple(Setting(*_option(word), number) for word, number in words))
    if tool == "maven":
        return RegistrySettings(path, tool, tuple(_maven(content, path)))
    if tool == "gradle" and not lower.endswith(".properties"):
        return RegistrySettings(path, tool, tuple(_gradle(text)))
    if tool == "pyproject":
        return RegistrySettings(path, tool, tuple(_pyproject(text, path)))
    if tool in _FLAT_YAML and not lower.endswith((".toml", ".json")):
        return RegistrySettings(path, tool, tuple(_documents(content, path)))
    if tool == "composer":
        return RegistrySettings(path, tool, tuple(_composer(text, path)))
    if tool == "bundler" and lower.endswith(("gemfile", "gems.rb")):
        return RegistrySettings(path, tool, tuple(_gemfile(content, path)))
    if lower.endswith(".yarnrc.yml"):
        return RegistrySettings(path, tool, tuple(_flat(parse_yaml(content, path), "")))
    if tool in ("bun", "uv", "cargo", "pipfile", "conda"):
        table = read_toml(text, path)
        return RegistrySettings(path, tool, tuple(_flat_table(table, "", text, Shape(path))))
    return RegistrySettings(path, tool, tuple(_lines(text, tool)))


def _option(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return name, value


def _documents(content: bytes, path: str) -> Iterator[Setting]:
    """Give the scalars of a YAML text; a template is none yet, and says nothing by itself."""
    try:
        for node in parse_yaml_documents(content, path):
            yield from _flat(node, "")
    except UsageError as error:
        if "twice" in error.what or not (b"{{" in content or b"{%" in content):
            raise


def _composer(text: str, path: str) -> Iterator[Setting]:
    """Give the repositories and the settings of ``composer.json``."""
    root, shape = read_json(text, path), Shape(path)
    repositories, settings = root.get("repositories"), root.get("config")
    entries = repositories.values() if isinstance(repositories, dict) else repositories if isinstance(repositories, list) else ()
    for entry in entries:
        if isinstance(entry, dict) and isinstance(entry.get("url"), str) and isinstance(entry.get("type"), str):
            address = entry["url"]
            at = max(text.find(address.replace("/", "\\/")), text.find(address), 0)
            yield Setting(f"repositories.{entry['type']}", address, text.count("\n", 0, at) + 1)
    yield from _flat_table(settings if isinstance(settings, dict) else {}, "config", text, shape)


def _gemfile(content: bytes, path: str) -> Iterator[Setting]:
    """Give the ``source`` lines of a Gemfile that name an address, comments left out."""
    text = re.sub(r"(?m)^[ \t]*#.*$", "", decode(content, path))
    for found in re.finditer(r"^[ \t]*source[ \t(]+[\"']([^\"'\n]+)[\"']", text, re.MULTILINE):
        yield Setting("source", found[1], text.count("\n", 0, found.start(1)) + 1)


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
            last = found[1].strip('"').removeprefix("export ").strip() if tool == "environment" else found[1].strip('"')
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
    ordinary = posixpath.basename(path).lower() == "pom.xml" or posixpath.basename(posixpath.dirname(path)) in (".mvn", ".m2", "")
    try:
        pending = [read_xml(content, path)]
    except UsageError:
        if ordinary:
            raise
        return  # settings of something else
    if not ordinary and pending[0].name != "settings":
        return
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
    for found in _GRADLE_WEAK.finditer(text):
        yield Setting(found[1], "true", text.count("\n", 0, found.start()) + 1)
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
