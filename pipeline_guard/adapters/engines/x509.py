# SPDX-License-Identifier: Apache-2.0
"""An X.509 client certificate for the request that a job sends; the job's key never moves, and neither does the authority's.

Of the request only the public key counts, once its signature shows that the job holds the private half: what the certificate says is
configuration. Revoked certificates go into a CRL (RFC 5280) that the job's servers read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline_guard.adapters.engines.revocations import change
from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.model.dynamic import EngineKey, Made, Wish
from pipeline_guard.model.key import KeyType
from pipeline_guard.model.secret import Secret
from pipeline_guard.ports import Clock

_SKEW = timedelta(minutes=1)  # for servers whose clocks are a little behind
_LARGEST = 64 * 1024
_LIFE_OF_LIST = timedelta(days=7)
_RENEW = timedelta(days=6)  # a list is made anew when it has less than this to go
_FORGET = timedelta(hours=25)  # no lease, and so no certificate, lives longer
# the hash, and DER of the algorithm identifier: ecdsa-with-SHA256 1.2.840.10045.4.3.2, ecdsa-with-SHA384 1.2.840.10045.4.3.3
_HASHED = {
    KeyType.EC_P256: ("SHA256", bytes.fromhex("300a06082a8648ce3d040302")),
    KeyType.EC_P384: ("SHA384", bytes.fromhex("300a06082a8648ce3d040303")),
}


@dataclass(frozen=True, slots=True)
class X509Authority:
    """What its certificates say. Without a ``crl`` only time ends them."""

    clock: Clock
    key: Callable[[], EngineKey]
    certificate: str
    subject: str
    names: Sequence[str]
    crl: str

    def handle(self, wish: Wish) -> Secret:
        """Return the serial number, which is the lease's."""
        return Secret(wish.lease.encode("ascii"))

    def make(self, wish: Wish) -> Made:
        """Certify the public key of ``csr``. Raises UsageError where the job sent no sound request."""
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import Encoding
        from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

        public = _requested(wish.given.get("csr", ""))
        key = self.key()
        issuer = self._authority(key)
        now = self.clock.now()
        expires = min(wish.expires, issuer.not_valid_after_utc)
        if expires <= now:
            raise Unavailable("the authority's certificate has expired", f"make a new one for key {key.name}")
        builder = x509.CertificateBuilder().subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.subject)]))
        builder = builder.issuer_name(issuer.subject).serial_number(int(wish.lease, 16)).public_key(public)
        builder = builder.not_valid_before(max(now - _SKEW, issuer.not_valid_before_utc)).not_valid_after(expires)
        usage = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"), False
        )
        holder = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())
        for extension, critical in (
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (x509.KeyUsage(digital_signature=True, encipher_only=False, decipher_only=False, **usage), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), True),
            (x509.SubjectKeyIdentifier.from_public_key(public), False),
            (holder, False),
        ):
            builder = builder.add_extension(extension, critical)
        if self.names:
            alternatives = [x509.UniformResourceIdentifier(name) if "://" in name else x509.DNSName(name) for name in self.names]
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        made = x509.load_der_x509_certificate(_signed(builder, "tbs_certificate_bytes", key))
        made.verify_directly_issued_by(issuer)  # Defensive: what does not verify here must not leave
        if self.crl:
            change(self.crl, lambda before: self._renewed(before, key, issuer, now))
        chain = made.public_bytes(Encoding.PEM) + issuer.public_bytes(Encoding.PEM)
        about = f"certificate serial {wish.lease} for {self.subject}"
        return Made(Secret(chain), expires, Secret(wish.lease.encode("ascii")), revocable=bool(self.crl), about=about)

    def undo(self, handle: Secret) -> None:
        """Put the serial number into the CRL."""
        text = handle.reveal().decode("ascii", "replace")
        try:
            serial = int(text, 16)
        except ValueError:
            raise Unavailable("the handle of a certificate is no serial number") from None
        if not self.crl:
            return
        key = self.key()
        issuer, now = self._authority(key), self.clock.now()
        change(self.crl, lambda before: _listed(self._known(before, issuer), serial, key, issuer, now))

    def _renewed(self, before: bytes, key: EngineKey, issuer: Any, now: datetime) -> bytes | None:
        """Return a list that servers can go on with; None where the one there is fresh."""
        known = self._known(before, issuer)
        if known is not None and known.next_update_utc is not None and known.next_update_utc > now + _RENEW:
            return None
        return _listed(known, None, key, issuer, now)

    def _known(self, before: bytes, issuer: Any) -> Any:
        from cryptography import x509

        if not before:
            return None
        try:
            known = x509.load_pem_x509_crl(before)
            if known.is_signature_valid(issuer.public_key()):
                return known
        except (ValueError, TypeError):
            pass
        raise Unavailable("the CRL is not of this engine and its key", "name a file under crl that nobody else writes")

    def _authority(self, key: EngineKey) -> Any:
        """Return the authority's certificate; raise UsageError where it is not of the key, or may not sign."""
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

        if key.type not in _HASHED:
            raise UsageError(f"key {key.name} signs no certificates here: it is {key.type.value}", "use ec-p256 or ec-p384")
        try:
            with Path(self.certificate).open("rb") as stream:
                issuer = x509.load_pem_x509_certificate(stream.read(_LARGEST))
            constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        except OSError as error:
            raise UsageError(f"cannot read {self.certificate}: {(error.strerror or 'error').lower()}", "check certificate:") from None
        except (ValueError, x509.ExtensionNotFound):
            raise UsageError(f"{self.certificate}: no certificate of an authority", "it says CA:TRUE; check certificate:") from None
        form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        ours = load_pem_public_key(key.public_pem.encode("ascii")).public_bytes(*form)
        if not constraints.ca or issuer.public_key().public_bytes(*form) != ours:
            raise UsageError(f"{self.certificate}: no authority, or not of key {key.name}", "check key: and certificate:")
        return issuer


