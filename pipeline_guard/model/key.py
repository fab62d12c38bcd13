# SPDX-License-Identifier: Apache-2.0
"""Keys as nouns: what they are called, what they may do, in which state they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class KeyType(Enum):
    """Key types by the names of the command line."""

    EC_P256 = "ec-p256"
    AES_256 = "aes-256"


class KeyUsage(Enum):
    """Each key has exactly one usage (SP 800-57 Part 1 Rev. 5, section 5.2)."""

    SIGN = "sign"
    WRAP = "wrap"


USAGE_OF = {KeyType.EC_P256: KeyUsage.SIGN, KeyType.AES_256: KeyUsage.WRAP}  # the one usage that each type has


class KeyState(Enum):
    """Key states of SP 800-57 Part 1 Rev. 5, section 7."""

    PRE_ACTIVATION = "pre-activation"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DEACTIVATED = "deactivated"
    COMPROMISED = "compromised"
    DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True)
class KeyRef:
    """A key in a token: ``id`` is the hexadecimal CKA_ID, our handle; labels are not unique."""

    name: str
    version: int
    type: KeyType
    usage: KeyUsage
    id: str


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key with what we know of it. ``public_pem`` is empty for secret keys."""

    ref: KeyRef
    state: KeyState
    created: datetime
    token: str
    public_pem: str = ""
