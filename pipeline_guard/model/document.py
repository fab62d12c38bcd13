# SPDX-License-Identifier: Apache-2.0
"""Untrusted YAML and JSON as trees with positions, read with limits.

Stricter than the usual loaders: a duplicate key, a depth over ``MAX_DEPTH``, more than ``MAX_NODES`` nodes
(aliases counted each time they are used) or a text over ``MAX_BYTES`` is an error with its line.
Keys stay as written, so that ``on:`` in a workflow is the text "on" and not YAML 1.1's true.
Nothing is constructed but plain scalars, lists and mappings (YAML 1.1 core tags, RFC 8259).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline_guard.errors import UsageError

if TYPE_CHECKING:
    from yaml.nodes import Node as _YamlNode

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 64
MAX_NODES = 200_000


@dataclass(frozen=True, slots=True)
class Node:
    """A value with the line and column (from 1) where it begins.

    ``value`` is ``dict[str, Node]``, ``list[Node]``, ``str``, ``int``, ``float``, ``bool`` or ``None``;
    ``text`` is a scalar as written; ``key_lines`` gives the line of each key of a mapping.
    """

    value: Any
    line: int
    column: int
    text: str = ""
    key_lines: Mapping[str, int] | None = None

    def get(self, key: str) -> Node | None:
        """Return the child of a mapping under ``key``; None where there is none or this is no mapping."""
        if not isinstance(self.value, dict):
            return None
        child = self.value.get(key)
        return child if isinstance(child, Node) else None

    def items(self) -> Iterator[tuple[str, Node]]:
        """Give the pairs of a mapping; nothing for any other value."""
        if isinstance(self.value, dict):
            yield from self.value.items()

    def elements(self) -> Iterator[Node]:
        """Give the elements of a list; nothing for any other value."""
        if isinstance(self.value, list):
            yield from self.value

    def plain(self) -> Any:
        """Return the tree without positions."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def at(self, path: list[str | int]) -> Node:
        """Return the node at a path of keys and indices, or the deepest one that exists."""
        node = self
        for part in path:
            child: Any = None
            if isinstance(part, str):
                child = node.get(part)
            elif isinstance(node.value, list) and part < len(node.value):
                child = node.value[part]
            if not isinstance(child, Node):
                break
            node = child
        return node


def _refuse(name: str, line: int, what: str, hint: str = "") -> UsageError:
    return UsageError(f"{name}:{line}: {what}", hint)


def as_text(content: bytes, name: str, *, limit: int, split: str = "split the file", save: str = "save the file as UTF-8") -> str:
    """Return UTF-8 text of at most ``limit`` bytes without a byte order mark; ``split`` and ``save`` are the hints of the refusals."""
    if len(content) > limit:
        raise UsageError(f"{name}: larger than {limit} bytes", split)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refuse(name, content.count(b"\n", 0, error.start) + 1, "not UTF-8 text", save) from None


def parse_yaml_documents(content: bytes, name: str) -> list[Node]:
    """Read every document of a YAML text; raise UsageError with file and line for anything irregular."""
    import yaml

    text = as_text(content, name, limit=MAX_BYTES)
    # The C parser knows the same grammar, ten times faster; it has no depth limit of its own,
    # so nesting is bounded here before composing recursively.
    loader_class = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        depth = 0
        for event in yaml.parse(text, Loader=loader_class):
            if isinstance(event, yaml.events.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    raise _refuse(name, event.start_mark.line + 1 if event.start_mark else 1, f"nested deeper than {MAX_DEPTH} levels")
            elif isinstance(event, yaml.events.CollectionEndEvent):
                depth -= 1
        documents = list(yaml.compose_all(text, Loader=loader_class))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise _refuse(name, line, f"not valid YAML: {error.problem}", "check the indentation and quotes there") from None
    except yaml.YAMLError as error:
        raise _refuse(name, 1, f"not valid YAML: {str(error).splitlines()[0]}") from None
    builder = _Builder(name)
    return [builder.build(document, 0) for document in documents]


def parse_yaml(content: bytes, name: str) -> Node:
    """Read a YAML text of one document; an empty text is an empty mapping."""
    documents = parse_yaml_documents(content, name)
    if len(documents) > 1:
        raise _refuse(name, documents[1].line, "more than one YAML document")
    return documents[0] if documents else Node({}, 1, 1, key_lines={})


class _Builder:
    """Turns composed YAML nodes into ours, counting every node that an alias repeats."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes = 0

    def build(self, node: _YamlNode, depth: int) -> Node:
        import yaml

        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise _refuse(self.name, line, f"more than {MAX_NODES} values (aliases counted each time)")
        if depth > MAX_DEPTH:  # an alias inside its own anchor has no end
            raise _refuse(self.name, line, f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, depth, line, column)
        if isinstance(node, yaml.SequenceNode):
            return Node([self.build(child, depth + 1) for child in node.value], line, column)
        return Node(_scalar(node.tag, node.value), line, column, text=str(node.value))

    def _mapping(self, node: Any, depth: int, line: int, column: int) -> Node:
        import yaml

        children: dict[str, Node] = {}
        key_lines: dict[str, int] = {}
        merged: dict[str, Node] = {}
        for key, value in node.value:
            key_line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise _refuse(self.name, key_line, "a key that is not text")
            if key.tag == "tag:yaml.org,2002:merge":
                built = self.build(value, depth + 1)
                for source in [built] if isinstance(built.value, dict) else list(built.elements()):
                    for inner, child in source.items():
                        merged.setdefault(inner, child)
                continue
            if key.value in children:
                raise _refuse(self.name, key_line, f"the key {key.value!r} is there twice", "remove one of them")
            children[key.value] = self.build(value, depth + 1)
            key_lines[key.value] = key_line
        for inner, child in merged.items():
            children.setdefault(inner, child)
            key_lines.setdefault(inner, child.line)
        return Node(children, line, column, key_lines=key_lines)


def _scalar(tag: str, text: str) -> Any:
    kind = tag.rsplit(":", 1)[-1]
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() in ("true", "yes", "on")
    if kind == "int" and len(text) < 64:
        plain = text.replace("_", "")
        for base in (10, 0):
            try:
                return int(plain, base)
            except ValueError:
                continue
    if kind == "float" and len(text) < 64:
        try:
            number = float(text.replace("_", ""))
        except ValueError:
            return text
        return number if math.isfinite(number) else text
    return text


def parse_json(content: bytes, name: str, *, limit: int = MAX_BYTES) -> Any:
    """Read JSON strictly: UTF-8, no duplicate keys, no NaN, bounded size and depth; plain values.

    Raises UsageError naming ``name``; never RecursionError.
    """
    if len(content) > limit:
        raise UsageError(f"{name}: larger than {limit} bytes")

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        mapping = dict(found)
        if len(mapping) != len(found):
            raise UsageError(f"{name}: a key is there twice")
        return mapping

    def constant(text: str) -> Any:
        raise UsageError(f"{name}: {text} is not JSON")

    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=pairs, parse_constant=constant)
    except UnicodeDecodeError:
        raise UsageError(f"{name}: not UTF-8 text") from None
    except RecursionError:
        raise UsageError(f"{name}: nested too deep") from None
    except ValueError as error:
        # Python's message carries the position, not the content
        raise UsageError(f"{name}: not valid JSON: {error}") from None
