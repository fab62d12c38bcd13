# SPDX-License-Identifier: Apache-2.0
"""A sealed secret: what the store keeps, useless without the token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from pipeline_guard.model.key import KeyRef
from pipeline_guard.model.verdict import Unchecked


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


@dataclass(frozen=True, slots=True)
class SearchRow:
    """What finds one version of a secret in a text, itself sealed: ``sealed`` is AES-256-GCM under a search key.

    ``wrapped_key`` is that search key under ``wrapping_key`` in the token; the rows of one store share it, so that a
    text is read once. Nothing in a row tells anything of the value without the token.
    """

    name: str
    version: int
    wrapping_key: KeyRef
    wrapped_key: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored secret found in a text, from ``start`` to ``end``."""

    start: int
    end: int
    name: str
    version: int


@dataclass(frozen=True, slots=True)
class StoreSearch:
    """A search over the whole store: ``find`` reads one text; ``unchecked`` are secrets it cannot look for, ``notes`` say why else."""

    find: Callable[[bytes], Sequence[Stored]]
    unchecked: tuple[Unchecked, ...] = ()
    notes: tuple[str, ...] = ()
