# SPDX-License-Identifier: Apache-2.0
"""Chains of a private authority, made by cryptography's own builder: what leads to a root, and every way not to."""

from __future__ import annotations

import warnings
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pipeline_guard.errors import IntegrityError
from pipeline_guard.model.signature import NotVerified, SignatureVerdict
from pipeline_guard.sign.certificate import (
    CODE_SIGNING,
    TIME_STAMPING,
    Expected,
    check_chain,
    check_identity,
    identities,
    key_of,
    load_certificate,
    oidc_issuers,
)
from pipeline_guard.sign.der import UTF8_STRING, write
from pipeline_guard.sign.trusted_root import Authority, Period
from tests.fakes.trust import NOW

CODE, TIME = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
SIGNS = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
CERTIFIES = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
CA = x509.BasicConstraints(ca=True, path_length=None)


class Party:
    """A key with a certificate."""

    def __init__(self, name: str, issuer: Party | None = None, *extensions: Any, key: Any = None, **changes: Any) -> None:
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        above = issuer or self
        start, end = changes.get("start", NOW - timedelta(days=1)), changes.get("end", NOW + timedelta(days=1))
        builder = x509.CertificateBuilder().subject_name(self.name).issuer_name(above.name).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(start).not_valid_after(end).public_key(self.key.public_key())
        for extension in extensions:
            value, critical = extension if isinstance(extension, tuple) else (extension, True)
            builder = builder.add_extension(value, critical)
        algorithm = None if isinstance(above.key, ed25519.Ed25519PrivateKey) else changes.get("algorithm", hashes.SHA256())
        self.certificate = builder.sign(above.key, algorithm)


ROOT = Party("root", None, CA, CERTIFIES)
NAMED = (x509.SubjectAlternativeName([x509.RFC822Name("ada@example.org"), x509.DNSName("host.example")]), False)


def issuer_of(leaf: Party, *others: Party, root: Party = ROOT, time: datetime = NOW, purpose: str = CODE_SIGNING) -> x509.Certificate:
    authority = Authority("root", (root.certificate,))
    path = check_chain(leaf.certificate, [other.certificate for other in others], [authority], time, purpose=purpose, name="b")
    assert (path[0], path[-1]) == (leaf.certificate, root.certificate)
    return path[1]


def refused(leaf: Party, *others: Party, **changes: Any) -> str:
    with pytest.raises(IntegrityError) as caught:
        issuer_of(leaf, *others, **changes)
    assert caught.value.hint
    return caught.value.what


def test_a_leaf_of_the_root_and_of_an_authority_between_are_accepted() -> None:
    assert issuer_of(Party("leaf", ROOT, SIGNS, CODE)) == ROOT.certificate
    between = Party("between", ROOT, CA, CERTIFIES, CODE)
    lower = Party("lower", between, x509.BasicConstraints(ca=True, path_length=0), CERTIFIES)
    leaf = Party("leaf", lower, SIGNS, (CODE, False), NAMED)
    assert issuer_of(leaf, between, lower) == lower.certificate
    assert issuer_of(leaf, lower, between, Party("stranger", None, CA, CERTIFIES)) == lower.certificate
    assert "leads to no authority" in refused(leaf, lower)
    assert "leads to no authority" in refused(leaf)


@pytest.mark.parametrize(
    "key", [ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())]
)
def test_roots_and_leaves_of_other_kinds_are_accepted(key: Any) -> None:
    root = Party("root", None, CA, CERTIFIES, key=key)
    leaf = Party("leaf", root, SIGNS, CODE, key=key)
    assert issuer_of(leaf, root=root) == root.certificate
    assert key_of(leaf.certificate, "b").type in ("ed25519", "rsa-2048", "ec-p384")


