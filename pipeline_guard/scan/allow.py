# SPDX-License-Identifier: Apache-2.0
"""Inline permissions: ``pipeline-guard:allow <rule> [until=YYYY-MM-DD] [fingerprint=HEX] <reason>`` on the line or the line above.

With a fingerprint (its first 8 digits or more) it holds for that one value, and a changed secret on the line counts again.
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
    rb"pipeline-guard:allow[ \t]+([a-z0-9-]+)(?:[ \t]+until=([0-9-]+))?(?:[ \t]+fingerprint=([0-9a-f]{8,64}))?"
    rb"[ \t]+(?!until=|fingerprint=)([^\r\n]{0,500})"
)
_ANY = re.compile(
    rb"pipeline-guard:allow[ \t]+([a-z0-9]+(?:-[a-z0-9]+)*)(?![a-z0-9-])"
    rb"(?:[ \t]+until=([^\s\"']{0,20}))?(?:[ \t]+fingerprint=[^\s]{0,64})?(?:[ \t]+([^\r\n]{0,500}))?"
)
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
            named = found[1].decode() == rule and (found[3] is None or fingerprint.startswith(found[3].decode()))
            if named and _has_reason(found[4]) and _is_current(found[2], today):
                return True
    return foreign and bool(_FOREIGN.search(line))


def faults(data: bytes, rules: Collection[str], today: date) -> Iterator[tuple[int, str]]:
    """Give (offset, why) for every permission in a text that permits nothing."""
    for found in _ANY.finditer(data):
        rule = found[1].decode("ascii")[:60]
        if rule not in rules:
            near = difflib.get_close_matches(rule, rules, n=1)
            yield found.start(), f"no rule is called {rule}" + (f", did you mean {near[0]}?" if near else "")
        elif found[2] is not None and not _is_date(found[2]):
            yield found.start(), "its until= is no day: write until=YYYY-MM-DD"
        elif not _is_current(found[2], today):
            yield found.start(), f"it ended on {found[2].decode('ascii')}"
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


def _is_current(until: bytes | None, today: date) -> bool:
    if until is None:
        return True
    try:
        return today <= date.fromisoformat(until.decode("ascii"))
    except ValueError:
        return False
