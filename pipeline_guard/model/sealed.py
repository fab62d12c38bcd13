# SPDX-License-Identifier: Apache-2.0
"""A sealed secret: what the store keeps, useless without the token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from pipeline_guard.model.key import KeyRef


class SecretState(Enum):
    """What may be done with a version: only active and retiring ones are handed out."""

    ACTIVE = "active"
    RETIRING = "retiring"  # a newer version is there; this one is usable until ``stops``
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    DELETED = "deleted"  # waiting for its destruction; can be taken back
    REVOKED = "revoked"  # for good: its value is gone


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """One version of one secret.

    ``ciphertext`` is AES-256-GCM under a data key of its own, nonce first; ``wrapped_key`` is that data key
    under ``wrapping_key`` in the token. Associated data of both are name and version, so that rows cannot be swapped, and in
    ``format`` 2 also the terms (``created``, ``size``, ``expires``, ``labels``, ``note``) and the wrapping key.
    ``stops``: superseded from then on. ``revoked``: since then; both ciphertexts are empty. ``destroys``: deleted, and to be
    destroyed then.
    """

    name: str
    version: int
    created: datetime
    wrapping_key: KeyRef
    wrapped_key: bytes
    ciphertext: bytes
    size: int
    format: int = 1
    expires: datetime | None = None
    labels: tuple[tuple[str, str], ...] = ()
    note: str = ""
    stops: datetime | None = None
    revoked: datetime | None = None
    destroys: datetime | None = None


@dataclass(frozen=True, slots=True)
class SecretChange:
    """A version as it was (None for a new one) and as it becomes."""

    before: SealedSecret | None
    after: SealedSecret
