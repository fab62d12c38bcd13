# SPDX-License-Identifier: Apache-2.0
"""Timestamps for signatures: asked of an authority, or made with a key of our own token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Protocol

from pipeline_guard.errors import Denied, IntegrityError, UsageError
from pipeline_guard.keys.lifecycle import check_protects
from pipeline_guard.keys.period import current
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.key import KeyRecord, KeyType, KeyUsage
from pipeline_guard.ports import AuditSink, Clock, Files, KeyLedger, Random, Signer, TimestampService
from pipeline_guard.sign.issuance import Holder, own_timestamp_certificate
from pipeline_guard.sign.public_key import load
from pipeline_guard.sign.timestamp import check_timestamp, nonce_of, request
from pipeline_guard.sign.timestamp_token import TimestampSigner, stamp
from pipeline_guard.sign.trusted_root import MAX_ROOT, read_timestamp_chain

Stamper = Callable[[bytes], bytes]  # a signature -> a time-stamp response over it
_YEARS = 10
_NAME = "the timestamp"


class StampState(KeyLedger, AuditSink, Protocol):
    """The store's part in making timestamps."""


@dataclass(frozen=True, slots=True)
class StampDoors:
    """What making timestamps in the token needs of the world."""

    actor: str
    clock: Clock
    random: Random
    files: Files
    token: Callable[[], Signer]
    state: Callable[[], StampState]


def asking(service: TimestampService, random: Random) -> Stamper:
    """Return a stamper that asks an authority. It raises Unavailable, IntegrityError where the answer is not to the question."""

    def ask(signature: bytes) -> bytes:
        nonce = int.from_bytes(random.bytes(8)) | 1  # never 0
        response = service.exchange(request(signature, nonce))
        if nonce_of(response, _NAME) != nonce:
            raise IntegrityError(f"{_NAME} answers another request", "try again, or ask another authority")
        check_timestamp(response, signature, (), _NAME)  # whether its authority is trusted is for the verifier to say
        return response

    return ask


def making(key_name: str, certificate: str, doors: StampDoors) -> Stamper:
    """Return a stamper that signs in the token. ``certificate`` is a PEM file; where it is missing it is made, self-signed.

    Raises UsageError for a key that cannot stamp or a certificate of another one, Denied, Unavailable.
    """
    key, token = _key(key_name, doors), cache(doors.token)  # opened once however much there is to stamp

    def sign(message: bytes) -> bytes:
        return token().sign(key.ref, message)

    held = _certificate(key, certificate, sign, doors)

    def make(signature: bytes) -> bytes:
        now = doors.clock.now()
        doors.state().write(_event(key, doors, "timestamp", signature, now))  # no record, no timestamp
        return stamp(signature, now, _serial(doors.random), TimestampSigner(held, sign))

    return make


def _key(name: str, doors: StampDoors) -> KeyRecord:
    now = doors.clock.now()
    key = current(doors.state().versions(name), now)
    if key is None:
        raise UsageError(f"no key called {name}", f"make one: pipeline-guard keys create {name}")
    if key.ref.usage is not KeyUsage.SIGN:
        raise Denied(f"key {name} may not sign: it was created to {key.ref.usage.value}", f"pipeline-guard keys create {name}-time")
    if key.ref.type is not KeyType.EC_P256:
        raise UsageError(f"key {name} cannot make timestamps: it is {key.ref.type.value}", "use a key of type ec-p256")
    check_protects(key, now)
    return key


def _certificate(key: KeyRecord, path: str, sign: Callable[[bytes], bytes], doors: StampDoors) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    if not path:
        raise UsageError("no certificate for timestamps", "name a file with --timestamp-certificate; it is made if it is missing")
    if doors.files.kind(path) == "missing":
        doors.files.write(path, _made(key, sign, doors))
    found = read_timestamp_chain(doors.files.read(path, MAX_ROOT), path)[0].chain[0]
    public = found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if public != load(key.public_pem).der:
        hint = "name another file with --timestamp-certificate, or the key that it is for with --timestamp-key"
        raise UsageError(f"{path}: not a certificate of version {key.ref.version} of the key {key.ref.name}", hint)
    return found.public_bytes(Encoding.DER)


def _made(key: KeyRecord, sign: Callable[[bytes], bytes], doors: StampDoors) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    now, public = doors.clock.now(), load(key.public_pem).der
    doors.state().write(_event(key, doors, "certify", public, now))
    # from yesterday on: other clocks may be behind ours
    start, end = now - timedelta(days=1), now + timedelta(days=365 * _YEARS)
    made = own_timestamp_certificate(Holder(public, sign), key.ref.name, start, end, _serial(doors.random))
    return x509.load_der_x509_certificate(made).public_bytes(Encoding.PEM)


def _serial(random: Random) -> int:
    return int.from_bytes(random.bytes(16)) >> 1 | 1  # positive, and never 0


def _event(key: KeyRecord, doors: StampDoors, action: str, content: bytes, now: datetime) -> AuditEvent:
    why = f"key {key.ref.name} version {key.ref.version}"
    return AuditEvent(now, doors.actor, action, key.ref.name, "granted", why, request_digest=Digest.sha256(content).hex)
