# SPDX-License-Identifier: Apache-2.0
"""Patterns over claims: whole strings, ``*`` and ``?`` within one segment, never over ``/``, ``@`` or ``:``.

Not regular expressions: an alternation cannot be anchored by mistake, and nothing backtracks for long.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pipeline_guard.errors import UsageError

_LONGEST = 512
_MOST_STARS = 8  # each within its own segment, so that matching stays cheap
_WITHIN = "[^/@:\\x00-\\x1f\\x7f]"  # separators of refs, workflow files and subjects, and what is no text


def check_pattern(pattern: str) -> str:
    """Return a pattern that can be meant; raise UsageError for one that cannot."""
    if not pattern or len(pattern) > _LONGEST or pattern.count("*") > _MOST_STARS:
        raise UsageError(f"not a pattern: {pattern[:60]!r}", f"at most {_LONGEST} characters and {_MOST_STARS} stars")
    if "**" in pattern:
        raise UsageError(f"not a pattern: {pattern[:60]!r}", "* stays within one segment; write one for each segment: a/*/*")
    if not any(character not in "*?/@:" for character in pattern):
        raise UsageError(f"the pattern {pattern[:60]!r} names nothing", "write some of what it must match")
    return pattern


def matches(pattern: str, value: str) -> bool:
    """Tell whether a pattern matches all of ``value``. A star stands for at least one character."""
    return len(value) <= _LONGEST and _compiled(pattern).fullmatch(value) is not None


def widest(pattern: str, filler: str) -> str:
    """Return a value that a pattern lets in, each star replaced by ``filler``."""
    return pattern.replace("*", filler).replace("?", "x")


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    words = {"*": f"{_WITHIN}+", "?": _WITHIN}
    return re.compile("".join(words.get(character, re.escape(character)) for character in pattern))
