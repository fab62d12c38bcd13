# SPDX-License-Identifier: Apache-2.0
"""Keys whose making was interrupted: begun in the token, never written down. Audit, then token, then the note of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.key import KeyIntent
from pipeline_guard.ports import AuditSink, Clock, KeyIntents, KeyRegister, Keystore

# Whoever makes a key writes it down at once; a token that has not answered for so long does not answer any more.
PATIENCE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class TidyDoors:
    """What tidying up needs; ``token`` is the serial of the token behind ``keystore``."""

    actor: str
    clock: Clock
    keystore: Keystore
    token: str
    intents: KeyIntents
    register: KeyRegister
    audit: AuditSink


def unfinished(intents: KeyIntents, clock: Clock, patience: timedelta = PATIENCE) -> Sequence[KeyIntent]:
    """Return the keys that were begun longer ago than ``patience`` and never written down."""
    return [intent for intent in intents.intents() if intent.begun <= clock.now() - patience]


def tidy(patience: timedelta = PATIENCE, *, doors: TidyDoors) -> Sequence[KeyIntent]:
    """Remove what is left of interrupted keys from this token; return what was tidied away.

    Nothing was ever protected or signed with such a key, for only keys that are written down are used. One that is written down
    all the same stays.
    """
    done = []
    for intent in unfinished(doors.intents, doors.clock, patience):
        if intent.token != doors.token:
            continue  # of another token, which is not open here
        ref = intent.ref
        why = f"version {ref.version}, id {ref.id}, begun {intent.begun.isoformat(timespec='seconds')}"
        doors.audit.write(AuditEvent(doors.clock.now(), doors.actor, "key.tidy", ref.name, "granted", why))
        known = doors.register.key(ref.name, ref.version)
        if known is None or known.ref.id != ref.id:
            doors.keystore.destroy(ref)
        doors.intents.forget(intent)
        done.append(intent)
    return done
