# SPDX-License-Identifier: Apache-2.0
"""Client certificates by an authority whose key lies in a real token, judged by OpenSSL: verify, and a TLS handshake."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pipeline_guard.adapters.engines.x509 import X509Authority, _signed
from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.model.dynamic import EngineKey, Made
from pipeline_guard.model.key import KeyType
from pipeline_guard.model.secret import Secret
from tests.fakes.engines import LEASE, Clock, token_key, wish

PEM = serialization.Encoding.PEM


@pytest.fixture(scope="module", params=[KeyType.EC_P256, KeyType.EC_P384], ids=lambda kind: kind.value)
def key(request: pytest.FixtureRequest, embedded_token: Any) -> Any:
    return token_key(embedded_token, f"x509-{request.param.value}", request.param)


def authority_certificate(key: EngineKey, clock: Clock, *, ca: bool = True, days: int = 30) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "jobs")])
    public = serialization.load_pem_public_key(key.public_pem.encode())
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1).public_key(public)
    builder = builder.not_valid_before(clock.now() - timedelta(days=1)).not_valid_after(clock.now() + timedelta(days=days))
    usage = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    builder = builder.add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    return x509.load_der_x509_certificate(_signed(builder, "tbs_certificate_bytes", key)).public_bytes(PEM)


@pytest.fixture
def authority(key: Any, tmp_path: Path) -> X509Authority:
    clock = Clock()
    (tmp_path / "ca.pem").write_bytes(authority_certificate(key(), clock))
    names = ("job.example.org", "spiffe://example.org/job")
    return X509Authority(clock, key, str(tmp_path / "ca.pem"), "deploy", names, str(tmp_path / "revoked.pem"))


def request(private: Any, subject: str = "anything") -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    kind = None if isinstance(private, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(private, kind).public_bytes(PEM).decode()


def certify(authority: X509Authority, private: Any, lease: str = LEASE, minutes: int = 10) -> tuple[Made, x509.Certificate]:
    made = authority.make(wish(authority.clock, minutes, lease, {"csr": request(private)}))
    return made, x509.load_pem_x509_certificates(made.value.reveal())[0]


def judged(authority: X509Authority, tmp_path: Path, certificate: x509.Certificate) -> str:
    (tmp_path / "leaf.pem").write_bytes(certificate.public_bytes(PEM))
    words = ["openssl", "verify", "-purpose", "sslclient", "-crl_check", "-x509_strict", "-CAfile", authority.certificate]
    done = subprocess.run([*words, "-CRLfile", authority.crl, tmp_path / "leaf.pem"], capture_output=True, text=True)
    return "OK" if done.returncode == 0 else done.stdout + done.stderr


def test_certificate_says_what_is_configured_and_nothing_that_the_job_asked_for(authority: X509Authority, tmp_path: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    made, certificate = certify(authority, private)
    assert certificate.subject.rfc4514_string() == "CN=deploy"
    assert certificate.serial_number == int(LEASE, 16)
    assert certificate.public_key() == private.public_key()
    extensions = certificate.extensions
    assert list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    alternatives = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [name.value for name in alternatives] == ["job.example.org", "spiffe://example.org/job"]
    assert certificate.not_valid_after_utc == made.expires == authority.clock.now() + timedelta(minutes=10)
    assert made.revocable
    assert judged(authority, tmp_path, certificate) == "OK"


def test_undone_certificate_is_in_the_crl_that_openssl_obeys(authority: X509Authority, tmp_path: Path) -> None:
    one, first = certify(authority, ec.generate_private_key(ec.SECP256R1()), "aa" * 16)
    _, second = certify(authority, ec.generate_private_key(ec.SECP256R1()), "bb" * 16)
    authority.undo(one.handle)
    authority.undo(one.handle)
    assert "certificate revoked" in judged(authority, tmp_path, first)
    assert judged(authority, tmp_path, second) == "OK"


def test_crl_counts_upwards_is_renewed_in_time_and_forgets(authority: X509Authority) -> None:
    made, _ = certify(authority, ec.generate_private_key(ec.SECP256R1()))
    authority.undo(made.handle)
    before = x509.load_pem_x509_crl(Path(authority.crl).read_bytes())
    certify(authority, ec.generate_private_key(ec.SECP256R1()), "bb" * 16)
    assert Path(authority.crl).read_bytes() == before.public_bytes(PEM), "a fresh list is left alone"
    authority.clock.move(hours=26)
    certify(authority, ec.generate_private_key(ec.SECP256R1()), "cc" * 16)
    after = x509.load_pem_x509_crl(Path(authority.crl).read_bytes())
    numbers = [crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number for crl in (before, after)]
    assert numbers == [2, 3]
    assert (len(before), len(after)) == (1, 0)


def test_certificate_opens_a_tls_session_with_a_server_that_asks_for_one(authority: X509Authority, tmp_path: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    made, certificate = certify(authority, private)
    secret = private.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "job.pem").write_bytes(made.value.reveal() + secret)
    host = self_signed(tmp_path / "host.pem", authority.clock)
    accepting = server_context(authority, host)
    assert handshake(accepting, host, tmp_path / "job.pem") == certificate.public_bytes(serialization.Encoding.DER)
    authority.undo(made.handle)
    accepting = server_context(authority, host)  # a list is read anew, not added to the one before
    with pytest.raises(ssl.SSLError, match="revoked"):
        handshake(accepting, host, tmp_path / "job.pem")


def server_context(authority: X509Authority, host: Path) -> ssl.SSLContext:
    accepting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    accepting.load_cert_chain(host)
    accepting.verify_mode = ssl.CERT_REQUIRED
    accepting.load_verify_locations(authority.certificate)
    accepting.load_verify_locations(authority.crl)
    accepting.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return accepting


def self_signed(path: Path, clock: Clock) -> Path:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(2).public_key(private.public_key())
    builder = builder.not_valid_before(clock.now() - timedelta(days=1)).not_valid_after(clock.now() + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    secret = private.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(builder.sign(private, hashes.SHA256()).public_bytes(PEM) + secret)
    return path


def handshake(accepting: ssl.SSLContext, host: Path, job: Path) -> bytes | None:
    """Return the client certificate that a server accepted; raise what the server raised."""
    ours, theirs = socket.socketpair()
    calling = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    calling.load_verify_locations(host)
    calling.load_cert_chain(job)
    refusals: list[Exception] = []

    def call() -> None:
        try:
            with calling.wrap_socket(theirs, server_hostname="localhost") as session:
                session.recv(1)
        except OSError as error:
            refusals.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    try:
        with accepting.wrap_socket(ours, server_side=True) as session:
            session.sendall(b"x")
            return session.getpeercert(binary_form=True)
    finally:
        ours.close()
        thread.join()
        theirs.close()


@pytest.mark.parametrize(
    "private", [ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 2048)], ids=["ed25519", "rsa-2048"]
)
def test_other_kinds_of_keys_are_certified(authority: X509Authority, tmp_path: Path, private: Any) -> None:
    assert judged(authority, tmp_path, certify(authority, private)[1]) == "OK"


def broken_request() -> str:
    lines = request(ec.generate_private_key(ec.SECP256R1())).splitlines()
    lines[2] = lines[2][:20] + ("A" if lines[2][20] != "A" else "B") + lines[2][21:]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    ["", "x", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "x" * 100_000, "\udcff", broken_request()],
    ids=["nothing", "no pem", "no der", "huge", "surrogate", "changed"],
)
def test_what_is_no_sound_request_is_refused(authority: X509Authority, text: str) -> None:
    with pytest.raises(UsageError):
        authority.make(wish(authority.clock, given={"csr": text}))


def test_weak_keys_are_not_certified(authority: X509Authority) -> None:
    with pytest.raises(UsageError, match="kind of key"):
        certify(authority, rsa.generate_private_key(65537, 1024))


def test_request_that_another_key_signed_is_refused(authority: X509Authority) -> None:
    der = x509.load_pem_x509_csr(request(ec.generate_private_key(ec.SECP256R1())).encode()).public_bytes(serialization.Encoding.DER)
    other = x509.load_pem_x509_csr(request(ec.generate_private_key(ec.SECP256R1())).encode())
    mixed = der[: -len(other.signature)] + other.signature
    try:
        text = x509.load_der_x509_csr(mixed).public_bytes(PEM).decode()
    except ValueError:  # the signatures' lengths differ: then the request is malformed, which is another test
        text = ""
    with pytest.raises(UsageError):
        authority.make(wish(authority.clock, given={"csr": text}))


def test_authority_that_is_none_or_of_another_key_is_refused(authority: X509Authority, tmp_path: Path, embedded_token: Any) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "no-ca.pem").write_bytes(authority_certificate(authority.key(), authority.clock, ca=False))
    other = token_key(embedded_token, "x509-other")
    (tmp_path / "other.pem").write_bytes(authority_certificate(other(), authority.clock))
    for name in ("no-ca.pem", "other.pem", "missing.pem", "revoked.pem"):
        with pytest.raises(UsageError):
            certify(replace(authority, certificate=str(tmp_path / name)), private)


def test_certificate_ends_with_its_authority(authority: X509Authority) -> None:
    authority.clock.move(days=30, minutes=-5)
    made, certificate = certify(authority, ec.generate_private_key(ec.SECP256R1()))
    assert certificate.not_valid_after_utc == made.expires == authority.clock.now() + timedelta(minutes=5)
    authority.clock.move(minutes=6)
    with pytest.raises(Unavailable, match="expired"):
        certify(authority, ec.generate_private_key(ec.SECP256R1()))


def test_crl_of_somebody_else_is_not_written_over(authority: X509Authority) -> None:
    Path(authority.crl).write_text("not a list\n")
    with pytest.raises(Unavailable, match="not of this engine"):
        authority.undo(Secret(LEASE.encode()))
    assert Path(authority.crl).read_text() == "not a list\n"


def test_without_a_list_only_time_ends_it(authority: X509Authority) -> None:
    assert not certify(replace(authority, crl=""), ec.generate_private_key(ec.SECP256R1()))[0].revocable
