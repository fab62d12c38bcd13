# SPDX-License-Identifier: Apache-2.0
"""Under which terms a secret is kept: until when, with which labels; and what state a version is in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline_guard.errors import Denied, Unavailable, UsageError
from pipeline_guard.model.sealed import SealedSecret, SecretState

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,62}")
_MOST_LABELS, _LONGEST_VALUE, _LONGEST_NOTE = 32, 128, 500
_LONGEST_LIFE = timedelta(days=36500)
SKEW = timedelta(minutes=5)  # by so much may clocks of machines that share a store differ


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms of a new version: how long it is handed out (None for no end), labels, a note, how long older versions go on."""

    lifetime: timedelta | None = None
    labels: tuple[tuple[str, str], ...] = ()
    note: str = ""
    overlap: timedelta = timedelta(0)


def checked_terms(terms: Terms) -> Terms:
    """Return terms that may be kept, labels sorted; raise UsageError for others."""
    labels = dict(terms.labels)
    if len(labels) != len(terms.labels):
        raise UsageError("a label is given twice")
    if len(labels) > _MOST_LABELS:
        raise UsageError(f"a secret carries at most {_MOST_LABELS} labels")
    for label, value in labels.items():
        if not _LABEL.fullmatch(label) or len(value) > _LONGEST_VALUE or not value.isprintable():
            raise UsageError(
                f"not a label: {label[:40]!r}", f"write --label name=value (letters, digits, . _ - /; at most {_LONGEST_VALUE})"
            )
    if len(terms.note) > _LONGEST_NOTE or not terms.note.isprintable():
        raise UsageError("not a note", f"a note is one line of at most {_LONGEST_NOTE} characters")
    for span in (terms.lifetime or timedelta(0), terms.overlap):
        if not timedelta(0) <= span <= _LONGEST_LIFE:
            raise UsageError("a duration is out of range", "a hundred years at most")
    return Terms(terms.lifetime, tuple(sorted(labels.items())), terms.note, terms.overlap)


def state_of(row: SealedSecret, now: datetime) -> SecretState:
    """Return the state of a version at a moment."""
    if row.revoked is not None:
        return SecretState.REVOKED
    if row.destroys is not None:
        return SecretState.DELETED
    if row.expires is not None and row.expires <= now:
        return SecretState.EXPIRED
    if row.stops is None:
        return SecretState.ACTIVE
    return SecretState.RETIRING if row.stops > now else SecretState.SUPERSEDED


def check_usable(row: SealedSecret, now: datetime) -> SealedSecret:
    """Return a version that may be handed out; raise Denied otherwise, Unavailable where this machine's clock cannot be right."""
    if row.created > now + SKEW:
        raise Unavailable(
            f"the clock is set back: version {row.version} of the secret {row.name} was made {row.created:%Y-%m-%d %H:%M} UTC",
            "set this machine's clock; if it was wrong before, put the secret again",
        )
    state = state_of(row, now)
    if state in (SecretState.ACTIVE, SecretState.RETIRING):
        return row
    hints = {
        SecretState.DELETED: f"take that back: pipeline-guard secrets delete {row.name} --cancel",
        SecretState.SUPERSEDED: "take the newest version",
    }
    raise Denied(
        f"version {row.version} of the secret {row.name} is {state.value}", hints.get(state, f"pipeline-guard secrets rotate {row.name}")
    )


def usable_until(row: SealedSecret) -> datetime | None:
    """Return when a version ends to be handed out; None for no end."""
    ends = [end for end in (row.expires, row.stops) if end is not None]
    return min(ends) if ends else None
