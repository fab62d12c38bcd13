# SPDX-License-Identifier: Apache-2.0
"""What imported rules demand of a finding besides their pattern: words, paths, and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from pipeline_guard.model.entry import Entry
from pipeline_guard.scan.detect import Candidate
from pipeline_guard.scan.rule import compiled

_NEAR = 4096  # bytes around a value in which the match lies


@dataclass(frozen=True, slots=True)
class Allowlist:
    """One allowlist; ``together`` wants all of its kinds to agree, else one is enough. ``rules`` empty means all."""

    paths: tuple[re.Pattern[str], ...] = ()
    commits: frozenset[str] = frozenset()
    regexes: tuple[re.Pattern[bytes], ...] = ()
    stopwords: tuple[bytes, ...] = ()
    target: str = "secret"
    together: bool = False
    rules: frozenset[str] = frozenset()

    def covers(self, rule: str, path: str, commit: str, texts: Callable[[str], bytes]) -> bool:
        """Tell whether a finding is covered; ``texts`` gives the "secret", "match" or "line" it stands for."""
        if self.rules and rule not in self.rules:
            return False
        held = []
        if self.paths:
            held.append(any(pattern.search(path) for pattern in self.paths))
        if self.commits:
            held.append(commit in self.commits)
        if self.regexes:
            text = texts(self.target)
            held.append(any(pattern.search(text) for pattern in self.regexes))
        if self.stopwords:
            low = texts("secret").lower()
            held.append(any(word in low for word in self.stopwords))
        return bool(held) and (all(held) if self.together else any(held))


@dataclass(frozen=True, slots=True)
class Condition:
    """What a rule of gitleaks demands besides its pattern."""

    words: tuple[bytes, ...] = ()
    path: re.Pattern[str] | None = None
    allow: tuple[Allowlist, ...] = ()


@dataclass(slots=True)
class Conditions:
    """The conditions of all imported rules by id, and the allowlists that hold for every rule."""

    rules: dict[str, Condition] = field(default_factory=dict)
    everywhere: list[Allowlist] = field(default_factory=list)

    def keeps(self, rule: str, path: str, commit: str, low: Callable[[], bytes], texts: Callable[[str], bytes]) -> bool:
        """Tell whether a candidate fulfils what its rule demands; ``low`` gives the whole text in lower case."""
        known = self.rules.get(rule)
        if known is None:
            return True
        if known.path and not known.path.search(path):
            return False
        if known.words and not any(word in low() for word in known.words):
            return False
        return not any(one.covers(rule, path, commit, texts) for one in known.allow)

    def lets_pass(self, rule: str, path: str, commit: str, texts: Callable[[str], bytes]) -> bool:
        """Tell whether an allowlist of a whole file covers the finding."""
        return any(one.covers(rule, path, commit, texts) for one in self.everywhere)


def kept(text: bytes, candidates: Iterable[Candidate], entry: Entry, conditions: Conditions) -> list[Candidate]:
    """Return the candidates that fulfil what their rules demand."""
    commit = entry.origin.commit if entry.origin else ""
    return [one for one in candidates if conditions.keeps(one.rule.id, entry.path, commit, text.lower, partial(_around, text, one))]


def _around(text: bytes, candidate: Candidate, kind: str) -> bytes:
    """Return what an allowlist looks at: the secret, the match of the rule, or the line."""
    if kind == "secret":
        return candidate.value
    if kind == "match":
        for match in compiled(candidate.rule).finditer(text, max(candidate.start - _NEAR, 0), candidate.end + _NEAR):
            if match.start() <= candidate.start and candidate.end <= match.end():
                return match.group()
    start = text.rfind(b"\n", 0, candidate.start) + 1
    end = text.find(b"\n", candidate.end)
    return text[start : end if end >= 0 else len(text)]
