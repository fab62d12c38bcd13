# SPDX-License-Identifier: Apache-2.0
"""The engine of a rehearsal: it makes nothing, and says so."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline_guard.model.dynamic import Made, Wish
from pipeline_guard.model.secret import Secret


@dataclass(frozen=True, slots=True)
class RehearsedEngine:
    """Stands for an engine of ``kind``."""

    kind: str

    def make(self, wish: Wish) -> Made:
        """Return a value that opens nothing."""
        return Made(Secret(b"rehearsed-value"), wish.expires, Secret(b"rehearsed"), revocable=True, about=f"rehearsed {self.kind}")

    def undo(self, handle: Secret) -> None:
        """Undo nothing."""
        del handle
