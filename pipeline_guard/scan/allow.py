# SPDX-License-Identifier: Apache-2.0
"""Inline permissions: ``pipeline-guard:allow <rule> [until=YYYY-MM-DD] [fingerprint=HEX] <reason>`` on the line or the line above.

The two options stand in either order. With a fingerprint (its first 8 digits or more) it holds for that one value, and a changed
secret on the line counts again.
One without a reason, for another rule, or past its day is not honoured, and is told: whoever wrote it believes otherwise.
Other scanners' markers count only on request. The reason itself is never repeated: the line may hold the secret, too.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator
from datetime import date

MARK = b"pipeline-guard:allow"
NEWLINE = b"\n"
_OURS = re.compile(
    rb"pipeline-guard:allow[ \t]+([a-z0-9-]+)((?:[ \t]+(?:until=[0-9-]{1,20}|fingerprint=[0-9a-f]{8,64})){0,2})"
    rb"[ \t]+(?!until=|fingerprint=)([^\r\n]{0,500})"
)
_ANY = re.compile(
    rb"pipeline-guard:allow[ \t]+([a-z0-9]+(?:-[a-z0-9]+)*)(?![a-z0-9-])"
    rb"((?:[ \t]+(?:until=[^\s\"']{0,20}|fingerprint=[^\s]{0,64})){0,2})(?:[ \t]+([^\r\n]{0,500}))?"
)
_UNTIL = re.compile(rb"until=(\S*)")
_FINGERPRINT = re.compile(rb"fingerprint=(\S*)")
_FOREIGN = re.compile(
    rb"gitleaks:allow|betterleaks:allow|kingfisher:ignore|trufflehog:ignore|pragma: ?(?:allow|white)list secret|\bnosec\b|ggignore"
)
_CLOSED = re.compile(rb"(?:\*/|-->|#\}|%>).*", re.DOTALL)  # what follows a comment is no reason
_LATE = re.compile(rb"(?:^|[ \t])(?:until|fingerprint)=")  # after the reason it would not count, and the permission would never end
_COMMENT_END = re.compile(rb"(?:\*/|-->|#\}|\"|'|\\n|,)*[ \t]*$")


def is_allowed(rule: str, line: bytes, above: bytes, today: date, *, fingerprint: str = "", foreign: bool = False) -> bool:
    """Tell whether a finding of ``rule`` on ``line`` is permitted there."""
    for text in (line, above):
        for found in _OURS.finditer(text):
            named = found[1].decode() == rule and all(fingerprint.startswith(one.decode()) for one in _FINGERPRINT.findall(found[2]))
            if named and _has_reason(found[3]) and all(_is_current(day, today) for day in _UNTIL.findall(found[2])):
                return True
    return foreign and bool(_FOREIGN.search(line))


def faults(data: bytes, rules: Collection[str], today: date) -> Iterator[tuple[int, str]]:
    """Give (offset, why) for every permission in a text that permits nothing."""
    for found in _ANY.finditer(data):
        rule, days = found[1].decode("ascii")[:60], _UNTIL.findall(found[2])
        if rule not in rules:
            near = difflib.get_close_matches(rule, rules, n=1)
            yield found.start(), f"no rule is called {rule}" + (f", did you mean {near[0]}?" if near else "")
        elif not all(map(_is_date, days)):
            yield found.start(), "its until= is no day: write until=YYYY-MM-DD"
        elif not all(_is_current(day, today) for day in days):
            yield found.start(), f"it ended on {min(days).decode('ascii')}"
        elif _LATE.search(_CLOSED.sub(b"", found[3] or b"")):
            yield found.start(), "until= and fingerprint= stand before the reason"
        elif not _has_reason(found[3] or b""):
            yield found.start(), "it gives no reason"


def remarks(path: str, data: bytes, rules: Collection[str], today: date) -> Iterator[str]:
    """Give what is to be told of a file's permissions, with their lines."""
    if MARK in data:
        for offset, why in faults(data, rules, today):
            yield f"{path}:{data.count(NEWLINE, 0, offset) + 1}: this {MARK.decode()} permits nothing: {why}"


def _has_reason(text: bytes) -> bool:
    reason = _COMMENT_END.sub(b"", _CLOSED.sub(b"", text))
    return len(re.findall(rb"[^\W_]", reason)) >= 3 and not _LATE.search(reason)


def _is_date(text: bytes) -> bool:
    try:
        date.fromisoformat(text.decode("ascii"))
    except ValueError:
        return False
    return True


def _is_current(until: bytes, today: date) -> bool:
    try:
        return today <= date.fromisoformat(until.decode("ascii"))
    except ValueError:
        return False
