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


def matching(pattern: str, files: set[str], companions: tuple[str, ...], besides: str = "") -> list[str]:
    """Return the files and folders that a pattern means, ordered.

    A folder that a match lies in is not meant itself; a pattern that ends with ``/`` means folders only. Files called like
    another one plus a suffix of ``companions``, and the file ``besides``, are no matches.
    """
    folders = {path[:at] for path in files for at, letter in enumerate(path) if letter == "/"}
    own = set() if pattern.endswith("/") else {path for path in files if matches(path, pattern)}
    own = {path for path in own if path != besides and not _accompanies(path, files | folders, companions)}
    found = own | {path for path in folders if matches(path, pattern)}
    above = {path[:at] for path in found for at, letter in enumerate(path) if letter == "/"}
    return sorted(found - above)


def _accompanies(path: str, others: set[str], companions: tuple[str, ...]) -> bool:
    return any(path.endswith(suffix) and path.removesuffix(suffix) in others for suffix in companions)
