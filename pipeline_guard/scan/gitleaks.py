# SPDX-License-Identifier: Apache-2.0
"""Rules and allowlists of gitleaks (TOML, as of 8.30), so that people can move over.

Their rules become rules of ours. What has no place there stays beside them as conditions: the words that must be in the text,
the path, and allowlists. An allowlist of a rule is part of the rule and drops what it covers; one of the whole file lets
findings of every rule through as "allowed", so that they stay visible. ``commits`` count where a finding comes with its commit.
Everything that is not understood is refused with its line: a filter that is read half is worse than none.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.scan.condition import Allowlist, Condition, Conditions
from pipeline_guard.scan.go_regex import translate
from pipeline_guard.scan.rule import ID, MAX_PATTERN, Rule, check_rule

LIMIT = 4 * 1024 * 1024
_RULE_KEYS = {
    "id", "description", "regex", "secretGroup", "entropy", "path", "keywords", "tags", "allowlist", "allowlists",
}  # fmt: skip
_ALLOW_KEYS = {"description", "condition", "commits", "paths", "regexTarget", "regexes", "stopwords", "targetRules"}
_TOP_KEYS = {"title", "description", "minVersion", "extend", "rules", "allowlist", "allowlists"}


def parse(name: str, content: bytes, conditions: Conditions) -> list[Rule]:
    """Read one file into rules, and into ``conditions``; raise UsageError with file and line for what is not supported."""
    if len(content) > LIMIT:
        raise UsageError(f"{name}: larger than {LIMIT} bytes")
    try:
        text = content.decode("utf-8")
        document = tomllib.loads(text)
    except UnicodeDecodeError:
        raise UsageError(f"{name}: not UTF-8 text") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        where = re.search(r"line (\d+)", str(error))
        raise UsageError(f"{name}:{where[1] if where else 1}: not valid TOML: {str(error)[:100]}") from None
    file = _File(name, text.splitlines())
    file.known(document, _TOP_KEYS, 1)
    extend = document.get("extend", {})
    if not isinstance(extend, dict) or set(extend) - {"useDefault"}:
        raise file.refuse(file.line("extend"), "extend: only useDefault is supported", "name each file with --rules")
    rules = []
    entries = document.get("rules", [])
    if not isinstance(entries, list):
        raise file.refuse(file.line("rules"), "rules must be a list of tables", "write [[rules]]")
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise file.refuse(file.line("rules"), "rules must be a list of tables", "write [[rules]]")
        rules.append(_rule(file, entry, file.table("rules", number), conditions))
    shared = _allowlists(file, document, 1)
    conditions.everywhere += shared
    if not rules and not shared:
        raise file.refuse(1, "neither rules nor allowlists", "a file of gitleaks has [[rules]] or [[allowlists]]")
    return rules


_THEIRS = {"pattern": "regex", "group": "secretGroup", "keywords": "keywords"}  # what a key of our rules is called there


@dataclass(frozen=True, slots=True)
class _File:
    """A file's name and lines, for errors: tomllib gives values without their places."""

    name: str
    lines: list[str]

    def refuse(self, line: int, what: str, hint: str = "") -> UsageError:
        return UsageError(f"{self.name}:{line}: {what}", hint)

    def line(self, key: str, after: int = 1) -> int:
        """Return the line of a key or table at or after a line; ``after`` where it is not found."""
        pattern = re.compile(rf"\s*(?:{re.escape(key)}|\"{re.escape(key)}\")\s*=|\s*\[+\s*(?:\w+\.)*{re.escape(key)}\s*[\].]")
        for number, text in enumerate(self.lines[after - 1 :], after):
            if pattern.match(text):
                return number
        return after

    def table(self, key: str, number: int) -> int:
        """Return the line of the ``number``-th (from 0) table of a list."""
        pattern = re.compile(rf"\s*\[\[\s*{re.escape(key)}\s*\]\]")
        found = [place for place, text in enumerate(self.lines, 1) if pattern.match(text)]
        return found[number] if number < len(found) else self.line(key)

    def known(self, table: Mapping[str, Any], keys: set[str], after: int) -> None:
        for key in table:
            if key not in keys:
                raise self.refuse(self.line(key, after), f"{key[:60]} is not supported", f"known here: {', '.join(sorted(keys))}")


