# SPDX-License-Identifier: Apache-2.0
"""One text from standard input."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import IO

from pipeline_guard.adapters.sources.parts import divided, is_divisible
from pipeline_guard.errors import NothingToDo
from pipeline_guard.model.entry import Entry
from pipeline_guard.model.finding import Origin
from pipeline_guard.model.selection import Selection
from pipeline_guard.model.verdict import Unchecked


class Plain:
    """What sources that are no commits have in common."""

    def origins(self, blobs: Collection[str]) -> Mapping[str, Origin]:
        """Return nothing: these texts belong to no commit yet."""
        del blobs
        return {}

    def commits(self) -> int:
        """Return 0."""
        return 0


class StreamSource(Plain):
    """One text from standard input, called "stdin"."""

    def __init__(self, selection: Selection, stream: IO[bytes]) -> None:
        self._limit = selection.max_bytes
        self._parts = selection.parts
        self._stream = stream

    def entries(self) -> Iterator[Entry | Unchecked]:
        """Give the text; raise NothingToDo where there is none."""
        content = self._stream.read(self._limit + 1)
        if not content:
            raise NothingToDo("standard input is empty", "pipe the text to look at into the command")
        if len(content) <= self._limit:
            yield Entry("stdin", content)
        elif self._parts and is_divisible(len(content), self._limit, content):
            yield from divided(Entry("stdin", content), self._stream.read)
        else:
            yield Unchecked("stdin", f"larger than {self._limit} bytes")
