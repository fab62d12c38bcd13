# SPDX-License-Identifier: Apache-2.0
"""All rules of one run: what ships and what the user adds, read once and then kept as parsed values."""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass, field

from pipeline_guard.errors import UsageError
from pipeline_guard.ports import Cache, Rulepacks
from pipeline_guard.scan.condition import Conditions
from pipeline_guard.scan.rule import Rule, digest, freeze, parse_pack, thaw

PACKAGED = "rulepacks/"  # the names of packs that ship with the package begin so


@dataclass(frozen=True, slots=True)
class Ruleset:
    """The rules in order, the digest that names them, and the conditions of those that come from gitleaks."""

    rules: tuple[Rule, ...]
    digest: str
    conditions: Conditions = field(default_factory=Conditions)

    def rule(self, name: str) -> Rule:
        """Return a rule by id; raise UsageError with the nearest spelling."""
        found = next((rule for rule in self.rules if rule.id == name), None)
        if found is None:
            near = difflib.get_close_matches(name, [rule.id for rule in self.rules], n=1)
            raise UsageError(
                f"unknown rule {name[:60]!r}", f"did you mean {near[0]}?" if near else "pipeline-guard rules list shows them all"
            )
        return found


def load(packs: Rulepacks, cache: Cache) -> Ruleset:
    """Read every pack, from the cache where nothing changed. Raises UsageError with file and line."""
    texts = list(packs.texts())
    native = [(name, content) for name, content in texts if not name.endswith(".toml")]
    if len(native) == len(texts):
        return _native(texts, cache)
    from pipeline_guard.scan import gitleaks  # tomllib is dear, and needed by few

    known, conditions = _native(native, cache), Conditions()
    rules = list(known.rules)
    for name, content in texts:
        if name.endswith(".toml"):
            for rule in gitleaks.parse(name, content, conditions):
                if any(rule.id == other.id for other in rules):
                    raise UsageError(f"{name}: the rule {rule.id} is there already", "give it another id")
                rules.append(rule)
    return Ruleset(tuple(rules), digest(texts), conditions)


def _native(texts: list[tuple[str, bytes]], cache: Cache) -> Ruleset:
    name = digest(texts)
    kept = cache.get(f"rules-{name[:32]}.json")
    if kept is not None and hashlib.sha256(kept[32:]).digest() == kept[:32]:
        rules = thaw(kept[32:])
        if rules:
            return Ruleset(rules, name)
    return Ruleset(_parse(texts, name, cache), name)


def _parse(texts: list[tuple[str, bytes]], name: str, cache: Cache) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    origin: dict[str, str] = {}
    for pack, content in texts:
        for rule in parse_pack(pack, content, trusted=pack.startswith(PACKAGED)):
            if rule.id in origin:
                raise UsageError(f"{pack}: the rule {rule.id} is there already, in {origin[rule.id]}", "give it another id")
            origin[rule.id] = pack
            rules.append(rule)
    body = freeze(rules)
    cache.put(f"rules-{name[:32]}.json", hashlib.sha256(body).digest() + body)
    return tuple(rules)
