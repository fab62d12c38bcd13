# SPDX-License-Identifier: Apache-2.0
"""TLS 1.3 for the broker, client certificates where configured, and a throw-away authority for ``serve --dev``."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pipeline_guard.adapters.home import private_folder, write_private
from pipeline_guard.errors import UsageError


def server_context(certificate: str, key: str, client_authority: str = "") -> ssl.SSLContext:
    """Return a context of TLS 1.3 only; with ``client_authority`` nobody gets in without a certificate of it. Raises UsageError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_cert_chain(certificate, key)
        if client_authority:
            context.load_verify_locations(cafile=client_authority)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        what = getattr(error, "strerror", None) or "it is no certificate with its key in PEM form"
        raise UsageError(f"cannot use {certificate}: {what}", "broker.certificate, broker.key and broker.client-ca are PEM files") from None
    return context


def renew(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """Let connections that come after have another certificate; raise UsageError where it cannot be used, and keep the one before."""
    server_context(certificate, key)
    context.load_cert_chain(certificate, key)


def make_certificate(folder: str, host: str) -> tuple[str, str, str]:
    """Make an authority and a certificate for ``host``, good for a week; return the paths of authority, certificate and key."""
    private_folder(folder)
    now = datetime.now(UTC)
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pipeline-guard serve --dev")])

    def build(subject: x509.Name, public: ec.EllipticCurvePublicKey, *, authority: bool) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(root).public_key(public)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(minutes=5)).not_valid_after(now + timedelta(days=7))
        return builder.add_extension(x509.BasicConstraints(authority, 0 if authority else None), critical=True)

    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    identifier = x509.SubjectKeyIdentifier.from_public_key(root_key.public_key())
    top = build(root, root_key.public_key(), authority=True).add_extension(usage, critical=True)
    top_certificate = top.add_extension(identifier, critical=False).sign(root_key, hashes.SHA256())
    try:
        name: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        name = x509.DNSName(host)
    own = build(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])]), key.public_key(), authority=False)
    own = own.add_extension(x509.SubjectAlternativeName([name, x509.DNSName("localhost")]), critical=False)
    own = own.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    own = own.add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
    own_certificate = own.sign(root_key, hashes.SHA256())
    paths = [str(Path(folder) / name) for name in ("authority.pem", "certificate.pem", "key.pem")]
    contents = (
        top_certificate.public_bytes(Encoding.PEM),
        own_certificate.public_bytes(Encoding.PEM),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )
    for path, content in zip(paths, contents, strict=True):
        write_private(path, content)
    return paths[0], paths[1], paths[2]
