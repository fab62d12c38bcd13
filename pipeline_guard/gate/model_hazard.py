# SPDX-License-Identifier: Apache-2.0
"""What a model reader has to say: something dangerous, or something that it cannot decide."""

from __future__ import annotations

from dataclasses import dataclass

PICKLE, CODE, MALFORMED = "pickle-unsafe", "model-code", "model-malformed"


@dataclass(frozen=True, slots=True)
class Hazard:
    """What loading would do: in which member ("" for the file itself), in words, by which name, at which byte of it.

    ``rule`` is the check that reports it, ``fix`` what to do about it ("" for that check's own advice).
    """

    member: str
    what: str
    name: str = ""
    offset: int = 0
    rule: str = PICKLE
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why something could not be decided."""

    why: str


def code(what: str, name: str = "", offset: int = 0, fix: str = "") -> Hazard:
    """Return something that runs code, or reaches for files or hosts of its choosing."""
    return Hazard("", what, name, offset, CODE, fix)


def malformed(what: str, offset: int = 0, fix: str = "") -> Hazard:
    """Return something that its format forbids and that readers trip over."""
    return Hazard("", what, "", offset, MALFORMED, fix)