LEAVES: dict[str, tuple[Any, ...]] = {
    "not for digital signatures": (CERTIFIES, CODE),
    "not for digital": (CODE,),
    "not for signing code": (SIGNS, TIME),
    "is not for signing code": (SIGNS,),
    "an authority's": (SIGNS, CODE, CA),
    "critical extensions": (SIGNS, CODE, x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\0")),
    "that are not understood": (SIGNS, CODE, x509.PrecertPoison()),
}


@pytest.mark.parametrize("reason", LEAVES)
def test_a_leaf_for_something_else_is_refused(reason: str) -> None:
    assert reason in refused(Party("leaf", ROOT, *LEAVES[reason]))


def test_any_purpose_is_none_for_a_leaf() -> None:
    assert "not for signing code" in refused(
        Party("leaf", ROOT, SIGNS, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]))
    )
    assert "not for timestamps" in refused(Party("leaf", ROOT, SIGNS, CODE), purpose=TIME_STAMPING)


BETWEEN: dict[str, tuple[Any, ...]] = {
    "no authority": (SIGNS, CODE),
    "not marked as one": (CERTIFIES,),
    "says it is none": (x509.BasicConstraints(ca=False, path_length=None), CERTIFIES),
    "may not sign certificates": (CA, SIGNS),
    "no key usage": (CA,),
    "another purpose": (CA, CERTIFIES, TIME),
    "limited names": (CA, CERTIFIES, x509.NameConstraints([x509.DNSName("example.org")], None)),
    "limited names, by the way": (CA, CERTIFIES, (x509.NameConstraints([x509.DNSName("example.org")], None), False)),
    "strange": (CA, CERTIFIES, x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\0")),
}


@pytest.mark.parametrize("extensions", BETWEEN.values(), ids=BETWEEN)
def test_whoever_may_not_issue_does_not_count_between(extensions: tuple[Any, ...]) -> None:
    between = Party("between", ROOT, *extensions)
    assert "leads to no authority" in refused(Party("leaf", between, SIGNS, CODE), between)


@pytest.mark.parametrize("extensions", BETWEEN.values(), ids=BETWEEN)
def test_whoever_may_not_issue_does_not_count_as_a_root(extensions: tuple[Any, ...]) -> None:
    root = Party("root", None, *extensions)
    assert "leads to no authority" in refused(Party("leaf", root, SIGNS, CODE), root=root)


def test_a_path_that_is_too_long_is_refused() -> None:
    root = Party("root", None, x509.BasicConstraints(ca=True, path_length=0), CERTIFIES)
    between = Party("between", root, CA, CERTIFIES)
    assert issuer_of(Party("leaf", root, SIGNS, CODE), root=root)
    assert "leads to no authority" in refused(Party("leaf", between, SIGNS, CODE), between, root=root)
    chain = [ROOT]
    for number in range(7):
        chain.append(Party(f"between {number}", chain[-1], CA, CERTIFIES))
    assert "leads to no authority" in refused(Party("leaf", chain[-1], SIGNS, CODE), *chain[1:])


def test_authorities_that_certify_each_other_end() -> None:
    first, second = Party("first", None, CA, CERTIFIES), Party("second", None, CA, CERTIFIES)
    crossed = [Party("first", second, CA, CERTIFIES, key=first.key), Party("second", first, CA, CERTIFIES, key=second.key)]
    assert "leads to no authority" in refused(Party("leaf", first, SIGNS, CODE), *crossed, first, second)


def test_a_weak_hash_makes_no_chain() -> None:
    assert "leads to no authority" in refused(Party("leaf", ROOT, SIGNS, CODE, algorithm=hashes.SHA224()))


def test_a_name_alone_makes_no_issuer() -> None:
    impostor = Party("root", None, CA, CERTIFIES)
    assert "leads to no authority" in refused(Party("leaf", impostor, SIGNS, CODE), impostor)


def test_every_certificate_must_be_valid_at_the_time() -> None:
    short = dict(start=NOW - timedelta(hours=1), end=NOW + timedelta(hours=1))
    between = Party("between", ROOT, CA, CERTIFIES, **short)
    leaf = Party("leaf", between, SIGNS, CODE)
    assert issuer_of(leaf, between)
    for time in (NOW - timedelta(hours=2), NOW + timedelta(hours=2)):
        assert "leads to no authority" in refused(leaf, between, time=time)
    with pytest.raises(NotVerified) as caught:
        issuer_of(Party("leaf", ROOT, SIGNS, CODE, **short), time=NOW + timedelta(hours=2))
    assert caught.value.verdict is SignatureVerdict.EXPIRED


def test_an_authority_counts_only_in_its_period() -> None:
    leaf = Party("leaf", ROOT, SIGNS, CODE).certificate
    over = Authority("root", (ROOT.certificate,), Period(None, NOW - timedelta(seconds=1)))
    with pytest.raises(NotVerified):
        check_chain(leaf, [], [over], NOW, purpose=CODE_SIGNING, name="b")
    assert check_chain(leaf, [], [over, Authority("root", (ROOT.certificate,))], NOW, purpose=CODE_SIGNING, name="b")


def test_names_of_every_kind_are_identities_and_compare_exactly() -> None:
    username = x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.7"), write(UTF8_STRING, b"foo!oidc.local"))
    other = x509.OtherName(x509.ObjectIdentifier("1.2.3"), write(UTF8_STRING, b"other"))
    uri = x509.UniformResourceIdentifier("https://forge.example/x")
    leaf = Party("leaf", ROOT, x509.SubjectAlternativeName([username, other, uri, x509.DirectoryName(ROOT.name)])).certificate
    assert identities(leaf) == ["foo!oidc.local", "https://forge.example/x"]
    check_identity(leaf, Expected("foo!oidc.local", ""), "b")
    for wrong in ("foo", "other", "", "https://forge.example/X", "CN=root"):
        with pytest.raises(NotVerified, match=r"signed by foo!oidc\.local, https"):
            check_identity(leaf, Expected(wrong, ""), "b")
    with pytest.raises(NotVerified, match="signed by nobody"):
        check_identity(Party("leaf", ROOT).certificate, Expected("x", ""), "b")
    with pytest.raises(NotVerified, match="confirmed by nobody"):
        check_identity(leaf, Expected("foo!oidc.local", "https://issuer"), "b")


def issued(*values: tuple[int, bytes]) -> x509.Certificate:
    extensions = [(x509.UnrecognizedExtension(x509.ObjectIdentifier(f"1.3.6.1.4.1.57264.1.{arc}"), value), False) for arc, value in values]
    return Party("leaf", ROOT, (x509.SubjectAlternativeName([x509.RFC822Name("a@b.c")]), True), *extensions).certificate


def test_both_forms_of_the_issuer_must_say_the_same() -> None:
    new = write(UTF8_STRING, b"https://i")
    for certificate in (issued((1, b"https://i")), issued((8, new)), issued((1, b"https://i"), (8, new))):
        assert oidc_issuers(certificate, "b") == {"https://i"}
        check_identity(certificate, Expected("a@b.c", "https://i"), "b")
    with pytest.raises(NotVerified, match="https://evil, https://i"):
        check_identity(issued((1, b"https://evil"), (8, new)), Expected("a@b.c", "https://i"), "b")
    for wrong in (b"https://i", b"", new + b"\0", b"\x0c\x05abc"):
        with pytest.raises(IntegrityError, match="cannot be read"):
            check_identity(issued((8, wrong)), Expected("a@b.c", "https://i"), "b")


def test_what_is_no_certificate_is_refused() -> None:
    der = Party("leaf", ROOT, SIGNS).certificate.public_bytes(Encoding.DER)
    assert load_certificate(der, "b")
    for wrong in (b"", b"x", der[:-1], der + b"\0", b"\x30\x80" + der[4:], b"\x30\x84\xff\xff\xff\xff" + der[4:]):
        with pytest.raises(IntegrityError, match="cannot be read"):
            load_certificate(wrong, "b")


def test_a_short_rsa_key_is_refused() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        short = Party("leaf", ROOT, SIGNS, CODE, key=rsa.generate_private_key(65537, 1024)).certificate
    with pytest.raises(IntegrityError, match="kind that cannot judge"):
        key_of(short, "b")
