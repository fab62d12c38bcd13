# SPDX-License-Identifier: Apache-2.0
"""Values of an unpickler, reduced to what we must know of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Danger:
    """A thing no ordinary model needs: ``what`` in words, ``name`` the global ("" where there is none), the byte offset."""

    what: str
    name: str
    offset: int
    known: bool = False  # to run code or reach the system


@dataclass(frozen=True, slots=True)
class Global:
    """A name that the unpickler would import."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


class Other:
    """Any value whose content does not matter; it is no text."""


class Text:
    """A text too long to be kept."""


class Mark:
    """The place a MARK leaves on the stack."""


@dataclass(slots=True)
class Blob:
    """Bytes, by where they lie in the stream."""

    begin: int
    end: int


@dataclass(slots=True)
class Made:
    """What a call gave back: by whom it was made, of what, and the state it received."""

    maker: Global
    arguments: Any
    state: Any = None


@dataclass(slots=True)
class State:
    """A mapping, of which the text keys are kept; ``partial`` where it has others, or more than are kept."""

    items: dict[str, Any] = field(default_factory=dict)
    partial: bool = False


OTHER = Other()
TEXT = Text()
MARK = Mark()
