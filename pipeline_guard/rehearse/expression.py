# SPDX-License-Identifier: Apache-2.0
"""GitHub's ``${{ }}`` expressions, read and evaluated (docs.github.com, "Evaluate expressions in workflows and actions").

``parse`` gives a tree, ``evaluate`` its value from contexts, ``fill`` a text with its expressions replaced. Nothing is looked up
anywhere but in what is given; what GitHub refuses raises UsageError.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline_guard.errors import UsageError
from pipeline_guard.rehearse.functions import FUNCTIONS, Function
from pipeline_guard.rehearse.values import Filtered, Value, equal, less, look_up, number, text, truthy

MAX_LENGTH = 21_000  # characters, as GitHub allows
MAX_DEPTH = 50
STATUS = ("always", "cancelled", "failure", "success")

_TOKEN = re.compile(
    r"(?P<blank>[ \r\t\n]+)|(?P<text>'(?:[^']|'')*')|(?P<operator>==|!=|<=|>=|&&|\|\||[()\[\],!<>*])|(?P<dot>\.)"
    r"|(?P<word>[^\s()\[\],.!<>=&|']+)"
)
_NUMBER = re.compile(r"[-+.0-9][^\s()\[\],!<>=&|]*")  # what stands there to the next boundary; whether it is one is decided later
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_KEYWORDS: Mapping[str, Value] = {"true": True, "false": False, "null": None, "NaN": math.nan, "Infinity": math.inf}
_LEVELS = (("||",), ("&&",), ("==", "!="), ("<", "<=", ">", ">="))


@dataclass(frozen=True, slots=True)
class Tree:
    """One node: ``kind`` is literal, context, call, index, star, not, or a binary operator; ``value`` a literal's value or a name."""

    kind: str
    value: Value = None
    parts: tuple[Tree, ...] = ()


def parse(source: str, contexts: Sequence[str], functions: Mapping[str, Function]) -> Tree:
    """Read one expression; names of contexts and functions are checked, and how many arguments a function gets."""
    if len(source) > MAX_LENGTH:
        raise UsageError(f"an expression of more than {MAX_LENGTH} characters")
    return _Parser(list(_tokens(source)), source, {name.lower() for name in contexts}, {**functions, **FUNCTIONS}).whole()


def evaluate(tree: Tree, contexts: Mapping[str, Value], functions: Mapping[str, Function]) -> Value:
    """Return the value of an expression."""
    if tree.kind == "literal":
        return tree.value
    if tree.kind == "context":
        return look_up(contexts, tree.value)
    if tree.kind == "not":
        return not truthy(evaluate(tree.parts[0], contexts, functions))
    if tree.kind in ("||", "&&"):
        value: Value = None
        for part in tree.parts:
            value = evaluate(part, contexts, functions)
            if truthy(value) is (tree.kind == "||"):
                break
        return value
    values = [evaluate(part, contexts, functions) for part in tree.parts if part.kind != "star"]
    if tree.kind == "call":
        return {**functions, **FUNCTIONS}[tree.value].call(*values)
    if tree.kind == "index":
        return _index(values[0], values[1] if len(values) > 1 else None, star=tree.parts[1].kind == "star")
    return _compare(tree.kind, values[0], values[1])


def fill(template: str, value_of: Callable[[str], Value]) -> str:
    """Replace each ``${{ }}`` of a text by the text of its value."""
    pieces, at = [], 0
    for start, end in _spans(template):
        pieces += [template[at:start], text(value_of(template[start + 3 : end - 2]))]
        at = end
    return "".join([*pieces, template[at:]])


def inside(condition: str) -> str:
    """Return the expression of an ``if:``, whose ``${{ }}`` may be left out."""
    spans = list(_spans(condition.strip()))
    stripped = condition.strip()
    return stripped[3:-2] if spans == [(0, len(stripped))] else condition


