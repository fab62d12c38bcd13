# SPDX-License-Identifier: Apache-2.0
"""What a rehearsed shell did: its exit code, its words, and the files it left for the forge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Staged:
    """``files`` maps the variable that names a file (GITHUB_OUTPUT ...) to what was written there."""

    code: int
    said: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of our command inside a rehearsed shell: its words, its environment, and the folder it was made in."""

    words: tuple[str, ...]
    environment: Mapping[str, str]
    folder: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the command answers a ``Call``."""

    code: int
    out: bytes = b""
    err: bytes = b""


@dataclass(frozen=True, slots=True)
class JobNames:
    """What tells a job from others: its forge, file and name, the event, and what its identity depends on."""

    forge: str
    path: str
    job: str
    event: str = ""
    environment: str = ""
    callee: str = ""  # path@ref of the reusable workflow that defines it
    self_hosted: bool = False
    identified: bool = True  # whether the forge gives it a token at all
    why_not: str = ""  # where it does not
    after_others: bool = False  # whether a step of somebody else came before, which may make files


@dataclass(slots=True)
class Rehearsed:
    """One rehearsed step: what it was, what it answered and said, and whether the pipeline would go by it.

    ``settings`` are the PIPELINE_GUARD_ variables that it got; ``counts`` is False where its answer changes nothing;
    ``reached`` is False where an earlier step's failure would have ended the job; ``certain`` is False where nobody here knows
    whether the pipeline runs it, or goes by it.
    """

    forge: str
    path: str
    line: int
    job: str
    label: str
    verb: str
    code: int = 0
    said: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    counts: bool = True
    reached: bool = True
    summary: str = ""
    masks: int = 0
    certain: bool = True
