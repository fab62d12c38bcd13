# SPDX-License-Identifier: Apache-2.0
"""The document that a forge sends with an event: what stands at a place in it, or nothing where it is not of the kind asked for."""

from __future__ import annotations

import re

EVENT_LIMIT = 32 * 1024 * 1024  # bytes; GitHub cuts payloads at 25 MB
COMMIT_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def value_at(document: object, *path: str | int) -> object:
    """Return what stands at a path of names and positions, None where nothing does."""
    for part in path:
        if isinstance(part, int):
            document = document[part] if isinstance(document, list) and len(document) > part else None
        else:
            document = document.get(part) if isinstance(document, dict) else None
    return document


def text_at(document: object, *path: str | int) -> str:
    """Return the text at a path, "" where there is none."""
    found = value_at(document, *path)
    return found if isinstance(found, str) else ""
