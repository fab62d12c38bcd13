# SPDX-License-Identifier: Apache-2.0
"""What every check is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pipeline_guard.gate.facts import Kind
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location


@dataclass(frozen=True, slots=True)
class Problem:
    """One place that fails: ``what`` in a few words, and the edit or command that mends it.

    ``doubt`` marks one that could not be decided: the check is unchecked then, not failed.
    """

    location: Location
    what: str
    fix: str
    doubt: bool = False
    ids: tuple[str, ...] = ()  # of the advisories it is about: each is a check of its own, and may be waived by any of them


@dataclass(frozen=True, slots=True)
class Rule:
    """A check with its id, the kind of facts it takes, what is wrong with its problems, and why that matters.

    ``check`` is pure: facts of that kind and the settings in, problems out. ``informs`` marks one that never fails, ``waivable`` False one
    that nobody may put up with. ``follows`` is the check that reports the files of this kind which could not be read, so that each is
    told once.
    """

    id: str
    kind: Kind
    claim: str
    why: str
    check: Callable[[Any, GateSettings], Iterable[Problem]]
    informs: bool = False
    follows: str = ""
    waivable: bool = True
