# SPDX-License-Identifier: Apache-2.0
"""Keys as nouns: what they are called, what they may do, in which state they are, and how they came there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

SOFTWARE = "software:"  # before the token's serial in the record of a key that signs in software


class KeyType(Enum):
    """Key types by the names of the command line."""

    EC_P256 = "ec-p256"
    EC_P384 = "ec-p384"
    ED25519 = "ed25519"
    RSA_2048 = "rsa-2048"  # imported only: GitHub makes the keys of its Apps itself
    RSA_3072 = "rsa-3072"
    ML_DSA_65 = "ml-dsa-65"
    AES_256 = "aes-256"


class KeyUsage(Enum):
    """Each key has exactly one usage (SP 800-57 Part 1 Rev. 5, section 5.2)."""

    SIGN = "sign"
    WRAP = "wrap"


# the one usage that each type has
USAGE_OF = {kind: KeyUsage.WRAP if kind is KeyType.AES_256 else KeyUsage.SIGN for kind in KeyType}


class KeyState(Enum):
    """Key states of SP 800-57 Part 1 Rev. 5, section 7."""

    PRE_ACTIVATION = "pre-activation"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DEACTIVATED = "deactivated"
    COMPROMISED = "compromised"
    DESTROYED = "destroyed"


class KeyCommand(Enum):
    """What can happen to a key."""

    CREATE = "create"
    ACTIVATE = "activate"
    SUSPEND = "suspend"
    EXPIRE = "expire"
    REVOKE = "revoke"
    ARCHIVE = "archive"
    RECOVER = "recover"
    SCHEDULE = "schedule-destruction"
    CANCEL = "cancel-destruction"
    DESTROY = "destroy"


class Revocation(Enum):
    """Why a key is revoked (the reasons of RFC 5280, section 5.3.1, and KMIP that a key can have)."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "key-compromise"
    CA_COMPROMISE = "ca-compromise"
    AFFILIATION_CHANGED = "affiliation-changed"
    SUPERSEDED = "superseded"
    CESSATION = "cessation-of-operation"
    PRIVILEGE_WITHDRAWN = "privilege-withdrawn"

    @property
    def is_compromise(self) -> bool:
        """Whether what the key protected can no longer be trusted."""
        return self in (Revocation.KEY_COMPROMISE, Revocation.CA_COMPROMISE)


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
    """One version of a key with what we know of it. ``public_pem`` is empty for secret keys.

    ``activates``: when a pre-activation key becomes active by itself, then when it did. ``expires``: the end of its
    cryptoperiod, from which on using it earns a warning; ``stops``: from which on it protects nothing more. None: never.
    ``compromised``: since when nothing it made can be trusted. ``archived``: since when it is archived. ``destroys``:
    from when on it is destroyed, with ``erases`` together with what it protects. ``revision`` counts changes, so that
    two at once cannot both happen.
    """

    ref: KeyRef
    state: KeyState
    created: datetime
    token: str
    public_pem: str = ""
    activates: datetime | None = None
    expires: datetime | None = None
    stops: datetime | None = None
    deactivated: datetime | None = None
    compromised: datetime | None = None
    archived: datetime | None = None
    destroys: datetime | None = None
    erases: bool = False
    revision: int = 0

    @property
    def in_software(self) -> bool:
        """Whether the key signs in a process' memory, derived from the token's and not kept in it."""
        return self.token.startswith(SOFTWARE)


@dataclass(frozen=True, slots=True)
class KeyIntent:
    """A key that somebody began to make in the token of this serial; once its record is written, there is no intent any more."""

    ref: KeyRef
    token: str
    begun: datetime


@dataclass(frozen=True, slots=True)
class Dependents:
    """How much a version of a wrapping key still opens: versions of secrets, and sealed files as far as this store made them.

    What undoes an engine's work, as long as it is needed, counts as a secret.
    """

    secrets: int = 0
    files: int = 0

    def __bool__(self) -> bool:
        return bool(self.secrets or self.files)


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """One step in the life of a key version: when, by whom, from which state to which, why, and who approved it."""

    name: str
    version: int
    time: datetime
    command: KeyCommand
    before: KeyState | None
    after: KeyState
    actor: str
    why: str = ""
    approvers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A record before and after an event; ``before`` is None for a new key."""

    before: KeyRecord | None
    after: KeyRecord
    event: KeyEvent
