# SPDX-License-Identifier: Apache-2.0
"""A source whose texts lie in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from pipeline_guard.model.entry import Entry
from pipeline_guard.model.finding import Origin
from pipeline_guard.model.verdict import Unchecked


class MemorySource:
    """Gives the texts it was made with; a value that is an Unchecked could not be read."""

    def __init__(self, texts: Mapping[str, bytes | str], unreadable: Mapping[str, str] | None = None) -> None:
        self._texts = texts
        self._unreadable = unreadable or {}

    def entries(self) -> Iterator[Entry | Unchecked]:
        for path, content in self._texts.items():
            yield Entry(path, content.encode() if isinstance(content, str) else content)
        for path, why in self._unreadable.items():
            yield Unchecked(path, why)

    def origins(self, blobs: Collection[str]) -> Mapping[str, Origin]:
        return {}

    def commits(self) -> int:
        return 0
