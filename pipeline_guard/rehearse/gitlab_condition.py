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


class _Unknown:
    """The value of a variable that a project's settings may give."""

    __slots__ = ()


_UNKNOWN = _Unknown()
_Value = str | bool | None | _Unknown
# Predefined variables whose value people write on the forge; every other one with these beginnings is known to be there or not.
_WRITTEN = frozenset(
    f"CI_{name}"
    for name in (
        "DEPLOY_FREEZE",
        *(f"MERGE_REQUEST_{part}" for part in ("TITLE", "DESCRIPTION", "LABELS", "MILESTONE", "ASSIGNEES", "DRAFT")),
    )
)
_PREDEFINED = ("CI_", "GITLAB_", "CHAT_", "TRIGGER_PAYLOAD")


def holds(condition: str, variables: Mapping[str, str]) -> bool:
    """Tell whether a condition holds; raise UsageError for one that GitLab would refuse."""
    return _true(_evaluated(condition, variables, frozenset()))


def unknown(condition: str, variables: Mapping[str, str]) -> list[str]:
    """Return the variables by which a condition may hold that does not hold here: a project's settings may give them."""
    merge_request = "CI_MERGE_REQUEST_IID" in variables
    open_names = [
        name
        for name in dict.fromkeys(word.strip("${}") for kind, word in _tokens(condition) if kind == "variable")
        if name not in variables
        and not (name == "CI" or (name.startswith(_PREDEFINED) and name not in _WRITTEN))
        and (merge_request or not name.startswith("CI_MERGE_REQUEST_"))
    ]
    value = _evaluated(condition, variables, frozenset(open_names)) if open_names else False
    return open_names if value is _UNKNOWN or _true(value) else []


def _evaluated(condition: str, variables: Mapping[str, str], open_names: frozenset[str]) -> _Value:
    if len(condition) > MAX_LENGTH:
        raise UsageError(f"a condition of more than {MAX_LENGTH} characters")
    tokens = list(_tokens(condition))
    reader = _Reader(tokens, variables, open_names)
    value = reader.either()
    if reader.at < len(tokens):
        raise UsageError(f"unexpected in a condition: {tokens[reader.at][1][:40]}")
    return value


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

    def __init__(self, tokens: list[tuple[str, str]], variables: Mapping[str, str], open_names: frozenset[str]) -> None:
        self.at = 0
        self._tokens = tokens
        self._variables = variables
        self._open = open_names
        self._depth = 0

    def either(self) -> _Value:
        """Read alternatives."""
        value = self._both()
        while self._taken("||"):
            other = self._both()
            value = value if _true(value) or (value is _UNKNOWN and not _true(other)) else other
        return value

    def _both(self) -> _Value:
        value = self._comparison()
        while self._taken("&&"):
            other = self._comparison()
            value = other if _true(value) or (value is _UNKNOWN and not _true(other) and other is not _UNKNOWN) else value
        return value

    def _comparison(self) -> _Value:
        left = self._term()
        for operator in ("==", "!=", "=~", "!~"):
            if self._taken(operator):
                right = self._term()
                if left is _UNKNOWN or right is _UNKNOWN:
                    return _UNKNOWN
                if operator in ("==", "!="):
                    return (left == right) is (operator == "==")
                return _matches(left, right) is (operator == "=~")
        return left

    def _term(self) -> _Value:
        if self._taken("!"):
            term = self._term()
            return term if term is _UNKNOWN else not _true(term)
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
            name = word.strip("${}")
            return _UNKNOWN if name in self._open else self._variables.get(name)
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
