# SPDX-License-Identifier: Apache-2.0
"""Inline permissions: ``pipeline-guard:allow <rule> [until=YYYY-MM-DD] <reason>`` on the line or the line above.

One without a reason, for another rule, or past its day is not honoured. Other scanners' markers count only on request.
"""

from __future__ import annotations

import re
from datetime import date

_OURS = re.compile(rb"pipeline-guard:allow[ \t]+([a-z0-9-]+)(?:[ \t]+until=([0-9-]+))?[ \t]+(?!until=)([^\r\n]{0,500})")
_FOREIGN = re.compile(
    rb"gitleaks:allow|betterleaks:allow|kingfisher:ignore|trufflehog:ignore|pragma: ?(?:allow|white)list secret|\bnosec\b|ggignore"
)
_COMMENT_END = re.compile(rb"(?:\*/|-->|#\}|\"|'|\\n|,)*[ \t]*$")


def is_allowed(rule: str, line: bytes, above: bytes, today: date, *, foreign: bool = False) -> bool:
    """Tell whether a finding of ``rule`` on ``line`` is permitted there."""
    for text in (line, above):
        for found in _OURS.finditer(text):
            if found[1].decode() == rule and _has_reason(found[3]) and _is_current(found[2], today):
                return True
    return foreign and bool(_FOREIGN.search(line))


def _has_reason(text: bytes) -> bool:
    return len(re.findall(rb"[^\W_]", _COMMENT_END.sub(b"", text))) >= 3


def _is_current(until: bytes | None, today: date) -> bool:
    if until is None:
        return True
    try:
        return today <= date.fromisoformat(until.decode("ascii"))
    except ValueError:
        return False
