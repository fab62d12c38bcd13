# SPDX-License-Identifier: Apache-2.0
"""A sealed secret: what the store keeps, useless without the token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipeline_guard.model.key import KeyRef


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
