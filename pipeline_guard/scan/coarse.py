# SPDX-License-Identifier: Apache-2.0
"""What Hyperscan looks for on behalf of a rule: less than the rule, so that a thousand compile in well under a second.

Wherever a rule matches, what stands here matches too, and ends inside that match. The opposite need not hold:
``re`` has the last word. Hyperscan's time to compile goes into counted repetitions and alternatives of long texts,
so counts lose their upper bounds, endings are cut off, and a keyword that is rare by itself stands for its rule.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline_guard.scan.rule import Rule

_REPEAT = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(\d*),(\d+)\}", re.DOTALL)
_ENDING = re.compile(r"(?<!\\)(\[\^?\]?(?:\\.|[^\]\\])*\]|\\[wd])\{(\d+)(?:,\d*)?\}(?:\\b)*$", re.DOTALL)
_ENOUGH = 8  # repetitions at the end of an expression that tell enough
_TOGETHER = 24  # words in one expression: Hyperscan refuses larger ones
_MANY = 100  # words, some of which stand in any text: there what follows them counts
BLOCK = 1024  # bytes; longer matches over several lines are dear
_SHORT = 5  # letters of a word that may well stand within another
# Of an expression with ``near``: whatever stands between the word and the value, which follows a sign or a space
_GAP = r"[^\r\n]*[\\\"'`\]=>:,(|? \t]"
_GAP_JOINED = r"[^\r\n]*[\\\"'`\]=>:,(|? \t\-_.]"  # with ``credential`` a hyphen or a dot will do
# With ``credential`` and many words: at once a sign; or a word for a credential, and a sign, hyphen or dot before the value; or a UUID
_JOINED = r"[\\\"'`\]=>:,(|? \t\-_.]"
_CREDENTIAL = (
    r"(?:(?:[_.\- ]?(?i:api))?[\"'`\]]{0,2}[ \t]{0,4}[:=](?:[^\r\n]*" + _JOINED + r")?"
    r"|[^\r\n]*(?i:key|token|secret|passw|passphrase|pwd|auth|cred|signing|private|access|licen[sc]e|[_.\- ]pat|[_.\- ]pass)"
    r"[^\r\n]*" + _JOINED + ")",
    r"[ \-][0-9a-fA-F]{8}-[0-9a-fA-F]{4}-",
)
_LOOKAROUND = re.compile(r"\(\?<?[=!]")
_STRUCTURE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()]", re.DOTALL)
# What Hyperscan reads in another way than ``re``: POSIX classes, the very end
_FOREIGN = re.compile(r"\[:\^?\w+:\]|\\Z")


@dataclass(frozen=True, slots=True)
class Probe:
    """An expression that ``owners`` (indices of rules) have in common. ``literal`` ones are text in any case."""

    expression: str
    owners: tuple[int, ...]
    literal: bool = False


def probes(rules: Sequence[Rule]) -> tuple[list[Probe], list[int]]:
    """Return the expressions for all rules, and the rules for which there is none."""
    words: dict[str, list[int]] = {}
    shared: dict[str, list[int]] = {}
    rest: list[int] = []
    for index, rule in enumerate(rules):
        if rule.probe:
            shared.setdefault(rule.probe, []).append(index)
        elif _is_told_by_words(rule):
            for word in rule.anchors:
                words.setdefault(word, []).append(index)
        elif _FOREIGN.search(rule.pattern):
            rest.append(index)
        else:
            for expression in _loose(rule):
                shared.setdefault(expression, []).append(index)
    found = [Probe(re.escape(word), tuple(owners), literal=True) for word, owners in words.items()]
    return found + [Probe(expression, tuple(owners)) for expression, owners in shared.items()], rest


def _is_told_by_words(rule: Rule) -> bool:
    """Tell whether a rule's keywords are rare enough in ordinary text. Those of long matches must be: only they are cheap."""
    if not rule.anchors:
        return False
    return rule.reach > BLOCK if rule.lines else not rule.near and not rule.generic and all(map(_is_rare, rule.anchors))


def _is_rare(word: str) -> bool:
    return len(word) >= 6 or (len(word) >= 4 and any(character.isdigit() for character in word))


def _loose(rule: Rule) -> list[str]:
    if not rule.anchors:
        return [_unbounded(_without_lookaround(rule.pattern))]  # nothing else tells where to look: a cut ending would be in every file
    if not rule.near:
        return [_cut(_unbounded(rule.pattern))]
    value = _cut(_unbounded(rule.pattern))
    if rule.credential and len(rule.near) > _MANY:
        words, rest = sorted(rule.near), f"{_CREDENTIAL[0]}(?:{value})|{_CREDENTIAL[1]}"
    else:
        words = sorted({word for word in rule.near if not any(word != other and word.startswith(other) for other in rule.near)})
        rest = f"{_GAP_JOINED if rule.credential else _GAP}(?:{value})"
    return [f"(?:{_begun(words[at : at + _TOGETHER])})(?:{rest})" for at in range(0, len(words), _TOGETHER)]


def _begun(words: Sequence[str]) -> str:
    """Write words that open an expression; short ones, which stand within ordinary words, only where ``near`` lets them begin.

    That is behind no letter, or as a capital behind a small one.
    """
    short = [word for word in words if len(word) <= _SHORT and word.isascii() and word[0].isalpha()]
    found = []
    if len(short) < len(words):
        found.append("(?i:" + "|".join(re.escape(word) for word in words if word not in short) + ")")
    if short:
        found.append("(?:^|[^A-Za-z])(?i:" + "|".join(map(re.escape, short)) + ")")
        found.append("[a-z](?:" + "|".join(f"{word[0].upper()}(?i:{re.escape(word[1:])})" for word in short) + ")")
    return "|".join(found)


def _unbounded(pattern: str) -> str:
    """Take the upper bounds off counted repetitions, outside of classes and escapes."""

    def loosen(match: re.Match[str]) -> str:
        if match[2] is None:
            return match[0]
        least = int(match[1] or 0)
        return "*" if least == 0 else "+" if least == 1 else f"{{{least},}}"

    return _REPEAT.sub(loosen, pattern)


def _cut(pattern: str) -> str:
    """Shorten the last repetition: what follows it in a match, or behind it, is not needed to see where it begins."""
    return _ENDING.sub(lambda match: f"{match[1]}{{{min(int(match[2]), _ENOUGH)}}}", _without_lookaround(pattern))


def _without_lookaround(pattern: str) -> str:
    """Take away what looks ahead or back: Hyperscan can look nowhere, and would loosen the whole expression for it."""
    kept: list[str] = []
    place = depth = 0
    begin = -1  # of the lookaround that is being left out
    for part in _STRUCTURE.finditer(pattern):
        if part[0] == "(":
            depth += 1
            if begin < 0 and _LOOKAROUND.match(pattern, part.start()):
                begin = depth
                kept.append(pattern[place : part.start()])
        elif part[0] == ")":
            if depth == begin:
                begin = -1
                place = part.end()
            depth -= 1
    return "".join(kept) + pattern[place:]
