# SPDX-License-Identifier: Apache-2.0
"""The one way from an unverified bundle to a verified statement.

First the signature, then the life of the key that made it, and only then is the payload read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from pipeline_guard.errors import IntegrityError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.signature import NotVerified, SignatureVerdict
from pipeline_guard.model.statement import VerifiedStatement
from pipeline_guard.model.timeline import KeyTimeline
from pipeline_guard.model.trusted_time import TrustedTime
from pipeline_guard.sign.bundle import UnverifiedEnvelope, read_bundle
from pipeline_guard.sign.dsse import pae
from pipeline_guard.sign.material import blob_statement
from pipeline_guard.sign.public_key import PublicKey, load
from pipeline_guard.sign.statement import read_statement
from pipeline_guard.sign.timeline import judge
from pipeline_guard.sign.timestamp import check_about

Times = Callable[[UnverifiedEnvelope], Sequence[TrustedTime]]


def no_times(_envelope: UnverifiedEnvelope) -> Sequence[TrustedTime]:
    """Find no proof of time: where nobody is trusted to give one."""
    return ()


def _check_stamps(envelope: UnverifiedEnvelope, name: str) -> None:
    """Raise IntegrityError for a timestamp that is none, or of something else: whoever looks later must not be told another story."""
    for stamp in envelope.timestamps:
        check_about(stamp, envelope.signature, name)


def verify_bundle(unverified_bundle: bytes, public_pem: str, name: str) -> VerifiedStatement:
    """Return what the owner of a key has signed, whatever became of the key since.

    ``name`` tells people which bundle is meant. Raises IntegrityError for whatever is irregular about the bundle,
    UsageError where ``public_pem`` is no public key. Whether a subject is the one at hand is for the caller to compare.
    """
    envelope = read_bundle(unverified_bundle, name)
    _check_stamps(envelope, name)
    key = _signer(envelope, [load(public_pem)], name)
    return _statement(envelope, key, name)


def verify_by(
    unverified_bundle: bytes, timelines: Sequence[KeyTimeline], now: datetime, name: str, *, times: Times = no_times
) -> VerifiedStatement:
    """Return what was signed with a key whose signatures count at this moment; ``times`` proves when the signature existed.

    Raises NotVerified with its verdict, or IntegrityError for whatever is irregular about the bundle.
    """
    envelope = read_bundle(unverified_bundle, name)
    _check_stamps(envelope, name)
    keys = [load(version.public_pem) for timeline in timelines for version in reversed(timeline.versions)]
    key = _signer(envelope, keys, name)
    owner = next(each for each in timelines if key.fingerprint in [version.fingerprint for version in each.versions])
    judgement = judge(owner, key.fingerprint, times(envelope), now)
    if not judgement.verdict.holds:
        raise NotVerified(judgement.verdict, f"{name}: {judgement.why}", judgement.hint)
    return replace(_statement(envelope, key, name), judgement=judgement)


def _signer(envelope: UnverifiedEnvelope, keys: Sequence[PublicKey], name: str) -> PublicKey:
    """Return the key that made the signature. A hint only narrows the choice; it never makes a key trusted."""
    named = [key for key in keys if key.is_named_by(envelope.hint)] if envelope.hint else keys
    if not named:
        known = f"the key given is sha256:{keys[0].fingerprint}" if keys else "no key was given"
        raise NotVerified(
            SignatureVerdict.UNKNOWN_KEY, f"{name}: made with another key", f"{known}; give the signer's, or its timeline with older keys"
        )
    for key in named:
        if _accepts(key, envelope):
            return key
    raise IntegrityError(f"{name}: the signature does not verify", "the bundle was changed, or another key has signed it")


def _accepts(key: PublicKey, envelope: UnverifiedEnvelope) -> bool:
    if envelope.message is not None:
        return key.accepts_digest(envelope.signature, envelope.message.digest, envelope.message.algorithm)
    return key.accepts(envelope.signature, pae(envelope.payload))


def _statement(envelope: UnverifiedEnvelope, key: PublicKey, name: str) -> VerifiedStatement:
    if envelope.message is not None:
        return replace(blob_statement(envelope.message, key.fingerprint), media_type=envelope.media_type)
    statement, digest = read_statement(envelope.payload, name), Digest.sha256(envelope.payload)
    return VerifiedStatement(
        statement.subjects, statement.predicate_type, statement.predicate, digest, key.fingerprint, media_type=envelope.media_type
    )
