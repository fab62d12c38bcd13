# SPDX-License-Identifier: Apache-2.0
"""Paths that a model names: whether they leave the model's own folder."""

from __future__ import annotations

import re

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}://")
_DRIVE = re.compile(r"[A-Za-z]:")


def leaves(path: str) -> str:
    """Return how a path leaves the folder that holds the model, "" where it does not."""
    plain = path.replace("\\", "/")
    if _URL.match(path):
        return "is a URL"
    if plain.startswith(("/", "~")) or _DRIVE.match(path):
        return "is absolute"
    if ".." in plain.split("/"):
        return "leads out of the folder"
    return "holds a NUL" if "\0" in path else ""
