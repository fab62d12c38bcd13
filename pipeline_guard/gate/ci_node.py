# SPDX-License-Identifier: Apache-2.0
"""What the readers of pipeline files share: nodes of YAML to texts, lines and images."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.ci_facts import Use
from pipeline_guard.model.document import Node

# YAML 1.2 core numbers: what GitHub takes for one; PyYAML's 1.1 knows more (1_000, yes, 1:30).
_NUMBER = re.compile(r"[-+]?(0x[0-9a-fA-F]+|0o[0-7]+|[0-9]+|[0-9]*\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?")
MAX_TEXT = 100_000  # characters of one text; GitHub takes 21,000 where an expression is in it
_COMMENT = re.compile(r"\s#")


class Lines:
    """The lines of a text, for what YAML's tree does not tell: comments, and where a block begins."""

    def __init__(self, content: bytes) -> None:
        self.lines = content.decode("utf-8", "replace").splitlines()

    def comment(self, line: int) -> str:
        """Return the comment at the end of a line (from 1), without its ``#``; "" where there is none."""
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        found = _COMMENT.search(text)
        return text[found.end() :].strip() if found else ""

    def start(self, node: Node | None) -> int:
        """Return the line of the first line of a text: behind ``|`` and ``>`` that is the next."""
        if node is None or not 0 < node.line <= len(self.lines):
            return 0
        return node.line + (self.lines[node.line - 1][node.column - 1 : node.column] in ("|", ">"))


def images(owner: Node, path: str, own: str, services: str, key: str) -> list[Use]:
    """Return the images a job names: its own, and its services' (a list, or a mapping of names to services)."""
    listed = owner.get(services)
    nodes = [owner.get(own)]
    if listed is not None and isinstance(listed.value, dict):
        nodes += listed.value.values()
    elif listed is not None:
        nodes += listed.elements()
    found = []
    for node in nodes:
        named = node.get(key) if node is not None and isinstance(node.value, dict) else node
        target = text_of(named, path)
        if named is not None and target:
            found.append(Use(named.line, target, "image"))
    return found


def line_of(node: Node, key: str) -> int:
    """Return the line of a key of a mapping, or the mapping's own."""
    return (node.key_lines or {}).get(key, node.line)


def mapping(node: Node, path: str, what: str) -> Node:
    """Return the node if it is a mapping, else raise UsageError."""
    if not isinstance(node.value, dict):
        raise UsageError(f"{path}:{node.line}: {what} must be a mapping", "write it as name: value pairs")
    return node


def text_of(node: Node | None, path: str) -> str:
    """Return a scalar as a step would see it: null is "", numbers and booleans in their canonical form."""
    if node is None or node.value is None:
        return ""
    if isinstance(node.value, (dict, list)):
        raise UsageError(f"{path}:{node.line}: a text is expected here", "quote it, or move it where it belongs")
    if len(node.text) > MAX_TEXT:
        raise UsageError(f"{path}:{node.line}: a text of more than {MAX_TEXT} characters", "put a script of that size into a file")
    if isinstance(node.value, bool):
        return node.text.lower() if node.text.lower() in ("true", "false") else node.text
    if isinstance(node.value, (int, float)) and _NUMBER.fullmatch(node.text):
        return str(node.value) if isinstance(node.value, int) else format(node.value, ".15g")
    return node.text


def texts_of(node: Node | None, path: str) -> dict[str, str]:
    """Return a mapping of names to texts; an expression in its place, or nothing, gives none."""
    if node is None or node.value is None or isinstance(node.value, str):
        return {}
    found = {}
    for key, child in mapping(node, path, "this").items():
        if isinstance(child.value, dict) and "value" in child.value:  # GitLab: a variable with its description
            found[key] = text_of(child.get("value"), path)
        elif isinstance(child.value, (dict, list)):
            found[key] = json.dumps(child.plain(), ensure_ascii=False)
        else:
            found[key] = text_of(child, path)
    return found


def list_of(node: Node | None) -> tuple[str, ...]:
    """Return a text, or the texts of a list, as a list; what is deeper is flattened."""
    if node is None or node.value is None:
        return ()
    if isinstance(node.value, list):
        return tuple(text for child in node.elements() for text in list_of(child))
    if isinstance(node.value, dict):
        return tuple(text for _, child in node.items() for text in list_of(child))
    return (node.text,)


def find(node: Node | None, *keys: str) -> Node | None:
    """Return what lies at a path of keys; None where any of them is missing."""
    for key in keys:
        node = node.get(key) if node is not None else None
    return node


def step_nodes(listed: Node | None) -> Iterator[Node]:
    """Give the steps of a list in order, those inside ``parallel:`` too."""
    for node in listed.elements() if listed is not None else ():
        inside = node.get("parallel") if isinstance(node.value, dict) else None
        if inside is not None and isinstance(inside.value, list):
            yield from step_nodes(inside)
        else:
            yield node
