# SPDX-License-Identifier: Apache-2.0
"""An audit log summed up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Use:
    """What one actor did to one object: how often, how often it was denied, from when to when."""

    actor: str
    action: str
    object: str
    times: int
    denied: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Unusual:
    """Something a person should look at, in one sentence, and the record where it shows."""

    what: str
    seq: int
    time: datetime


@dataclass(frozen=True, slots=True)
class DueKey:
    """A key version with what is to be done with it."""

    key: str
    state: str
    age: str
    next: str
    overdue: bool


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything the audit report tells. ``by_action`` counts (action, outcome)."""

    records: int
    first: datetime
    last: datetime
    by_action: tuple[tuple[str, str, int], ...]
    uses: tuple[Use, ...]
    unusual: tuple[Unusual, ...]
    due: tuple[DueKey, ...]
