# SPDX-License-Identifier: Apache-2.0
"""What unpacking gives, and how much of it one stored file may cost."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline_guard.model.limits import Limits
from pipeline_guard.scan.fragment import Span

RATIO_FROM = 16 * 1024 * 1024  # bytes; below, a high ratio harms nobody


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a container, "" for what a mere compression holds; ``span`` is its stored form where that is known."""

    name: str
    data: bytes
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """What could not be unpacked, in which member ("" for the container), and why."""

    name: str
    why: str


@dataclass(slots=True)
class Budget:
    """What is left of the limits for one stored file, all its containers together."""

    limits: Limits
    unpacked: int = 0
    members: int = 0
    decoded: int = 0

    @property
    def left(self) -> int:
        """Bytes that may still be unpacked."""
        return max(self.limits.unpacked - self.unpacked, 0)

    @property
    def why(self) -> str:
        """What is said once there is nothing left."""
        if self.members > self.limits.members:
            return f"more than {self.limits.members} members"
        return f"more than {self.limits.unpacked} bytes"

    def spend(self, size: int) -> None:
        """Count unpacked bytes."""
        self.unpacked += size

    def refuses(self, packed: int, plain: int) -> str:
        """Say why a member of this size, or one that became so large, is not held; "" where it may be."""
        if plain > self.limits.member:
            return f"larger than {self.limits.member} bytes"
        if plain > self.left:
            return f"its container holds more than {self.limits.unpacked} bytes"
        if plain > RATIO_FROM and plain > packed * self.limits.ratio:
            return f"more than {self.limits.ratio} times larger than packed"
        return ""

    def counts(self) -> bool:
        """Count one more member; False once there are too many."""
        self.members += 1
        return self.members <= self.limits.members
