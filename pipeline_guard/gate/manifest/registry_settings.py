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
    """One such file; ``tool`` is npm, yarn, bun, pip, uv, cargo or nuget."""

    path: str
    tool: str
    settings: tuple[Setting, ...] = ()


_INI = re.compile(r"\s*([^=:\s]+(?:[^=:]*[^=:\s])?)\s*[=:]\s*(.*?)\s*")
_INI_EQUALS = re.compile(r"\s*([^=]+?)\s*(?:=\s*(.*?))?\s*")
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
    }
    return named.get(name, "")


def parse(content: bytes, path: str) -> RegistrySettings:
    """Read one; raise UsageError for what is none."""
    tool = tool_of(path)
    text = decode(content, path)
    lower = path.lower()
    if tool == "nuget":
        return RegistrySettings(path, tool, tuple(_nuget(content, path)))
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


def _nuget(content: bytes, path: str) -> Iterator[Setting]:
    root = read_xml(content, path)
    if root.name != "configuration":
        raise UsageError(f"{path}:{root.line}: not a NuGet configuration")
    for section in root.children:
        for element in section.walk():
            words = {key.lower(): value for key, value in element.attributes.items()}
            yield Setting(f"{section.name}.{element.name}", words.get("value", ""), element.line)
