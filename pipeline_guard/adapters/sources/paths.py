# SPDX-License-Identifier: Apache-2.0
"""Paths as they are shown, and which of them are left out."""

from __future__ import annotations

import os
from collections.abc import Iterable
from fnmatch import fnmatchcase


def is_excluded(path: str, globs: Iterable[str]) -> bool:
    """Tell whether a glob names the path, its file name, or a folder above it."""
    for glob in globs:
        plain = glob.rstrip("/")
        if fnmatchcase(path, plain) or fnmatchcase(path, f"{plain}/*") or fnmatchcase(path.rpartition("/")[2], plain):
            return True
    return False


def printable(path: str) -> str:
    """Return a path that can be written as UTF-8: bytes that are none are shown escaped."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
