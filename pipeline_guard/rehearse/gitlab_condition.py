# SPDX-License-Identifier: Apache-2.0
"""GitLab's CI/CD expressions: ``rules: if`` (docs.gitlab.com, "CI/CD expressions"), evaluated with given variables."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipeline_guard.errors import UsageError

_TOKEN = re.compile(
    r"""\s*(?:(?P<variable>\$\w+|\$\{\w+\})|(?P<text>"[^"]*"|'[^']*')|(?P<pattern>/(?:[^/\\\n]|\\.)+/[imsU]*)"""
    r"""|(?P<null>null\b)|(?P<operator>==|!=|=~|!~|&&|\|\||[()!]))"""
)
_PATTERN = re.compile(r"/(?P<body>.+)/(?P<flags>[imsU]*)", re.DOTALL)
MAX_LENGTH = 10_000  # characters of a condition
_MAX_PATTERN = 500
_MAX_SUBJECT = 10_000
_NESTED = re.compile(r"\((?:[^()\\]|\\.)*(?<!\\)[+*}](?:[^()\\]|\\.)*\)[+*{]")
_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}


class _Pattern(str):
    """A regular expression as written, with its slashes."""

    __slots__ = ()


_Value = str | bool | None


def holds(condition: str, variables: Mapping[str, str]) -> bool:
    """Tell whether a condition holds; raise UsageError for one that GitLab would refuse."""
    if len(condition) > MAX_LENGTH:
        raise UsageError(f"a condition of more than {MAX_LENGTH} characters")
    tokens = list(_tokens(condition))
    reader = _Reader(tokens, variables)
    value = reader.either()
    if reader.at < len(tokens):
        raise UsageError(f"unexpected in a condition: {tokens[reader.at][1][:40]}")
    return _true(value)


def _tokens(condition: str) -> list[tuple[str, str]]:
    found, at = [], 0
    stripped = condition.rstrip()
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        if match is None or match.lastgroup is None:
            raise UsageError(f"unexpected in a condition: {stripped[at : at + 40]}")
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


class _Reader:
    """Reads and evaluates at once: ``&&`` binds closer than ``||``, comparisons closer than both."""

    def __init__(self, tokens: list[tuple[str, str]], variables: Mapping[str, str]) -> None:
        self.at = 0
        self._tokens = tokens
        self._variables = variables
        self._depth = 0

    def either(self) -> _Value:
        """Read alternatives."""
        value = self._both()
        while self._taken("||"):
            other = self._both()
            value = value if _true(value) else other
        return value

    def _both(self) -> _Value:
        value = self._comparison()
        while self._taken("&&"):
            other = self._comparison()
            value = other if _true(value) else value
        return value

    def _comparison(self) -> _Value:
        left = self._term()
        for operator in ("==", "!=", "=~", "!~"):
            if self._taken(operator):
                right = self._term()
                if operator in ("==", "!="):
                    return (left == right) is (operator == "==")
                return _matches(left, right) is (operator == "=~")
        return left

    def _term(self) -> _Value:
        if self._taken("!"):
            return not _true(self._term())
        if self._taken("("):
            self._depth += 1
            if self._depth > 50:
                raise UsageError("a condition deeper than 50 levels")
            value = self.either()
            self._depth -= 1
            if not self._taken(")"):
                raise UsageError("a parenthesis of a condition does not end")
            return value
        if self.at >= len(self._tokens):
            raise UsageError("a condition ends too early")
        kind, word = self._tokens[self.at]
        self.at += 1
        if kind == "variable":
            return self._variables.get(word.strip("${}"))
        if kind == "text":
            return word[1:-1]
        if kind == "pattern":
            return _Pattern(word)
        if kind == "null":
            return None
        raise UsageError(f"unexpected in a condition: {word[:40]}")

    def _taken(self, operator: str) -> bool:
        if self.at < len(self._tokens) and self._tokens[self.at] == ("operator", operator):
            self.at += 1
            return True
        return False


def _true(value: _Value) -> bool:
    return value is True or (isinstance(value, str) and value != "")


def _matches(subject: _Value, pattern: _Value) -> bool:
    if not isinstance(pattern, str):
        return False
    found = _PATTERN.fullmatch(pattern)
    if found is None:
        if isinstance(pattern, _Pattern):
            raise UsageError(f"no regular expression: {pattern[:40]}")
        return isinstance(subject, str) and pattern in subject  # NOTE: a variable without slashes is searched as it is
    if len(found["body"]) > _MAX_PATTERN:
        raise UsageError(f"a regular expression of more than {_MAX_PATTERN} characters")
    if _NESTED.search(found["body"]):  # GitLab's engine takes linear time, ours would not
        raise UsageError(f"repetitions in each other are not evaluated here: {pattern[:60]}", "write the pattern without them")
    flags = re.RegexFlag(0)
    for letter in found["flags"]:
        flags |= _FLAGS.get(letter, re.RegexFlag(0))
    try:
        compiled = re.compile(found["body"].replace("\\/", "/").replace("\\z", "\\Z"), flags)
    except re.error:
        raise UsageError(f"no regular expression that is understood here: {pattern[:60]}") from None
    return compiled.search((subject if isinstance(subject, str) else "")[:_MAX_SUBJECT]) is not None  # nothing is the empty text
