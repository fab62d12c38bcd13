# SPDX-License-Identifier: Apache-2.0
"""Key stores by content: what they hold, who can open them, and what only looks like one."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12

from pipeline_guard.model.finding import Severity
from pipeline_guard.scan.proof import PROOFS, Kind, State
from pipeline_guard.scan.proofs.keystore import PASSWORDS
from pipeline_guard.scan.sample import expand_bytes

NOW = datetime(2026, 11, 1, tzinfo=UTC)
KEY = rsa.generate_private_key(65537, 2048)


def pfx(password: bytes, digest: str = "SHA256", rounds: int = 1000) -> bytes:
    """Return a PFX of the key under a password."""
    sealing = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(rounds).hmac_hash(getattr(hashes, digest)()).build(password)
    return pkcs12.serialize_key_and_certificates(b"signing", KEY, None, None, sealing)


@pytest.mark.parametrize("digest", ["SHA1", "SHA256", "SHA384", "SHA512"])
def test_pfx_with_a_well_known_password_is_open(digest: str) -> None:
    for password in PASSWORDS:
        if password:
            verdict = PROOFS["pkcs12"](pfx(password.encode(), digest), NOW)
            assert (verdict.state, verdict.kind) == (State.VERIFIED, Kind.LIVE)
            assert "everybody knows" in verdict.note


def test_pfx_with_another_password_is_encrypted_and_one_without_is_open() -> None:
    verdict = PROOFS["pkcs12"](pfx(b"a passphrase of nobody"), NOW)
    assert (verdict.kind, verdict.severity) == (Kind.ENCRYPTED, Severity.MEDIUM)


def test_pfx_of_certificates_is_low_though_its_password_is_known() -> None:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "builds")])
    builder = x509.CertificateBuilder(name, name, KEY.public_key(), 7, NOW, NOW.replace(year=2027))
    certificate = builder.sign(KEY, hashes.SHA256())
    sealing = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(1000).build(b"changeit")
    value = pkcs12.serialize_key_and_certificates(b"trust", None, certificate, None, sealing)
    assert PROOFS["pkcs12"](value, NOW).severity is Severity.LOW


def test_changed_pfx_does_not_open() -> None:
    value = bytearray(pfx(b"changeit"))
    for place in range(100, len(value) - 200, 97):
        changed = bytes(value[:place]) + bytes([value[place] ^ 1]) + bytes(value[place + 1 :])
        assert PROOFS["pkcs12"](changed, NOW).kind is not Kind.LIVE or PROOFS["pkcs12"](changed, NOW).state is not State.VERIFIED


def test_rounds_without_end_are_not_counted() -> None:
    value = pfx(b"changeit")
    cut = value.rindex(b"\x04\x08") if b"\x04\x08" in value[-40:] else len(value)
    hostile = value[:cut] + value[cut : cut + 10] + b"\x02\x04\x7f\xff\xff\xff"
    begin = time.process_time()
    PROOFS["pkcs12"](hostile, NOW)
    assert time.process_time() - begin < 5


def test_java_store_tells_keys_from_certificates() -> None:
    assert PROOFS["java-keystore"](expand_bytes("{make:java-keystore}"), NOW).state is State.VERIFIED
    assert PROOFS["java-keystore"](expand_bytes("{make:java-keystore-sealed}"), NOW).kind is Kind.ENCRYPTED
    assert PROOFS["java-keystore"](expand_bytes("{make:java-truststore}"), NOW).state is State.NO_SECRET


def test_any_changed_byte_of_a_java_store_closes_it() -> None:
    value = expand_bytes("{make:java-keystore}")
    for place in range(60, len(value)):
        changed = value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :]
        assert PROOFS["java-keystore"](changed, NOW).state is not State.VERIFIED, place


def test_debug_store_of_android_is_of_the_test_mode() -> None:
    from hashlib import sha1

    body = expand_bytes("{make:java-keystore}")[:-20].replace(b"\0\x07signing", b"\0\x0fandroiddebugkey")
    value = body + sha1("android".encode("utf-16-be") + b"Mighty Aphrodite" + body, usedforsecurity=False).digest()
    assert PROOFS["java-keystore"](value, NOW).kind is Kind.TEST
