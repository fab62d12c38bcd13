# SPDX-License-Identifier: Apache-2.0
"""What was pinned in a file, and on whose word."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Proof:
    """A commit that a ref stands for, and who says so."""

    commit: str
    by: str


@dataclass(frozen=True, slots=True)
class Repair:
    """One place: pinned to ``proof``, or left alone for the reason in ``why``."""

    path: str
    line: int
    target: str
    proof: Proof | None = None
    why: str = ""