def _rule(file: _File, entry: Mapping[str, Any], line: int, conditions: Conditions) -> Rule:
    file.known(entry, _RULE_KEYS, line)
    name = entry.get("id")
    if not isinstance(name, str) or not name:
        raise file.refuse(line, "a rule needs an id")
    where = f"rule {name[:60]}"
    ours = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if not ID.fullmatch(ours):
        raise file.refuse(file.line("id", line), f"{where}: an id needs letters or digits")
    if not isinstance(entry.get("regex"), str):
        raise file.refuse(line, f"{where}: a rule without a regex finds files by their name: not supported", "use gate, or leave it out")
    pattern = _go(file, entry["regex"], file.line("regex", line), where)
    group, entropy, keywords = entry.get("secretGroup", 0), entry.get("entropy", 0.0), entry.get("keywords", [])
    if not isinstance(group, int) or isinstance(group, bool):
        raise file.refuse(file.line("secretGroup", line), f"{where}: secretGroup must be a number")
    if not isinstance(entropy, (int, float)) or isinstance(entropy, bool) or not 0 <= entropy <= 8:
        raise file.refuse(file.line("entropy", line), f"{where}: entropy must be a number from 0 to 8")
    if not _texts(keywords):
        raise file.refuse(file.line("keywords", line), f"{where}: keywords must be a list of texts")
    path = entry.get("path")
    if path is not None and not isinstance(path, str):
        raise file.refuse(file.line("path", line), f"{where}: path must be a text")
    rule = Rule(
        id=f"gitleaks-{ours}",
        title=str(entry.get("description") or name)[:300],
        severity="high",
        pattern=pattern,
        source=f"a rule of gitleaks, from {file.name}",
        hint="revoke it where it was issued, and issue a new one",
        examples=(),
        group=group or _only_group(pattern),
        entropy=float(entropy),
        lines=True,
        kind="gitleaks",
    )

    def refuse(key: str, what: str, hint: str = "") -> UsageError:
        return file.refuse(file.line(_THEIRS.get(key, "id"), line), f"{where}: {what}", hint)

    check_rule(rule, refuse, limit=4 * MAX_PATTERN)
    conditions.rules[rule.id] = Condition(
        tuple(word.lower().encode() for word in keywords),
        _path_pattern(file, path, file.line("path", line), where) if path else None,
        tuple(_allowlists(file, entry, line)),
    )
    return rule


def _only_group(pattern: str) -> int:
    """Return 1 where the pattern has just one group and needs it, as gitleaks takes the first group that holds something."""
    try:
        compiled = re.compile(pattern.encode("utf-8"))
    except (re.error, OverflowError, RecursionError):
        return 0  # check_rule says why
    return 1 if compiled.groups == 1 and "|" not in pattern and not re.search(r"\)(?:\?|\*|\{0?,)", pattern) else 0


def _allowlists(file: _File, table: Mapping[str, Any], after: int) -> list[Allowlist]:
    """Read ``allowlist`` (a table, or a list of them) and ``allowlists``."""
    found = []
    for key in ("allowlist", "allowlists"):
        entries = table.get(key, [])
        for entry in [entries] if isinstance(entries, dict) else entries if isinstance(entries, list) else [None]:
            line = file.line(key, after)
            if not isinstance(entry, dict):
                raise file.refuse(line, f"{key} must be a table")
            found.append(_allowlist(file, entry, line))
    return found


def _allowlist(file: _File, entry: Mapping[str, Any], line: int) -> Allowlist:
    file.known(entry, _ALLOW_KEYS, line)
    lists = {}
    for key in ("commits", "paths", "regexes", "stopwords", "targetRules"):
        lists[key] = entry.get(key, [])
        if not _texts(lists[key]):
            raise file.refuse(file.line(key, line), f"{key} must be a list of texts")
    target, condition = entry.get("regexTarget", "secret"), str(entry.get("condition", "OR")).upper()
    if target not in ("secret", "match", "line"):
        raise file.refuse(file.line("regexTarget", line), "regexTarget is one of secret, match, line")
    if condition not in ("OR", "||", "AND", "&&"):
        raise file.refuse(file.line("condition", line), "condition is OR or AND")
    if not any(lists[key] for key in ("commits", "paths", "regexes", "stopwords")):
        raise file.refuse(line, "an allowlist needs commits, paths, regexes or stopwords")
    return Allowlist(
        tuple(_path_pattern(file, text, file.line("paths", line), "paths") for text in lists["paths"]),
        frozenset(text.lower() for text in lists["commits"]),
        tuple(re.compile(_go(file, text, file.line("regexes", line), "regexes").encode("utf-8")) for text in lists["regexes"]),
        tuple(text.lower().encode("utf-8") for text in lists["stopwords"]),
        target,
        condition in ("AND", "&&"),
        frozenset(f"gitleaks-{re.sub(r'[^a-z0-9]+', '-', text.lower()).strip('-')}" for text in lists["targetRules"]),
    )


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _path_pattern(file: _File, text: str, line: int, where: str) -> re.Pattern[str]:
    return re.compile(_go(file, text, line, where))


def _go(file: _File, text: str, line: int, where: str) -> str:
    """Translate one pattern and see that it compiles."""
    if len(text) > 4 * MAX_PATTERN:
        raise file.refuse(line, f"{where}: the pattern is longer than {4 * MAX_PATTERN} characters", "split it")
    if re.search(r"\)[*+]|\{\d*,\}\)[*+{]|[*+]\)(?:[*+]|\{\d+,)", text):
        raise file.refuse(line, f"{where}: a repeated group without an upper bound can take for ever", "write a bound such as {1,40}")
    try:
        pattern = translate(text)
        re.compile(pattern.encode("utf-8"))
    except (ValueError, re.error, OverflowError, RecursionError) as error:
        raise file.refuse(line, f"{where}: not a usable regular expression: {error}") from None
    return pattern
