# SPDX-License-Identifier: Apache-2.0
"""What belongs together: a lock with its manifests, and a lock with what it was as of the merge target."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipeline_guard.model.package import Ecosystem, Lock


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that a manifest asks for; ``specifier`` as written, ``group`` "" for what is always installed."""

    name: str
    specifier: str
    line: int
    group: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest: ``digests`` are what a lock made from it may carry.

    ``pdm_digests`` are the same for a ``pdm.lock``. ``complete`` is False where it asks for more, or less, than can be read here.
    ``overridden`` are names whose version something else decides.
    """

    path: str
    format: str
    ecosystem: Ecosystem
    name: str = ""
    asked: tuple[Asked, ...] = ()
    digests: tuple[str, ...] = ()
    complete: bool = True
    overridden: frozenset[str] = frozenset()
    pdm_digests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LockChange:
    """A lock of the change, ``before`` being the same file as of the merge target.

    ``others`` are locks of its ecosystem that the change touches or removes, as they were there. ``now`` is when the gate looks.
    """

    path: str
    after: Lock
    before: Lock | None = None
    others: tuple[Lock, ...] = ()
    manifest_changed: bool = True
    now: datetime | None = None

    def former(self) -> tuple[Lock, ...]:
        """Return every lock of the merge target that this one can be compared with."""
        return tuple(lock for lock in (self.before, *self.others) if lock is not None)


@dataclass(frozen=True, slots=True)
class LostLock:
    """A lock of the merge target that the change takes away, with the manifest that stays."""

    path: str
    manifest: str


@dataclass(frozen=True, slots=True)
class Project:
    """A lock, the manifests of its ecosystem in its folder and below, and the other locks beside it."""

    path: str
    lock: Lock
    manifests: tuple[Manifest, ...] = ()
    beside: tuple[Lock, ...] = ()
    differences: tuple[tuple[str, str, int, str], ...] = ()  # (path, name, line, what) in which manifests and lock disagree
