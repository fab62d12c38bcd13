# SPDX-License-Identifier: Apache-2.0
"""A secret that is made for one job and undone at its end, as engines take and give it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pipeline_guard.model.key import KeyRef, KeyType
from pipeline_guard.model.lease import Lease
from pipeline_guard.model.secret import Secret


@dataclass(frozen=True, slots=True)
class Wish:
    """What a job is to get: the name policy granted, its lease, who it is, and until when it may live.

    ``claims`` are verified ones, or none for a local call; ``given`` is what the job sent along: a certificate request, a
    public key, digests to sign. It is untrusted.
    """

    name: str
    lease: str
    holder: str
    expires: datetime
    claims: Mapping[str, str]
    given: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Made:
    """What an engine made. ``expires`` is when it ends by itself; ``handle`` undoes it, and is as secret as the value.

    ``revocable`` is False where only time ends it: then people are told "expires at", never "revoked". ``about`` is what may be
    shown and logged: a role's name, a certificate's serial number.
    """

    value: Secret
    expires: datetime
    handle: Secret
    revocable: bool
    about: str


@dataclass(frozen=True, slots=True)
class EngineKey:
    """A key of the token as engines use it: its public half as PEM, and what signs in the form of the port ``Signer``."""

    name: str
    type: KeyType
    public_pem: str
    sign: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class SealedHandle:
    """A handle as the store keeps it: AES-256-GCM under a data key of its own, nonce first; that key wrapped in the token.

    Both are bound to the lease and its engine.
    """

    wrapping_key: KeyRef
    wrapped_key: bytes
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class Due:
    """Something that is to be undone, taken by one process alone for a while; ``tried`` counts the tries, this one included.

    Without a ``handle`` nobody knows whether it was made: a process died in between.
    """

    lease: Lease
    handle: SealedHandle | None
    tried: int


@dataclass(frozen=True, slots=True)
class Failure:
    """A revocation that did not succeed, why, and when it is tried again."""

    lease: Lease
    why: str
    again: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of leases: ``ended`` ends access; ``undone`` is gone; ``failed`` is tried again; ``expiring`` only time ends."""

    ended: tuple[Lease, ...] = ()
    undone: tuple[Lease, ...] = ()
    failed: tuple[Failure, ...] = ()
    expiring: tuple[Lease, ...] = ()
