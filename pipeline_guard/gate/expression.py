# SPDX-License-Identifier: Apache-2.0
"""GitHub's ``${{ }}`` expressions: which contexts can flow into the text that one becomes. Nothing is evaluated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>[-+]?(?:0x[0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][-+]?\d+)?))"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_-]*)|(?P<operator>\|\||&&|==|!=|<=|>=|[<>!()\[\].,*]))"
)
# Functions whose value is a truth or a digest, whatever goes in.
_TELLING = {"contains", "startswith", "endswith", "hashfiles", "always", "success", "failure", "cancelled"}
_MAX_TOKENS = 2000


@dataclass(frozen=True, slots=True)
class Expression:
    """One ``${{ }}`` of a text: its inside, its offset, and the contexts that can flow into its value, lower-cased with dots."""

    text: str
    offset: int
    flows: tuple[str, ...]
    names: tuple[str, ...]  # every context that is mentioned
    whole: tuple[str, ...] = ()  # contexts written out as a whole by toJSON


def expressions(text: str) -> Iterator[Expression]:
    """Give the expressions of a text."""
    for start, end in spans(text):
        yield read(text[start + 3 : end - 2].strip(), start)


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Give where each ``${{ }}`` begins and ends."""
    end = 0
    while (start := text.find("${{", end)) >= 0:
        closing = text.find("}}", start)
        if closing < 0:
            return
        end = closing + 2
        yield start, end


def outside(text: str) -> str:
    """Return a text without its expressions."""
    pieces, at = [], 0
    for start, end in spans(text):
        pieces.append(text[at:start])
        at = end
    return "".join([*pieces, text[at:]])


def condition(text: str) -> Expression:
    """Read an ``if:``, whose ``${{ }}`` may be left out."""
    inside = text.strip()
    if inside.startswith("${{") and inside.endswith("}}"):
        inside = inside[3:-2]
    return read(inside.strip(), 0)


def read(inside: str, offset: int = 0) -> Expression:
    """Read one expression without its braces; what cannot be read flows from every name in it."""
    parser = _Parser(inside)
    try:
        flows = parser.alternatives(0)
        if parser.at < len(parser.tokens):
            flows = set(parser.names)
    except (IndexError, RecursionError, ValueError):
        flows = set(parser.names) | {found.lower() for found in re.findall(r"[A-Za-z_][\w.-]*", inside)[:200]}
    return Expression(inside, offset, tuple(sorted(flows)), tuple(sorted(parser.names)), tuple(sorted(parser.whole)))


class _Parser:
    """Recursive descent over or, and, comparison, not, value; each level returns the contexts that can become the value."""

    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        self.names: set[str] = set()
        self.whole: set[str] = set()
        self.at = 0
        position = 0
        while position < len(text) and len(self.tokens) < _MAX_TOKENS:
            found = _TOKEN.match(text, position)
            if not found or found.end() == position:
                break
            self.tokens.append((found.lastgroup or "", found[found.lastgroup or 0]))
            position = found.end()
        if position < len(text) and text[position:].strip():
            self.tokens.append(("broken", text[position:]))

    def _is(self, *operators: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at] in [("operator", each) for each in operators]

    def alternatives(self, depth: int) -> set[str]:
        """Read ``a || b``: either may become the value."""
        if depth > 40:
            raise ValueError("too deep")
        flows = self._both(depth)
        while self._is("||"):
            self.at += 1
            flows |= self._both(depth)
        return flows

    def _both(self, depth: int) -> set[str]:
        """Read ``a && b``: the value is b, or an a that is empty, false or zero."""
        flows = self._compared(depth)
        while self._is("&&"):
            self.at += 1
            flows = self._compared(depth)
        return flows

    def _compared(self, depth: int) -> set[str]:
        flows = self._one(depth)
        while self._is("==", "!=", "<", ">", "<=", ">="):
            self.at += 1
            self._one(depth)
            flows = set()
        return flows

    def _one(self, depth: int) -> set[str]:
        if self._is("!"):
            self.at += 1
            self._one(depth + 1)
            return set()
        if self._is("("):
            self.at += 1
            flows = self.alternatives(depth + 1)
            self._expect(")")
            return flows
        kind, word = self.tokens[self.at]
        self.at += 1
        if kind in ("text", "number"):
            return set()
        if kind != "name":
            raise ValueError(word)
        if self._is("("):
            return self._called(word.lower(), depth)
        if word.lower() in ("true", "false", "null"):
            return set()
        return self._context(word.lower(), depth)

    def _called(self, function: str, depth: int) -> set[str]:
        self.at += 1
        flows: set[str] = set()
        while not self._is(")"):
            flows |= self.alternatives(depth + 1)
            if self._is(","):
                self.at += 1
        self._expect(")")
        if function == "tojson":
            self.whole |= flows
        if self._is(".", "["):  # fromJSON(x).y
            self._context("", depth)
        return set() if function in _TELLING else flows

    def _context(self, path: str, depth: int) -> set[str]:
        while self._is(".", "["):
            dotted = self._is(".")
            self.at += 1
            kind, word = self.tokens[self.at]
            if dotted:
                self.at += 1
                path += "." + word.lower()
            elif kind == "text" and self.tokens[self.at + 1] == ("operator", "]"):
                self.at += 2
                path += "." + word[1:-1].lower()
            else:
                if self.tokens[self.at] == ("operator", "*"):
                    self.at += 1
                else:
                    self.alternatives(depth + 1)
                self._expect("]")
                path += ".*"
        if path and not path.startswith("."):
            self.names.add(path)
            return {path}
        return set()

    def _expect(self, operator: str) -> None:
        if not self._is(operator):
            raise ValueError(operator)
        self.at += 1
