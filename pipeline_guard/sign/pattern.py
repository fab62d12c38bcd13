# SPDX-License-Identifier: Apache-2.0
"""The one kind of pattern that policy uses for paths, identities and fields."""

from __future__ import annotations

import re
from functools import cache

_WILD = {"*": "[^/]*", "**": ".*"}


def matches(pattern: str, text: str) -> bool:
    """Tell whether a pattern matches the whole text: ``*`` is anything but a slash, ``**`` anything, all else itself."""
    return _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(_WILD.get(piece, re.escape(piece)) for piece in re.split(r"(\*\*|\*)", pattern)), re.DOTALL)
