# SPDX-License-Identifier: Apache-2.0
"""What can be said of a signature: one verdict, who made it, and when that was proven."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from pipeline_guard.errors import IntegrityError
from pipeline_guard.model.trusted_time import TrustedTime


class SignatureVerdict(Enum):
    """Every answer that verification gives; only those of ``holds`` are a yes."""

    VALID = "valid"
    BEFORE_EXPIRY = "signed-before-expiry"
    BEFORE_REVOCATION = "signed-before-revocation"
    REVOKED = "revoked"
    COMPROMISED = "compromised"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    UNTIMESTAMPED = "untimestamped"
    UNKNOWN_KEY = "unknown-key"
    TAMPERED = "tampered"
    WRONG_SUBJECT = "wrong-subject"
    NO_SIGNATURE = "no-signature"
    NOT_BY_POLICY = "not-by-policy"
    UNREADABLE = "unreadable"

    @property
    def holds(self) -> bool:
        """Whether the signature counts."""
        return self in (SignatureVerdict.VALID, SignatureVerdict.BEFORE_EXPIRY, SignatureVerdict.BEFORE_REVOCATION)


class NotVerified(IntegrityError):
    """A refusal that says which one it is; a plain IntegrityError of verification means "tampered"."""

    def __init__(self, verdict: SignatureVerdict, what: str, hint: str) -> None:
        super().__init__(what, hint)
        self.verdict = verdict


@dataclass(frozen=True, slots=True)
class CertifiedBy:
    """The certificate that named a signer, and the root its chain ends at.

    Fingerprints are the hexadecimal SHA-256 of the DER; ``serial`` is hexadecimal, too.
    """

    fingerprint: str
    serial: str
    begins: datetime
    ends: datetime
    root: str
    root_fingerprint: str


@dataclass(frozen=True, slots=True)
class SignedBy:
    """Who signed: a key by name and version where they are known (None: not), or a certified ``identity`` and its ``issuer``.

    ``fingerprint`` is the hexadecimal SHA-256 of the key's DER SubjectPublicKeyInfo, ``key_type`` one of KeyType or "".
    """

    fingerprint: str = ""
    key_type: str = ""
    key_name: str = ""
    key_version: int | None = None
    identity: str = ""
    issuer: str = ""
    certificate: CertifiedBy | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a key's timeline says of one signature; ``time`` is the proof of when it existed, ``why`` a sentence."""

    verdict: SignatureVerdict
    why: str
    hint: str = ""
    time: TrustedTime | None = None
    by: SignedBy = SignedBy()


UNJUDGED = Judgement(SignatureVerdict.VALID, "the signature is genuine; nothing is known of its key's life")
