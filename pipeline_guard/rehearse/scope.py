# SPDX-License-Identifier: Apache-2.0
"""What expressions can see at one place of a workflow, and how the job stands: conditions and texts are evaluated here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pipeline_guard.rehearse.certainty import decided
from pipeline_guard.rehearse.expression import Tree, asks_status, evaluate, fill, holds_expression, inside, parse, paths
from pipeline_guard.rehearse.functions import Function
from pipeline_guard.rehearse.situation import surely_absent
from pipeline_guard.rehearse.values import Value, look_up, text, truthy

CONTEXTS = ("env", "github", "inputs", "job", "jobs", "matrix", "needs", "runner", "secrets", "steps", "strategy", "vars")
NOT_KNOWN = "${NOT_KNOWN_HERE}"
# Contexts where what has no value here has one that only the forge, or somebody else's step, knows.
_ELSEWHERE = frozenset(("env", "github", "inputs", "jobs", "needs", "secrets", "steps", "vars"))


@dataclass(frozen=True, slots=True)
class Ground:
    """What holds everywhere in a rehearsal.

    ``assumed`` are values that a person gave, over all others; ``guessed`` are paths whose value nothing here tells;
    ``there`` tells whether any file of the repository matches a pattern.
    """

    assumed: Mapping[str, Any] = field(default_factory=dict)
    guessed: frozenset[tuple[str, ...]] = frozenset()
    there: Callable[[str], bool] = lambda _pattern: True
    no_secrets: bool = False  # whether the forge gives none


class Scope:
    """Contexts by name and the status of the job; never changed, but for the remarks it collects."""

    def __init__(
        self,
        contexts: Mapping[str, Any],
        status: str = "success",
        remarks: list[str] | None = None,
        elsewhere: frozenset[str] = _ELSEWHERE,
        ground: Ground | None = None,
    ) -> None:
        self._ground = ground or Ground()
        self.contexts: Mapping[str, Any] = _overlaid(contexts, self._ground.assumed)
        self.status = status
        self._elsewhere = elsewhere
        self._remarks: list[str] = [] if remarks is None else remarks
        self._functions: Mapping[str, Function] = {
            "always": Function(lambda: True, 0, 0),
            "cancelled": Function(lambda: False, 0, 0),
            "failure": Function(lambda: status == "failure", 0, 0),
            "success": Function(lambda: status == "success", 0, 0),
            "hashfiles": Function(self._hash, 1, 255),
        }

    def having(self, **contexts: Any) -> Scope:
        """Return a scope with other contexts in place of those named."""
        return Scope({**self.contexts, **contexts}, self.status, self._remarks, self._elsewhere, self._ground)

    def inside_ours(self) -> Scope:
        """Return the scope for an action of ours: what has no value there is meant to have none."""
        return Scope(self.contexts, self.status, self._remarks, frozenset(), self._ground)

    def with_status(self, status: str) -> Scope:
        """Return the scope as it is once the job stands differently."""
        return Scope(self.contexts, status, self._remarks, self._elsewhere, self._ground)

    def notes(self) -> list[str]:
        """Return what had no value here, each once, and forget it."""
        found = list(dict.fromkeys(self._remarks))
        self._remarks.clear()
        return found

    def asks_status(self, condition: str) -> bool:
        """Tell whether a condition asks how the job went."""
        source = inside(condition)
        return bool(source.strip()) and not holds_expression(source) and asks_status(self._tree(source))

    def condition(self, condition: str, where: str) -> bool:
        """Evaluate an ``if:``; without a question about the status it holds only while all went well."""
        if not condition.strip():
            return self.status == "success"
        source = inside(condition)
        if holds_expression(source):  # a text around an expression: as a text it is true unless empty
            return self.status == "success" and bool(self.text(condition, where))
        tree = self._tree(source)
        if not asks_status(tree) and self.status != "success":
            return False
        return truthy(self._value(source, where))

    def undecided(self, condition: str) -> str:
        """Return what an ``if:`` depends on and nobody here knows, "" where its answer is certain."""
        source = inside(condition)
        if not source.strip() or holds_expression(source):
            return ", ".join(self.unknown(condition))
        tree = self._tree(source)
        answer = decided(tree, self._known, lambda part: evaluate(part, self.contexts, self._functions))
        return "" if answer is not None else ", ".join(self.unknown(f"${{{{{source}}}}}"))

    def unknown(self, template: str) -> list[str]:
        """Return the values that a text asks for and nobody here knows."""
        found: list[tuple[str, ...]] = []
        if "${{" in template:
            fill(template, lambda source: found.extend(path for path in paths(self._tree(source)) if not self._known(path)))
        return list(dict.fromkeys(map(".".join, found)))

    def text(self, template: str, where: str) -> str:
        """Replace the expressions of a text."""
        return fill(template, lambda source: self._value(source, where)) if "${{" in template else template

    def script(self, template: str, where: str) -> str:
        """Replace the expressions of a script; what nobody here knows becomes ``NOT_KNOWN``."""
        if "${{" not in template:
            return template

        def value(source: str) -> Value:
            found = self._value(source, where)
            return found if all(map(self._known, paths(self._tree(source)))) else NOT_KNOWN

        return fill(template, value)

    def whole(self, template: str, where: str) -> Value:
        """Return the value of a text that is one expression, else the text with its expressions replaced."""
        source = inside(template)
        if source is not template and "${{" in template:
            return self._value(source, where)
        return self.text(template, where)

    def _tree(self, source: str) -> Tree:
        return _parsed(source.strip(), tuple(self._functions))

    def _value(self, source: str, where: str) -> Value:
        tree = self._tree(source)
        for path in paths(tree):
            if not self._known(path) or (path[0] == "secrets" and len(path) > 1 and self._at(path) is None):
                self._remarks.append(f"{where}: ${{{{ {'.'.join(path)} }}}} has no value here and is taken as empty")
        return evaluate(tree, self.contexts, self._functions)

    def _known(self, path: tuple[str, ...], beside_text: bool = True) -> bool:
        """Tell whether what has no value has none on the forge either."""
        if path[0] not in self._elsewhere or len(path) < 2:
            return True
        if path[0] == "secrets" and self._ground.no_secrets:
            return True
        if path in self._ground.guessed and beside_text:
            return False
        if path[0] == "github" and path[1:2] == ("event",) and surely_absent(str(self._at(("github", "event_name"))), path[2:]):
            return True
        return self._at(path) is not None

    def _at(self, path: tuple[str, ...]) -> Value:
        value: Value = self.contexts
        for part in path:
            if part == "*":  # all that is there: known as far as the list is
                return value
            if not isinstance(value, Mapping):
                return None
            value = look_up(value, part)
        return value

    def _hash(self, *patterns: Value) -> str:
        if not any(self._ground.there(text(pattern)) for pattern in patterns):
            return ""
        self._remarks.append(f"hashFiles({', '.join(map(text, patterns))}) is not computed here")
        return "0" * 64


def _overlaid(contexts: Mapping[str, Any], assumed: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(contexts)
    for name, value in assumed.items():
        below = found.get(name)
        found[name] = _overlaid(below if isinstance(below, Mapping) else {}, value) if isinstance(value, Mapping) else value
    return found


@lru_cache(maxsize=2048)
def _parsed(source: str, names: tuple[str, ...]) -> Tree:
    few = {"hashfiles": Function(lambda *_: "", 1, 255)}
    return parse(source, CONTEXTS, {name: few.get(name, Function(lambda: None, 0, 0)) for name in names})


def is_true(word: str) -> bool:
    """Tell whether a text is true as an input is."""
    return word.strip().lower() == "true"
