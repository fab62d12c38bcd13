# SPDX-License-Identifier: Apache-2.0
"""Bundles with certificates of every version: what verifies, and that every single step can refuse."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from pipeline_guard.errors import IntegrityError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.signature import NotVerified, SignatureVerdict
from pipeline_guard.model.subject import Subject
from pipeline_guard.sign.certificate import Expected
from pipeline_guard.sign.certified import _subject, verify_certified
from pipeline_guard.sign.dsse import pae
from pipeline_guard.sign.statement import BLOB, blob_payload
from pipeline_guard.sign.trust_documents import blob_content, statement_content, write_certified
from pipeline_guard.sign.trusted_root import TrustedRoot, read_trusted_root
from tests.fakes.trust import IDENTITY, ISSUER, LATEST, NOW, V1, V2, V3, Key, PrivateTrust

TRUST = PrivateTrust()
ROOT = read_trusted_root(TRUST.root_bytes(), "root")
EXPECTED = Expected(IDENTITY, ISSUER)
CONTENT = b"hello\n"
PAYLOAD = blob_payload([Subject("hello.txt", Digest.sha256(CONTENT))])
VECTORS = Path(__file__).parents[2] / "vectors" / "sign" / "certified"
KINDS = [
    {"payload": PAYLOAD, "version": LATEST, "rekor": "v2"},
    {"payload": PAYLOAD, "version": V3, "rekor": "v2"},
    {"payload": PAYLOAD, "version": LATEST, "rekor": "dsse"},
    {"payload": PAYLOAD, "version": LATEST, "rekor": "hashedrekord"},
    {"payload": PAYLOAD, "version": V2, "rekor": "dsse", "stamped": False},
    {"payload": PAYLOAD, "version": V2, "rekor": "intoto", "stamped": False},
    {"payload": PAYLOAD, "version": V1, "rekor": "intoto-promise", "stamped": False},
    {"blob": CONTENT, "version": LATEST, "rekor": "v2"},
    {"blob": CONTENT, "version": V2, "rekor": "hashedrekord"},
    {"blob": CONTENT, "version": V1, "rekor": "hashedrekord-promise", "stamped": False},
]


def refused(bundle: bytes, root: TrustedRoot = ROOT, expected: Expected = EXPECTED, denied: frozenset[str] = frozenset()) -> str:
    with pytest.raises(IntegrityError) as caught:
        verify_certified(bundle, root, expected, "b", denied)
    assert caught.value.hint
    return caught.value.what


def verdict(
    bundle: bytes, root: TrustedRoot = ROOT, expected: Expected = EXPECTED, denied: frozenset[str] = frozenset()
) -> SignatureVerdict:
    with pytest.raises(NotVerified) as caught:
        verify_certified(bundle, root, expected, "b", denied)
    return caught.value.verdict


def edited(bundle: bytes, edit: Callable[[Any], None]) -> bytes:
    document = json.loads(bundle)
    edit(document)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "kind", KINDS, ids=lambda kind: "-".join(str(value)[-8:] for value in kind.values() if not isinstance(value, bytes))
)
def test_every_version_with_every_log_verifies(kind: dict[str, Any]) -> None:
    statement = verify_certified(TRUST.bundle(**kind), ROOT, EXPECTED, "b")
    assert [subject.digest for subject in statement.subjects] == [Digest.sha256(CONTENT)]
    assert statement.predicate_type == BLOB
    judgement = statement.judgement
    assert judgement.verdict is SignatureVerdict.VALID
    assert (judgement.by.identity, judgement.by.issuer, judgement.by.key_type) == (IDENTITY, ISSUER, "ec-p256")
    assert judgement.time
    assert judgement.time.time == NOW


def test_old_bundles_verify_for_ever() -> None:
    root = read_trusted_root((VECTORS / "trusted_root.json").read_bytes(), "root")
    assert read_trusted_root((VECTORS / "client_trust_config.json").read_bytes(), "config") == root
    bundles = sorted(VECTORS.glob("*.sigstore.json"))
    assert len(bundles) == 7
    for path in bundles:
        statement = verify_certified(path.read_bytes(), root, EXPECTED, path.name)
        assert statement.subjects[0].digest == Digest.sha256((VECTORS / "hello.txt").read_bytes())


@pytest.mark.parametrize(
    ("expected", "reason"),
    [
        (Expected(IDENTITY + "x", ISSUER), "not by https://forge.example/group/project//.gitlab-ci.yml@refs/heads/mainx"),
        (Expected(IDENTITY.upper(), ISSUER), "signed by"),
        (Expected(IDENTITY[:-1], ISSUER), "signed by"),
        (Expected(IDENTITY, ISSUER + "/"), "confirmed by https://forge.example, not by https://forge.example/"),
    ],
)
def test_another_identity_is_refused_and_both_are_named(expected: Expected, reason: str) -> None:
    bundle = TRUST.bundle(payload=PAYLOAD)
    assert reason in refused(bundle, expected=expected)
    assert verdict(bundle, expected=expected) is SignatureVerdict.NOT_BY_POLICY


def test_another_root_is_refused() -> None:
    other = PrivateTrust()
    assert (
        verdict(
            TRUST.bundle(payload=PAYLOAD),
            read_trusted_root(TRUST.root_bytes(certificateAuthorities=other.trusted_root["certificateAuthorities"]), "r"),
        )
        is SignatureVerdict.UNKNOWN_KEY
    )
    for part in ("tlogs", "ctlogs", "timestampAuthorities"):
        assert refused(TRUST.bundle(payload=PAYLOAD), read_trusted_root(TRUST.root_bytes(**{part: other.trusted_root[part]}), "r"))


def test_without_a_proven_time_nothing_counts() -> None:
    assert verdict(TRUST.bundle(payload=PAYLOAD, stamped=False)) is SignatureVerdict.UNTIMESTAMPED
    no_authority = read_trusted_root(TRUST.root_bytes(timestampAuthorities=[]), "r")
    assert verdict(TRUST.bundle(payload=PAYLOAD), no_authority) is SignatureVerdict.UNTIMESTAMPED


def test_a_root_without_logs_asks_for_no_entry() -> None:
    bundle = edited(TRUST.bundle(payload=PAYLOAD), lambda document: document["verificationMaterial"].update(tlogEntries=[]))
    assert "no entry of a signature log" in refused(bundle)
    assert verify_certified(bundle, read_trusted_root(TRUST.root_bytes(tlogs=[]), "r"), EXPECTED, "b")


def test_a_revoked_certificate_is_refused() -> None:
    bundle = TRUST.bundle(payload=PAYLOAD)
    der = base64.b64decode(json.loads(bundle)["verificationMaterial"]["certificate"]["rawBytes"])
    serial = f"{x509.load_der_x509_certificate(der).serial_number:x}"
    assert verdict(bundle, denied=frozenset({serial})) is SignatureVerdict.REVOKED
    assert verdict(bundle, denied=frozenset({hashlib.sha256(der).hexdigest()})) is SignatureVerdict.REVOKED
    assert verify_certified(bundle, ROOT, EXPECTED, "b", frozenset({"0" + serial}))


@pytest.mark.parametrize(("minutes", "expected"), [(11, SignatureVerdict.EXPIRED), (-2, SignatureVerdict.NOT_YET_VALID)])
def test_a_signature_outside_its_certificates_life_is_refused(minutes: int, expected: SignatureVerdict) -> None:
    signer = Key()
    certificate, signature = TRUST.certificate(signer), signer.sign(pae(PAYLOAD))
    entry = TRUST.entry("v2", pae(PAYLOAD), PAYLOAD, signature, certificate)
    late = TRUST.stamp(signature, NOW + timedelta(minutes=minutes))
    assert verdict(write_certified(statement_content(PAYLOAD, signature), certificate, [entry], [late])) is expected
    # one good time beside it does not help: a certificate must have been valid at each
    both = [TRUST.stamp(signature), late]
    assert verdict(write_certified(statement_content(PAYLOAD, signature), certificate, [entry], both)) is expected


def test_a_timestamp_of_another_signature_is_refused() -> None:
    signer = Key()
    certificate, signature = TRUST.certificate(signer), signer.sign(pae(PAYLOAD))
    entry = TRUST.entry("v2", pae(PAYLOAD), PAYLOAD, signature, certificate)
    content = statement_content(PAYLOAD, signature)
    assert "not of this signature" in refused(write_certified(content, certificate, [entry], [TRUST.stamp(b"other")]))


def test_a_log_entry_of_another_signature_is_refused() -> None:
    for rekor in ("v2", "dsse", "intoto", "hashedrekord"):
        signer = Key()
        certificate, signature = TRUST.certificate(signer), signer.sign(pae(PAYLOAD))
        content, stamps = statement_content(PAYLOAD, signature), [TRUST.stamp(signature)]
        other = Key()
        for entry in (
            TRUST.entry(rekor, pae(PAYLOAD), PAYLOAD, other.sign(pae(PAYLOAD)), certificate),
            TRUST.entry(rekor, pae(PAYLOAD), PAYLOAD, signature, TRUST.certificate(other)),
            TRUST.entry(rekor, pae(PAYLOAD + b" "), PAYLOAD + b" ", signature, certificate),
        ):
            assert "another signature" in refused(write_certified(content, certificate, [entry], stamps)), rekor


def test_a_signature_by_another_key_is_refused() -> None:
    signer, other = Key(), Key()
    for payload, blob in ((PAYLOAD, b""), (b"", CONTENT)):
        message = pae(payload) if payload else blob
        certificate, signature = TRUST.certificate(signer), other.sign(message)
        entry = TRUST.entry("v2", message, payload, signature, certificate)
        digest = hashlib.sha256(message).digest()
        content = statement_content(payload, signature) if payload else blob_content(digest, signature)
        assert "does not verify" in refused(write_certified(content, certificate, [entry], [TRUST.stamp(signature)]))


def test_a_receipt_for_another_certificate_is_refused() -> None:
    other = PrivateTrust()
    other.ca, other.root = TRUST.ca, TRUST.root
    other.tsa, other.tsa_certificate, other.log = TRUST.tsa, TRUST.tsa_certificate, TRUST.log
    assert "no trusted certificate log" in refused(other.bundle(payload=PAYLOAD))
    assert verify_certified(other.bundle(payload=PAYLOAD), read_trusted_root(TRUST.root_bytes(ctlogs=[]), "r"), EXPECTED, "b")


def test_a_certificate_of_an_authority_is_none_of_a_signer() -> None:
    def swap(certificate: bytes) -> Callable[[Any], None]:
        return lambda document: document["verificationMaterial"]["certificate"].update(rawBytes=base64.b64encode(certificate).decode())

    # the log entry names the certificate: the first refusal wins
    for certificate in (TRUST.root, TRUST.tsa_certificate):
        assert refused(edited(TRUST.bundle(payload=PAYLOAD), swap(certificate)))
        no_logs = read_trusted_root(TRUST.root_bytes(tlogs=[], ctlogs=[]), "r")
        assert "authority's" in refused(edited(TRUST.bundle(payload=PAYLOAD), swap(TRUST.root)), no_logs)
        assert "not for signing code" in refused(edited(TRUST.bundle(payload=PAYLOAD), swap(TRUST.tsa_certificate)), no_logs)


def test_an_unlucky_mixture_is_refused() -> None:
    bundle = json.loads(TRUST.bundle(payload=PAYLOAD))
    blob = json.loads(TRUST.bundle(blob=CONTENT))
    mixed = copy.deepcopy(bundle)
    mixed["messageSignature"] = blob["messageSignature"]
    assert "one statement or one signature" in refused(json.dumps(mixed).encode())
    for version in (V1, V2):
        assert refused(json.dumps({**bundle, "mediaType": version + "x"}).encode())


def test_many_timestamps_and_twice_the_same_are_refused() -> None:
    def doubled(document: Any) -> None:
        stamps = document["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
        stamps.append(stamps[0])

    assert "twice" in refused(edited(TRUST.bundle(payload=PAYLOAD), doubled))
    signer = Key()
    certificate, signature = TRUST.certificate(signer), signer.sign(pae(PAYLOAD))
    many = [TRUST.stamp(signature) for _ in range(33)]
    assert "at most 32" in refused(write_certified(statement_content(PAYLOAD, signature), certificate, [], many))


def test_a_mail_address_is_an_identity() -> None:
    signer = Key()
    certificate = TRUST.certificate(signer, "ada@example.org", "https://accounts.example")
    signature = signer.sign(pae(PAYLOAD))
    entry = TRUST.entry("v2", pae(PAYLOAD), PAYLOAD, signature, certificate)
    bundle = write_certified(statement_content(PAYLOAD, signature), certificate, [entry], [TRUST.stamp(signature)])
    assert verify_certified(bundle, ROOT, Expected("ada@example.org", "https://accounts.example"), "b")
    assert verdict(bundle) is SignatureVerdict.NOT_BY_POLICY


def test_an_authority_outside_its_period_is_refused() -> None:
    for period in ({"start": "2026-11-25T00:00:00Z"}, {"start": "2020-01-01T00:00:00Z", "end": "2026-11-24T11:59:59Z"}):
        authorities = [{**TRUST.trusted_root["certificateAuthorities"][0], "validFor": period}]
        assert verdict(TRUST.bundle(payload=PAYLOAD), read_trusted_root(TRUST.root_bytes(certificateAuthorities=authorities), "r"))
        stamps = [{**TRUST.trusted_root["timestampAuthorities"][0], "validFor": period}]
        root = read_trusted_root(TRUST.root_bytes(timestampAuthorities=stamps), "r")
        assert verdict(TRUST.bundle(payload=PAYLOAD), root) is SignatureVerdict.UNTIMESTAMPED


def test_a_time_long_ago_is_no_time_now() -> None:
    long_ago = PrivateTrust(datetime(2020, 1, 1, tzinfo=UTC))
    root = read_trusted_root(long_ago.root_bytes(), "r")
    statement = verify_certified(long_ago.bundle(payload=PAYLOAD), root, EXPECTED, "b")
    assert statement.judgement.time
    assert statement.judgement.time.time.year == 2020


def test_a_weak_curve_in_a_certificate_is_refused() -> None:
    signer = Key()
    signer.private = ec.generate_private_key(ec.SECP224R1())
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from pipeline_guard.sign.issuance import Holder

    signer.holder = Holder(signer.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), signer.sign)
    certificate, signature = TRUST.certificate(signer), signer.sign(pae(PAYLOAD))
    entry = TRUST.entry("v2", pae(PAYLOAD), PAYLOAD, signature, certificate)
    assert "kind that cannot judge" in refused(
        write_certified(statement_content(PAYLOAD, signature), certificate, [entry], [TRUST.stamp(signature)])
    )


def test_a_root_with_an_irregular_name_is_told_without_a_warning() -> None:
    key = Key()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        name = x509.Name([x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "USA", _validate=False)])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1).public_key(key.private.public_key())
    builder = builder.not_valid_before(NOW - timedelta(days=1)).not_valid_after(NOW + timedelta(days=1))
    found = x509.load_der_x509_certificate(builder.sign(key.private, hashes.SHA256()).public_bytes(Encoding.DER))
    assert _subject(found) == "C=USA"