def holds_expression(template: str) -> bool:
    """Tell whether a text has a ``${{ }}``."""
    return any(True for _ in _spans(template))


def asks_status(tree: Tree) -> bool:
    """Tell whether a condition asks how the job went; one that does not holds only while all went well."""
    return (tree.kind == "call" and tree.value in STATUS) or any(map(asks_status, tree.parts))


def paths(tree: Tree) -> Iterator[tuple[str, ...]]:
    """Give the contexts that an expression reads, lower-cased, as far as they are written out."""
    path: list[str] = []
    node = tree
    while node.kind == "index":
        key = node.parts[1]
        path.insert(0, str(key.value).lower() if key.kind == "literal" else "*")
        node = node.parts[0]
    if node.kind == "context":
        yield (str(node.value).lower(), *path)
    if tree.kind == "index":
        if node.kind != "context":
            yield from paths(node)
        yield from (found for part in _indices(tree) for found in paths(part))
        return
    for part in tree.parts:
        yield from paths(part)


def _indices(tree: Tree) -> Iterator[Tree]:
    while tree.kind == "index":
        yield tree.parts[1]
        tree = tree.parts[0]


def _spans(template: str) -> Iterator[tuple[int, int]]:
    """Give where each expression begins and ends; ``}}`` inside a text of the expression does not end it."""
    start = template.find("${{")
    while start >= 0:
        at, quoted = start + 3, False
        while at < len(template) and (quoted or not template.startswith("}}", at)):
            quoted ^= template[at] == "'"
            at += 1
        if at >= len(template):
            raise UsageError("an expression does not end", "close it with }}")
        yield start, at + 2
        start = template.find("${{", at + 2)


def _tokens(source: str) -> Iterator[tuple[str, str]]:
    at, before = 0, ""
    while at < len(source):
        found = _NUMBER.match(source, at)
        if found and (source[at] != "." or before not in ("name", ")", "]", "*")):
            if math.isnan(number(found[0])):
                raise UsageError(f"unexpected in an expression: {found[0][:40]}")
            kind, word = "number", found[0]
        else:
            found = _TOKEN.match(source, at)
            if found is None:
                raise UsageError(f"unexpected in an expression: {source[at : at + 40]}")
            kind, word = str(found.lastgroup), found[0]
            if kind == "word":
                if not _NAME.fullmatch(word):
                    raise UsageError(f"unexpected in an expression: {word[:40]}")
                kind = "keyword" if word in _KEYWORDS and before != "dot" else "name"
            elif kind == "operator":
                kind = word
        at = found.end()
        if kind != "blank":
            before = kind
            yield kind, word