def _requested(pem: str) -> Any:
    """Return the public key of a request whose signature holds; raise UsageError for any other text."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    hint = "send a PKCS #10 request in PEM: openssl req -new -key FILE -subj /CN=job"
    if not pem or len(pem) > _LARGEST:
        raise UsageError("no certificate request was sent along, or one that is too large", hint)
    try:
        request = x509.load_pem_x509_csr(pem.encode("utf-8", "replace"))
        public = request.public_key()
        sound = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError("the certificate request that was sent along is malformed", hint) from None
    strong = isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name in ("secp256r1", "secp384r1", "secp521r1")
    strong = strong or isinstance(public, ed25519.Ed25519PublicKey)
    if not (strong or (isinstance(public, rsa.RSAPublicKey) and public.key_size >= 2048)):
        raise UsageError("the certificate request is for a kind of key that is not certified", "use P-256, Ed25519, or RSA from 2048 bits")
    if not sound:
        raise UsageError("the certificate request is not signed by the key it is for", hint)
    return public


def _listed(known: Any, serial: int | None, key: EngineKey, issuer: Any, now: datetime) -> bytes:
    """Return a CRL with what is listed and cannot have expired yet, and one serial number more."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    entries = {entry.serial_number: entry.revocation_date_utc for entry in known or ()}
    if serial is not None:
        entries.setdefault(serial, now)
    number = 1
    if known is not None:
        number = known.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number + 1
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.subject)
    builder = builder.last_update(now).next_update(now + _LIFE_OF_LIST)
    holder = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())
    builder = builder.add_extension(holder, critical=False).add_extension(x509.CRLNumber(number), critical=False)
    for listed, since in sorted(entries.items()):
        if since > now - _FORGET:
            entry = x509.RevokedCertificateBuilder().serial_number(listed).revocation_date(since.astimezone(UTC)).build()
            builder = builder.add_revoked_certificate(entry)
    return bytes(x509.load_der_x509_crl(_signed(builder, "tbs_certlist_bytes", key)).public_bytes(Encoding.PEM))


def _signed(builder: Any, part: str, key: EngineKey) -> bytes:
    """Return DER signed in the token. A key that everybody knows signs first, because the builder wants one; that signature is dropped."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    name, algorithm = _HASHED[key.type]
    curve: ec.EllipticCurve = ec.SECP256R1() if key.type is KeyType.EC_P256 else ec.SECP384R1()
    body = getattr(builder.sign(ec.derive_private_key(1, curve), getattr(hashes, name)()), part)
    return _tagged(0x30, body + algorithm + _tagged(0x03, b"\0" + key.sign(body)))


def _tagged(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(length)]) + length + content
