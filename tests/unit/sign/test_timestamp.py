# SPDX-License-Identifier: Apache-2.0
"""Time-stamp tokens: ours, OpenSSL's, and every way in which one is none."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import rfc3161_client
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pipeline_guard.errors import IntegrityError
from pipeline_guard.sign import der
from pipeline_guard.sign.issuance import Holder, own_timestamp_certificate
from pipeline_guard.sign.timestamp import check_timestamp, nonce_of, request
from pipeline_guard.sign.timestamp_token import TimestampSigner, stamp
from pipeline_guard.sign.trusted_root import Authority, Period, read_timestamp_chain, read_trusted_root
from tests.fakes.trust import NOW, Key, PrivateTrust

TRUST = PrivateTrust()
AUTHORITIES = read_trusted_root(TRUST.root_bytes(), "r").timestamp_authorities
MESSAGE = b"a signature"
TOKEN = TRUST.stamp(MESSAGE)


def time_of(token: bytes, message: bytes = MESSAGE, authorities: tuple[Authority, ...] = AUTHORITIES) -> datetime | None:
    found = check_timestamp(token, message, authorities, "b")
    return found.time if found else None


def test_our_token_proves_its_time() -> None:
    found = check_timestamp(TOKEN, MESSAGE, AUTHORITIES, "b")
    assert found
    assert (found.time, found.source, found.accuracy) == (NOW, "rfc3161:https://trust.example", timedelta(seconds=1))


def test_the_client_inside_sigstore_accepts_our_token_and_refuses_another_message() -> None:
    response = rfc3161_client.decode_timestamp_response(TOKEN)
    load = x509.load_der_x509_certificate
    builder = rfc3161_client.VerifierBuilder().tsa_certificate(load(TRUST.tsa_certificate)).add_root_certificate(load(TRUST.root))
    assert builder.build().verify_message(response, MESSAGE)
    with pytest.raises(rfc3161_client.VerificationError):
        builder.build().verify_message(response, b"another")
    other = load(PrivateTrust().root)
    with pytest.raises(rfc3161_client.VerificationError):
        rfc3161_client.VerifierBuilder().tsa_certificate(load(TRUST.tsa_certificate)).add_root_certificate(other).build().verify_message(
            response, MESSAGE
        )


def openssl(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["openssl", *words], capture_output=True, text=True)


def test_openssl_accepts_our_token_and_refuses_another_message(tmp_path: Path) -> None:
    load = x509.load_der_x509_certificate
    (tmp_path / "root.pem").write_bytes(load(TRUST.root).public_bytes(Encoding.PEM))
    (tmp_path / "other.pem").write_bytes(load(PrivateTrust().root).public_bytes(Encoding.PEM))
    # openssl judges the chain at the present moment
    now = TRUST.stamp(MESSAGE, datetime.now(UTC))
    (tmp_path / "token").write_bytes(now)
    (tmp_path / "message").write_bytes(MESSAGE)
    (tmp_path / "another").write_bytes(b"another")
    question = ("ts", "-verify", "-in", str(tmp_path / "token"), "-attime", str(int(NOW.timestamp())))
    assert openssl(*question, "-data", str(tmp_path / "message"), "-CAfile", str(tmp_path / "root.pem")).returncode == 0
    assert openssl(*question, "-data", str(tmp_path / "another"), "-CAfile", str(tmp_path / "root.pem")).returncode != 0
    assert openssl(*question, "-data", str(tmp_path / "message"), "-CAfile", str(tmp_path / "other.pem")).returncode != 0


CONFIG = """
[tsa]
dir = {folder}
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = {ess}
{more}
"""


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("key", ["EC:prime256v1", "EC:secp384r1", "RSA:2048"])
@pytest.mark.parametrize("ess", ["sha1", "sha256"])
def test_openssls_tokens_verify(tmp_path: Path, key: str, ess: str, digest: str) -> None:
    kind, _, size = key.partition(":")
    options = ("-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{size}") if kind == "EC" else ("-newkey", f"rsa:{size}")
    more = ("-addext", "extendedKeyUsage=critical,timeStamping", "-addext", "keyUsage=critical,digitalSignature")
    made = openssl("req", "-x509", *options, "-nodes", "-keyout", f"{tmp_path}/tsa.key", "-out", f"{tmp_path}/tsa.pem", "-subj", "/CN=time",
                   "-days", "30", *more, "-addext", "basicConstraints=critical,CA:FALSE")  # fmt: skip
    assert made.returncode == 0, made.stderr
    (tmp_path / "serial").write_text("01\n")
    (tmp_path / "c.cnf").write_text(CONFIG.format(folder=tmp_path, ess=ess, more="certs = $dir/tsa.pem" if digest == "sha512" else ""))
    (tmp_path / "message").write_bytes(MESSAGE)
    assert openssl("ts", "-query", "-data", f"{tmp_path}/message", f"-{digest}", "-cert", "-out", f"{tmp_path}/q").returncode == 0
    done = openssl(
        "ts", "-reply", "-config", f"{tmp_path}/c.cnf", "-section", "tsa", "-queryfile", f"{tmp_path}/q", "-out", f"{tmp_path}/r"
    )
    assert done.returncode == 0, done.stderr
    token = (tmp_path / "r").read_bytes()
    authorities = read_timestamp_chain((tmp_path / "tsa.pem").read_bytes(), "tsa.pem")
    found = time_of(token, authorities=authorities)
    assert found
    assert abs(found - datetime.now(UTC)) < timedelta(minutes=10)
    assert time_of(token) is None
    with pytest.raises(IntegrityError, match="not of this signature"):
        time_of(token, b"another", authorities)


def test_a_request_is_understood_by_openssl_and_its_nonce_comes_back(tmp_path: Path) -> None:
    (tmp_path / "q").write_bytes(request(MESSAGE, 0xDEADBEEF01))
    shown = openssl("ts", "-query", "-in", f"{tmp_path}/q", "-text").stdout
    assert "0xDEADBEEF01" in shown
    assert "Certificate required: yes" in shown
    assert nonce_of(TOKEN, "b") is None


def test_an_unknown_authority_proves_nothing_but_is_no_error() -> None:
    other = read_trusted_root(PrivateTrust().root_bytes(), "r").timestamp_authorities
    assert time_of(TOKEN, authorities=other) is None
    assert time_of(TOKEN, authorities=()) is None
    over = Authority("x", AUTHORITIES[0].chain, Period(None, NOW - timedelta(seconds=1)))
    assert time_of(TOKEN, authorities=(over,)) is None
    assert time_of(TOKEN, authorities=(over, *AUTHORITIES)) == NOW


def test_a_token_without_certificates_is_verified_with_the_authoritys() -> None:
    # as a request without certReq is answered: the certificates are the fourth field of SignedData
    response = der.read(TOKEN).children()
    content = response[1].children()
    signed = content[1].children()[0].children()
    bare = der.sequence(*(part.raw for part in signed if part.tag != 0xA0))
    token = der.sequence(response[0].raw, der.sequence(content[0].raw, der.write(0xA0, bare)))
    assert time_of(token) == NOW
    assert time_of(token, authorities=()) is None


def test_every_changed_byte_is_refused_or_changes_nothing_that_counts() -> None:
    for position in range(len(TOKEN)):
        for change in (1, 0x80):
            changed = bytearray(TOKEN)
            changed[position] ^= change
            try:
                found = time_of(bytes(changed))
            except IntegrityError:
                continue
            assert found in (None, NOW), position


def test_every_truncation_is_refused() -> None:
    for length in range(len(TOKEN)):
        with pytest.raises(IntegrityError):
            time_of(TOKEN[:length])
    with pytest.raises(IntegrityError):
        time_of(TOKEN + b"\0")
    with pytest.raises(IntegrityError, match="more than"):
        time_of(TOKEN + bytes(70_000))


def own(*extensions: str) -> tuple[TimestampSigner, tuple[Authority, ...]]:
    key = Key()
    certificate = own_timestamp_certificate(key.holder, "time", NOW - timedelta(days=1), NOW + timedelta(days=1), 7)
    pem = x509.load_der_x509_certificate(certificate).public_bytes(Encoding.PEM)
    return TimestampSigner(certificate, key.sign), read_timestamp_chain(pem, "own.pem")


def test_a_self_signed_authority_is_trusted_by_itself_and_only_in_its_life() -> None:
    signer, authorities = own()
    assert time_of(stamp(MESSAGE, NOW, 1, signer), authorities=authorities) == NOW
    assert time_of(stamp(MESSAGE, NOW + timedelta(days=2), 1, signer), authorities=authorities) is None


def test_a_certificate_for_something_else_makes_no_timestamps() -> None:
    signer = Key()
    certificate = TRUST.certificate(signer)
    with pytest.raises(IntegrityError, match="not for timestamps alone"):
        time_of(stamp(MESSAGE, NOW, 1, TimestampSigner(certificate, signer.sign)))


def test_a_token_signed_by_another_key_is_refused() -> None:
    with pytest.raises(IntegrityError, match="not of this signature"):
        time_of(stamp(MESSAGE, NOW, 1, TimestampSigner(TRUST.tsa_certificate, Key().sign)))


def test_a_refusal_of_the_authority_is_told() -> None:
    token = der.read(TOKEN).children()[1].raw
    for answer in (der.sequence(der.sequence(der.number(2))), der.sequence(der.sequence(der.number(2)), token)):
        with pytest.raises(IntegrityError, match="refused"):
            time_of(answer)


def test_another_signers_certificate_under_the_same_name_is_refused() -> None:
    """The name and number in the token are not enough: the certificate itself is bound in."""
    key = Key()
    public = key.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    twins = [
        own_timestamp_certificate(Holder(public, key.sign), "time", NOW - timedelta(days=days), NOW + timedelta(days=9), 7)
        for days in (1, 2)
    ]
    token = stamp(MESSAGE, NOW, 1, TimestampSigner(twins[0], key.sign))
    assert twins[0] in token
    swapped: Any = token.replace(twins[0], twins[1])
    with pytest.raises(IntegrityError, match="not of this signature"):
        time_of(swapped)