class _Parser:
    """Recursive descent; precedence from ``||`` down to ``!``."""

    def __init__(self, tokens: list[tuple[str, str]], source: str, contexts: set[str], functions: Mapping[str, Function]) -> None:
        self._tokens = tokens
        self._at = 0
        self._source = source
        self._contexts = contexts
        self._functions = functions
        self._depth = 0

    def whole(self) -> Tree:
        found = self._expression()
        if self._at < len(self._tokens):
            raise self._unexpected()
        return found

    def _expression(self) -> Tree:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise UsageError(f"an expression deeper than {MAX_DEPTH} levels")
        found = self._binary(0)
        self._depth -= 1
        return found

    def _binary(self, level: int) -> Tree:
        if level == len(_LEVELS):
            return self._unary()
        found = self._binary(level + 1)
        while self._peek() in _LEVELS[level]:
            operator = self._next()[0]
            right = self._binary(level + 1)
            same = level < 2 and found.kind == operator
            found = Tree(operator, parts=(*found.parts, right) if same else (found, right))
        return found

    def _unary(self) -> Tree:
        if self._peek() != "!":
            return self._indexed()
        self._next()
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise UsageError(f"an expression deeper than {MAX_DEPTH} levels")
        found = Tree("not", parts=(self._unary(),))
        self._depth -= 1
        return found

    def _indexed(self) -> Tree:
        grouped = self._peek() == "("
        found = self._primary()
        steps = 0
        while (grouped or found.kind in ("context", "call", "index")) and self._peek() in ("[", "dot"):
            steps += 1
            if self._depth + steps > MAX_DEPTH:
                raise UsageError(f"an expression deeper than {MAX_DEPTH} levels")
            if self._next()[0] == "[":
                key = Tree("star") if self._taken("*") else self._expression()
                self._expect("]")
            elif self._peek() == "name":
                key = Tree("literal", self._next()[1])
            else:
                self._expect("*")
                key = Tree("star")
            found = Tree("index", parts=(found, key))
        return found

    def _primary(self) -> Tree:
        kind, word = self._next()
        if kind == "keyword":
            return Tree("literal", _KEYWORDS[word])
        if kind == "number":
            return Tree("literal", number(word))
        if kind == "text":
            return Tree("literal", word[1:-1].replace("''", "'"))
        if kind == "(":
            found = self._expression()
            self._expect(")")
            # a group is a level of its own: (a && b) && c is not a && b && c, though the value is the same
            return found
        if kind != "name":
            self._at -= 1
            raise self._unexpected()
        if self._peek() == "(":
            return self._call(word)
        if word.lower() not in self._contexts:
            raise UsageError(f"no such name here: {word[:40]}", f"known are {', '.join(sorted(self._contexts))}")
        return Tree("context", word)

    def _call(self, word: str) -> Tree:
        self._next()
        given: list[Tree] = []
        while not self._taken(")"):
            given.append(self._expression())
            if self._peek() != ")":
                self._expect(",")
        name = word.lower()
        function = self._functions.get(name)
        if function is None:
            raise UsageError(f"no such function: {word[:40]}")
        if not function.least <= len(given) <= function.most or (name == "case" and len(given) % 2 == 0):
            raise UsageError(f"{word}: {len(given)} arguments are not what it takes")
        return Tree("call", name, tuple(given))

    def _peek(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else ""

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise UsageError(f"an expression ends too early: {self._source.strip()[-40:]}")
        self._at += 1
        return self._tokens[self._at - 1]

    def _taken(self, kind: str) -> bool:
        if self._peek() == kind:
            self._at += 1
            return True
        return False

    def _expect(self, kind: str) -> None:
        if not self._taken(kind):
            raise self._unexpected()

    def _unexpected(self) -> UsageError:
        if self._at >= len(self._tokens):
            return UsageError(f"an expression ends too early: {self._source.strip()[-40:]}")
        return UsageError(f"unexpected in an expression: {self._tokens[self._at][1][:40]}")


def _index(owner: Value, key: Value, *, star: bool) -> Value:
    if isinstance(owner, Filtered):
        return Filtered(found for each in owner for found in _inner(each, key, star=star))
    if isinstance(owner, (list, Mapping)):
        found = _inner(owner, key, star=star)
        return Filtered(found) if star else found[0] if found else None
    return Filtered() if star else None


def _inner(owner: Value, key: Value, *, star: bool) -> list[Value]:
    """Return what lies under a key, in a list: nothing, one value, or with ``*`` all."""
    if isinstance(owner, Mapping):
        if star:
            return list(owner.values())
        if isinstance(key, (list, Mapping)):
            return []
        word = text(key)
        return [look_up(owner, word)] if any(known.lower() == word.lower() for known in owner) else []
    if isinstance(owner, list):
        if star:
            return list(owner)
        place = number(key)
        return [owner[int(place)]] if 0 <= place < len(owner) else []
    return []


def _compare(operator: str, left: Value, right: Value) -> bool:
    if operator == "==":
        return equal(left, right)
    if operator == "!=":
        return not equal(left, right)
    if operator == "<":
        return less(left, right)
    if operator == ">":
        return less(right, left)
    return equal(left, right) or (less(left, right) if operator == "<=" else less(right, left))
