# SPDX-License-Identifier: Apache-2.0
"""What all registries have in common: several packages asked at once, an answer's parts read without trust."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from pipeline_guard.adapters.http import Missing
from pipeline_guard.errors import Unavailable
from pipeline_guard.model.published import Published

LARGEST = 128 * 1024 * 1024  # bytes: the largest npm documents have some 60 MB
_AT_ONCE = 8


def each(packages: Sequence[tuple[str, str]], ask: Callable[[str, str], Published | None]) -> list[Published | Unavailable | None]:
    """Ask for every (name, version), a few at once; None where there is none, the error where nobody can tell."""

    def one(package: tuple[str, str]) -> Published | Unavailable | None:
        try:
            return ask(*package)
        except Missing:
            return None
        except Unavailable as error:
            return error

    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return list(pool.map(one, packages))


def mapping(value: Any, what: str) -> dict[str, Any]:
    """Return a JSON object. Raises Unavailable for anything else."""
    if not isinstance(value, dict):
        raise Unavailable(f"the registry's answer for {what[:100]} has another shape", "check the address under gate.lookup")
    return value


def text(value: Any) -> str:
    """Return a text, "" for anything else."""
    return value if isinstance(value, str) else ""


def moment(value: Any) -> datetime | None:
    """Return a time, None where there is none that can be read."""
    try:
        found = datetime.fromisoformat(text(value))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def path_part(name: str) -> str:
    """Return a name as one part of a path."""
    from urllib.parse import quote

    return quote(name, safe="@")
