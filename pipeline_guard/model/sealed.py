# SPDX-License-Identifier: Apache-2.0
"""A sealed secret: what the store keeps, useless without the token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline_guard.model.key import KeyRef
from pipeline_guard.model.verdict import Unchecked


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """One version of one secret.

    ``ciphertext`` is AES-256-GCM under a data key of its own, nonce first; ``wrapped_key`` is that data key
    under ``wrapping_key`` in the token. Name and version are associated data of both, so rows cannot be swapped.
    """

    name: str
    version: int
    created: datetime
    wrapping_key: KeyRef
    wrapped_key: bytes
    ciphertext: bytes
    size: int


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
