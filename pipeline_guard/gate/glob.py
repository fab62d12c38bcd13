# SPDX-License-Identifier: Apache-2.0
"""Path patterns: ``*`` and ``?`` stay within a folder, ``**`` crosses folders; a pattern matches whole paths only."""

from __future__ import annotations

import re
from functools import cache

_MEANING = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    pieces = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.removeprefix("./").rstrip("/"))
    return re.compile("".join(_MEANING.get(piece, re.escape(piece)) for piece in pieces), re.DOTALL)


def matches(path: str, pattern: str) -> bool:
    """Tell whether ``pattern`` matches the whole of ``path`` (both with ``/``)."""
    return _compiled(pattern).fullmatch(path) is not None


def fixed_folder(pattern: str) -> str:
    """Return the folder that every match lies in, as far as no wildcard is involved; "" for none."""
    parts = pattern.removeprefix("./").rstrip("/").split("/")[:-1]
    fixed = []
    for part in parts:
        if "*" in part or "?" in part:
            break
        fixed.append(part)
    return "/".join(fixed)
