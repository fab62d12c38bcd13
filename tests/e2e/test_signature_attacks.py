# SPDX-License-Identifier: Apache-2.0
"""Attacks on verify and sign, one function each, as a person would meet them: files in a folder, one command, one line, one exit code.

Each says with which verdict it must end; beside every kind of attack stands a good neighbour that must be accepted.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import unicodedata
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pipeline_guard.sign.dsse import PAYLOAD_TYPE, pae
from pipeline_guard.sign.timestamp_token import TimestampSigner, stamp
from pipeline_guard.sign.transparency import Checkpoint, write_checkpoint, write_note
from pipeline_guard.sign.trust_documents import statement_content, write_certified
from tests.e2e.attacking import told
from tests.fakes.trust import IDENTITY, ISSUER, LATEST, NOW, ORIGIN, V1, V3, Key, PrivateTrust, b64

BLOB = "https://sigstore.dev/cosign/sign/v1"
MODEL = "https://model_signing/signature/v1.0"
CONTENT = b"built by us\n"
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256
BUNDLE = "app.bin.sigstore.json"
BARE = ["verify", "app.bin", "--key", "key.pem"]
CERTIFIED = [
    "verify", "app.bin", "--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER, "--trusted-root", "root.json",
]  # fmt: skip
FOLDER = ["verify", "model", "--key", "key.pem"]
POLICY = ["verify", "app.bin", "--policy", "policy.yml"]


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def pem(public: Any) -> bytes:
    found: bytes = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return found


class Yard:
    """A folder with a file, a signer's key, a private trust root, and the means to sign what no honest signer would."""

    trust = PrivateTrust()

    def __init__(self) -> None:
        self.key = Key()
        Path("app.bin").write_bytes(CONTENT)
        Path("key.pem").write_bytes(pem(self.key.private.public_key()))
        Path("root.json").write_bytes(self.trust.root_bytes())

    def statement(self, **changes: Any) -> dict[str, Any]:
        subject = [{"name": "app.bin", "digest": {"sha256": sha(CONTENT)}}]
        return {"_type": "https://in-toto.io/Statement/v1", "subject": subject, "predicateType": BLOB, "predicate": {}, **changes}

    def payload(self, **changes: Any) -> bytes:
        return json.dumps(self.statement(**changes)).encode()

    def bundle(self, payload: bytes | None = None, signature: bytes | None = None, **changes: Any) -> dict[str, Any]:
        payload = self.payload() if payload is None else payload
        signature = self.key.sign(pae(payload)) if signature is None else signature
        found: dict[str, Any] = {
            "mediaType": LATEST,
            "verificationMaterial": {"publicKey": {"hint": ""}, "tlogEntries": []},
            "dsseEnvelope": {"payload": b64(payload), "payloadType": PAYLOAD_TYPE, "signatures": [{"sig": b64(signature), "keyid": ""}]},
        }
        return found | changes

    def put(self, bundle: dict[str, Any] | bytes | None = None, place: str = BUNDLE) -> None:
        bundle = self.bundle() if bundle is None else bundle
        Path(place).write_bytes(bundle if isinstance(bundle, bytes) else json.dumps(bundle).encode())

    def certified(self, payload: bytes | None = None, **changes: Any) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.trust.bundle(payload=payload or self.payload(), **changes))
        return found

    def by(self, certificate: bytes, signer: Key, **changes: Any) -> bytes:
        """Sign the usual statement under a certificate of one's own, logged and stamped as it should be."""
        payload = changes.get("payload", self.payload())
        signature = signer.sign(pae(payload))
        entry = self.trust.entry("v2", pae(payload), payload, signature, certificate)
        return write_certified(statement_content(payload, signature), certificate, [entry], [self.trust.stamp(signature)], LATEST)

    def model(self, files: dict[str, bytes], **changes: Any) -> None:
        """Make a model folder and sign it, with a list that may say anything."""
        for name, content in files.items():
            path = Path("model") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        listed = changes.pop("listed", [(name, sha(content)) for name, content in sorted(files.items())])
        resources = changes.pop("resources", [{"name": name, "digest": digest, "algorithm": "sha256"} for name, digest in listed])
        root = hashlib.sha256(b"".join(bytes.fromhex(each["digest"]) for each in resources)).hexdigest()
        serialization = {"method": "files", "hash_type": "sha256", "allow_symlinks": False, "ignore_paths": ["model.sig"]}
        serialization |= changes.pop("serialization", {})
        predicate = {"resources": resources, "serialization": serialization, **changes.pop("predicate", {})}
        subject = [{"name": "model", "digest": {"sha256": changes.pop("root", root)}}]
        Path("model").mkdir(exist_ok=True)
        self.put(self.bundle(self.payload(subject=subject, predicateType=MODEL, predicate=predicate)), "model/model.sig")


Deed = Callable[[Yard], "list[str] | None"]
ATTACKS: list[tuple[str, list[str], Deed]] = []
GOOD: list[tuple[list[str], Deed]] = []


def attack(verdict: str, words: list[str] = BARE) -> Callable[[Deed], Deed]:
    """Register an attack that must end with ``verdict``; "usage" for an error on standard error, "nothing" for exit code 3."""

    def register(deed: Deed) -> Deed:
        ATTACKS.append((verdict, words, deed))
        return deed

    return register


def good(words: list[str] = BARE) -> Callable[[Deed], Deed]:
    """Register a good neighbour, which must be accepted."""

    def register(deed: Deed) -> Deed:
        GOOD.append((words, deed))
        return deed

    return register


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Yard:
    monkeypatch.chdir(tmp_path)
    return Yard()


# --- the envelope


@good()
def an_honest_bundle(yard: Yard) -> None:
    yard.put()


@good()
def a_bundle_without_key_id_and_with_a_final_newline(yard: Yard) -> None:
    bundle = yard.bundle()
    del bundle["dsseEnvelope"]["signatures"][0]["keyid"]
    yard.put(json.dumps(bundle, indent=1).encode() + b"\n")


@attack("tampered")
def payload_swapped(yard: Yard) -> None:
    bundle = yard.bundle()
    bundle["dsseEnvelope"]["payload"] = b64(yard.payload(predicate={"more": 1}))
    yard.put(bundle)


@attack("tampered")
def envelope_swapped_with_a_blobs_signature(yard: Yard) -> None:
    bundle = yard.bundle()
    signature = yard.key.sign(CONTENT)
    bundle["messageSignature"] = {"messageDigest": {"algorithm": "SHA2_256", "digest": b64(bytes(32))}, "signature": b64(signature)}
    del bundle["dsseEnvelope"]
    yard.put(bundle)


@attack("tampered")
def both_kinds_of_content(yard: Yard) -> None:
    digest = {"algorithm": "SHA2_256", "digest": b64(hashlib.sha256(CONTENT).digest())}
    yard.put(yard.bundle(messageSignature={"messageDigest": digest, "signature": b64(yard.key.sign(CONTENT))}))


@good()
def a_blobs_signature(yard: Yard) -> None:
    digest = {"algorithm": "SHA2_256", "digest": b64(hashlib.sha256(CONTENT).digest())}
    bundle = yard.bundle(messageSignature={"messageDigest": digest, "signature": b64(yard.key.sign(CONTENT))})
    del bundle["dsseEnvelope"]
    yard.put(bundle)


@attack("tampered")
def blob_digest_of_the_subject_over_a_signature_of_other_bytes(yard: Yard) -> None:
    digest = {"algorithm": "SHA2_256", "digest": b64(hashlib.sha256(CONTENT).digest())}
    bundle = yard.bundle(messageSignature={"messageDigest": digest, "signature": b64(yard.key.sign(b"other"))})
    del bundle["dsseEnvelope"]
    yard.put(bundle)


@attack("tampered")
def two_signatures_the_first_genuine(yard: Yard) -> None:
    bundle = yard.bundle()
    bundle["dsseEnvelope"]["signatures"].append({"sig": b64(Key().sign(b"x")), "keyid": ""})
    yard.put(bundle)


@attack("tampered")
def the_same_signature_twice(yard: Yard) -> None:
    bundle = yard.bundle()
    bundle["dsseEnvelope"]["signatures"] *= 2
    yard.put(bundle)


@attack("tampered")
def no_signature_at_all(yard: Yard) -> None:
    bundle = yard.bundle()
    bundle["dsseEnvelope"]["signatures"] = []
    yard.put(bundle)


@attack("tampered")
def empty_signature(yard: Yard) -> None:
    yard.put(yard.bundle(signature=b""))


@attack("tampered")
def signature_is_null(yard: Yard) -> None:
    bundle = yard.bundle()
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = None
    yard.put(bundle)


@attack("tampered")
def another_payload_type(yard: Yard) -> None:
    payload = yard.payload()
    kind = "application/json"
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
    bundle = yard.bundle(payload, yard.key.sign(signed))
    bundle["dsseEnvelope"]["payloadType"] = kind
    yard.put(bundle)


@attack("tampered")
def payload_type_in_other_case(yard: Yard) -> None:
    bundle = yard.bundle()
    bundle["dsseEnvelope"]["payloadType"] = PAYLOAD_TYPE.upper()
    yard.put(bundle)


@attack("tampered")
def signature_over_the_payload_without_its_type(yard: Yard) -> None:
    payload = yard.payload()
    yard.put(yard.bundle(payload, yard.key.sign(payload)))


@attack("tampered")
def signature_over_the_encoded_payload(yard: Yard) -> None:
    payload = yard.payload()
    yard.put(yard.bundle(payload, yard.key.sign(pae(base64.b64encode(payload)))))


@attack("tampered")
def keyid_that_names_the_key(yard: Yard) -> None:
    bundle = yard.bundle()
    bundle["dsseEnvelope"]["signatures"][0]["keyid"] = sha(Path("key.pem").read_bytes())
    yard.put(bundle)


@attack("unknown-key")
def hint_of_another_key(yard: Yard) -> None:
    bundle = yard.bundle()
    bundle["verificationMaterial"]["publicKey"]["hint"] = "0" * 64
    yard.put(bundle)


@attack("tampered")
def signed_by_another_key_under_no_hint(yard: Yard) -> None:
    payload = yard.payload()
    yard.put(yard.bundle(payload, Key().sign(pae(payload))))


@attack("tampered")
def public_key_beside_the_hint(yard: Yard) -> None:
    other = Key()
    payload = yard.payload()
    bundle = yard.bundle(payload, other.sign(pae(payload)))
    bundle["verificationMaterial"]["publicKey"] = {"hint": "", "rawBytes": b64(other.holder.public)}
    yard.put(bundle)


@attack("unknown-key")
def a_certificate_instead_of_the_key(yard: Yard) -> None:
    yard.put(yard.certified())


@attack("tampered")
def neither_key_nor_certificate(yard: Yard) -> None:
    bundle = yard.bundle()
    bundle["verificationMaterial"] = {"tlogEntries": []}
    yard.put(bundle)


@attack("tampered")
def unknown_media_type(yard: Yard) -> None:
    yard.put(yard.bundle(mediaType="application/vnd.dev.sigstore.bundle.v0.4+json"))


@attack("tampered")
def media_type_with_a_tail(yard: Yard) -> None:
    yard.put(yard.bundle(mediaType=LATEST + ";version=0.3"))


@attack("tampered")
def unknown_field(yard: Yard) -> None:
    yard.put(yard.bundle(trusted=True))


# --- the text


@attack("tampered")
def doubled_key_the_last_genuine(yard: Yard) -> None:
    text = json.dumps(yard.bundle()).replace('"dsseEnvelope"', '"dsseEnvelope": {}, "dsseEnvelope"')
    yard.put(text.encode())


@attack("tampered")
def doubled_key_in_other_spelling(yard: Yard) -> None:
    text = json.dumps(yard.bundle()).replace('"mediaType"', '"media\\u0054ype": "x", "mediaType"', 1)
    yard.put(text.encode())


@attack("tampered")
def trailing_bytes(yard: Yard) -> None:
    yard.put(json.dumps(yard.bundle()).encode() + b"{}")


@attack("tampered")
def trailing_nul(yard: Yard) -> None:
    yard.put(json.dumps(yard.bundle()).encode() + b"\0")


@attack("tampered")
def byte_order_mark(yard: Yard) -> None:
    yard.put(b"\xef\xbb\xbf" + json.dumps(yard.bundle()).encode())


@attack("tampered")
def utf_16(yard: Yard) -> None:
    yard.put(json.dumps(yard.bundle()).encode("utf-16"))


@attack("tampered")
def cut_off(yard: Yard) -> None:
    yard.put(json.dumps(yard.bundle()).encode()[:-20])


@attack("tampered")
def empty_file(yard: Yard) -> None:
    yard.put(b"")


@attack("tampered")
def blanks_alone(yard: Yard) -> None:
    yard.put(b" \n\t " * 1000)


@attack("tampered")
def nested_a_hundred_thousand_deep(yard: Yard) -> None:
    yard.put(b"[" * 100_000)


@attack("tampered")
def nested_deep_in_a_field(yard: Yard) -> None:
    yard.put(json.dumps(yard.bundle(extra="X")).replace('"X"', "[" * 5000 + "]" * 5000).encode())


@attack("tampered")
def integer_of_ten_thousand_digits(yard: Yard) -> None:
    yard.put(json.dumps(yard.bundle(extra=7)).replace("7}", "9" * 10_000 + "}").encode())


@attack("tampered")
def not_a_number(yard: Yard) -> None:
    yard.put(json.dumps(yard.bundle(extra=float("nan"))).encode())


@attack("tampered")
def infinite_number_in_the_statement(yard: Yard) -> None:
    yard.put(yard.bundle(json.dumps(yard.statement(predicate={"n": float("inf")})).encode()))


@attack("tampered")
def url_safe_base64(yard: Yard) -> None:
    bundle = yard.bundle(yard.payload(predicate={"s": "???>>>~~~" * 3}))
    envelope = bundle["dsseEnvelope"]
    envelope["payload"] = base64.urlsafe_b64encode(base64.b64decode(envelope["payload"])).decode().rstrip("=")
    yard.put(bundle)


@attack("tampered")
def base64_with_line_breaks(yard: Yard) -> None:
    bundle = yard.bundle()
    envelope = bundle["dsseEnvelope"]
    envelope["payload"] = base64.encodebytes(base64.b64decode(envelope["payload"])).decode()
    yard.put(bundle)


@attack("tampered")
def base64_with_a_tail_after_its_end(yard: Yard) -> None:
    bundle = yard.bundle()
    bundle["dsseEnvelope"]["payload"] += "===="
    yard.put(bundle)


@attack("tampered")
def base64_with_stray_bits(yard: Yard) -> None:
    bundle = yard.bundle(yard.payload() + b" " * (-len(yard.payload()) % 3 + 1))
    text = bundle["dsseEnvelope"]["payload"]
    assert text.endswith("==")
    bundle["dsseEnvelope"]["payload"] = text[:-3] + chr(ord(text[-3]) + 1) + "=="
    yard.put(bundle)


@attack("tampered")
def bundle_that_is_a_list(yard: Yard) -> None:
    yard.put(json.dumps([yard.bundle()]).encode())


@attack("unreadable")
def bundle_of_forty_megabytes(yard: Yard) -> None:
    yard.put(json.dumps(yard.bundle()).encode() + b" " * 40_000_000)


@attack("tampered")
def bundle_of_binary(yard: Yard) -> None:
    yard.put(bytes(range(256)) * 8)


# --- the statement


@attack("tampered")
def statement_without_subjects(yard: Yard) -> None:
    yard.put(yard.bundle(yard.payload(subject=[])))


@attack("tampered")
def statement_with_subjects_null(yard: Yard) -> None:
    yard.put(yard.bundle(yard.payload(subject=None)))


@attack("wrong-subject")
def wildcard_name_over_another_digest(yard: Yard) -> None:
    yard.put(yard.bundle(yard.payload(subject=[{"name": "*", "digest": {"sha256": sha(b"other")}}])))


@attack("tampered")
def wildcard_digest(yard: Yard) -> None:
    yard.put(yard.bundle(yard.payload(subject=[{"name": "app.bin", "digest": {"sha256": "*"}}])))


@attack("tampered")
def subject_without_digest(yard: Yard) -> None:
    yard.put(yard.bundle(yard.payload(subject=[{"name": "app.bin"}])))


@attack("tampered")
def digest_by_sha1_alone(yard: Yard) -> None:
    digest = {"sha1": hashlib.sha1(CONTENT, usedforsecurity=False).hexdigest()}
    yard.put(yard.bundle(yard.payload(subject=[{"name": "app.bin", "digest": digest}])))


@attack("tampered")
def digest_by_an_unknown_algorithm(yard: Yard) -> None:
    yard.put(yard.bundle(yard.payload(subject=[{"name": "app.bin", "digest": {"dirHash": sha(CONTENT)}}])))


@attack("tampered")
def genuine_sha1_beside_a_wrong_sha256(yard: Yard) -> None:
    digest = {"sha1": hashlib.sha1(CONTENT, usedforsecurity=False).hexdigest(), "sha256": sha(b"other")}
    yard.put(yard.bundle(yard.payload(subject=[{"name": "app.bin", "digest": digest}])))


@attack("tampered")
def sha512_digits_under_sha256(yard: Yard) -> None:
    digest = {"sha256": hashlib.sha512(CONTENT).hexdigest()}
    yard.put(yard.bundle(yard.payload(subject=[{"name": "app.bin", "digest": digest}])))


@good()
def a_subject_by_sha512(yard: Yard) -> None:
    digest = {"sha512": hashlib.sha512(CONTENT).hexdigest()}
    yard.put(yard.bundle(yard.payload(subject=[{"name": "app.bin", "digest": digest}])))


@attack("tampered")
def digest_cut_to_its_beginning(yard: Yard) -> None:
    yard.put(yard.bundle(yard.payload(subject=[{"name": "app.bin", "digest": {"sha256": sha(CONTENT)[:16]}}])))


@attack("tampered")
def digest_as_a_number(yard: Yard) -> None:
    yard.put(yard.bundle(yard.payload(subject=[{"name": "app.bin", "digest": {"sha256": int("1" * 64)}}])))


@attack("tampered")
def name_signed_with_other_content(yard: Yard) -> None:
    subject = [{"name": "app.bin", "digest": {"sha256": sha(b"other")}}, {"name": "b.bin", "digest": {"sha256": sha(CONTENT)}}]
    yard.put(yard.bundle(yard.payload(subject=subject)))


@attack("tampered")
def name_signed_with_other_content_in_other_case(yard: Yard) -> None:
    subject = [{"name": "App.bin", "digest": {"sha256": sha(b"other")}}, {"name": "b.bin", "digest": {"sha256": sha(CONTENT)}}]
    yard.put(yard.bundle(yard.payload(subject=subject)))


@attack("tampered")
def name_signed_with_other_content_composed_otherwise(yard: Yard) -> list[str]:
    composed, apart = (unicodedata.normalize(form, "café.bin") for form in ("NFC", "NFD"))
    Path(apart).write_bytes(CONTENT)
    subject = [{"name": composed, "digest": {"sha256": sha(b"other")}}, {"name": "b.bin", "digest": {"sha256": sha(CONTENT)}}]
    yard.put(yard.bundle(yard.payload(subject=subject)), "b.json")
    return ["verify", apart, "--key", "key.pem", "--bundle", "b.json"]


@good()
def a_name_composed_otherwise_with_the_signed_content(yard: Yard) -> list[str]:
    composed, apart = (unicodedata.normalize(form, "café.bin") for form in ("NFC", "NFD"))
    Path(apart).write_bytes(CONTENT)
    yard.put(yard.bundle(yard.payload(subject=[{"name": composed, "digest": {"sha256": sha(CONTENT)}}])), "b.json")
    return ["verify", apart, "--key", "key.pem", "--bundle", "b.json"]


@attack("tampered")
def statement_of_another_type(yard: Yard) -> None:
    yard.put(yard.bundle(yard.payload(_type="https://in-toto.io/Statement/v9")))


@attack("tampered")
def doubled_subject_in_the_statement(yard: Yard) -> None:
    text = json.dumps(yard.statement()).replace('"subject"', '"subject": [], "subject"')
    yard.put(yard.bundle(text.encode()))


@attack("tampered")
def predicate_that_is_a_list(yard: Yard) -> None:
    yard.put(yard.bundle(yard.payload(predicate=["x"])))


@attack("tampered")
def predicate_type_with_a_line_break(yard: Yard) -> None:
    yard.put(yard.bundle(yard.payload(predicateType=BLOB + "\nok   app.bin")))


@attack("wrong-subject")
def subject_name_with_a_line_of_ours_in_it(yard: Yard) -> None:
    yard.put(yard.bundle(yard.payload(subject=[{"name": "x\nok   app.bin  key release/1", "digest": {"sha256": sha(b"other")}}])))


@attack("tampered")
def lone_surrogate_in_a_name(yard: Yard) -> None:
    text = json.dumps(yard.statement()).replace("app.bin", "\\ud800")
    yard.put(yard.bundle(text.encode()))


@good()
def a_statement_of_the_older_version(yard: Yard) -> None:
    yard.put(yard.bundle(yard.payload(_type="https://in-toto.io/Statement/v0.1")))


@good()
def one_of_a_thousand_subjects(yard: Yard) -> None:
    more = [{"name": f"f{number}", "digest": {"sha256": sha(b"%d" % number)}} for number in range(1000)]
    yard.put(yard.bundle(yard.payload(subject=[*more, *yard.statement()["subject"]])))


# --- keys and signatures


@good()
def signature_with_r_and_s_side_by_side(yard: Yard) -> None:
    payload = yard.payload()
    r, s = decode_dss_signature(yard.key.sign(pae(payload)))
    yard.put(yard.bundle(payload, r.to_bytes(32) + s.to_bytes(32)))


@good()
def signature_with_the_other_s(yard: Yard) -> None:
    payload = yard.payload()
    r, s = decode_dss_signature(yard.key.sign(pae(payload)))
    yard.put(yard.bundle(payload, encode_dss_signature(r, ORDER - s)))


@attack("tampered")
def signature_of_zeros(yard: Yard) -> None:
    yard.put(yard.bundle(signature=encode_dss_signature(0, 0)))


@attack("tampered")
def signature_whose_s_is_the_order(yard: Yard) -> None:
    yard.put(yard.bundle(signature=encode_dss_signature(1, ORDER)))


@attack("tampered")
def signature_with_bytes_after_it(yard: Yard) -> None:
    payload = yard.payload()
    yard.put(yard.bundle(payload, yard.key.sign(pae(payload)) + b"\0"))


@attack("tampered")
def signature_by_sha1(yard: Yard) -> None:
    payload = yard.payload()
    yard.put(yard.bundle(payload, yard.key.private.sign(pae(payload), ec.ECDSA(hashes.SHA1()))))  # noqa: S303  # what must be refused


def by_key(yard: Yard, key: Any, signature: bytes, payload: bytes) -> None:
    Path("key.pem").write_bytes(pem(key.public_key()))
    yard.put(yard.bundle(payload, signature))


@attack("usage")
def rsa_key_of_1024_bits(yard: Yard) -> None:
    key, payload = rsa.generate_private_key(65537, 1024), yard.payload()
    by_key(yard, key, key.sign(pae(payload), padding.PKCS1v15(), hashes.SHA256()), payload)


@good()
def rsa_key_of_3072_bits(yard: Yard) -> None:
    key, payload = rsa.generate_private_key(65537, 3072), yard.payload()
    by_key(yard, key, key.sign(pae(payload), padding.PKCS1v15(), hashes.SHA256()), payload)


@attack("tampered")
def rsa_signature_by_sha1(yard: Yard) -> None:
    key, payload = rsa.generate_private_key(65537, 3072), yard.payload()
    by_key(yard, key, key.sign(pae(payload), padding.PKCS1v15(), hashes.SHA1()), payload)  # noqa: S303  # what must be refused


@attack("usage")
def curve_that_nobody_uses(yard: Yard) -> None:
    key, payload = ec.generate_private_key(ec.SECP256K1()), yard.payload()
    by_key(yard, key, key.sign(pae(payload), ec.ECDSA(hashes.SHA256())), payload)


@good()
def ed25519_key(yard: Yard) -> None:
    key, payload = ed25519.Ed25519PrivateKey.generate(), yard.payload()
    by_key(yard, key, key.sign(pae(payload)), payload)


@attack("usage")
def private_key_where_the_public_belongs(yard: Yard) -> None:
    yard.put()
    Path("key.pem").write_text("-----BEGIN " + "PRIVATE KEY-----\nAAAA\n-----END " + "PRIVATE KEY-----\n")


@attack("usage")
def two_keys_in_one_file(yard: Yard) -> None:
    yard.put()
    Path("key.pem").write_bytes(pem(Key().private.public_key()) + Path("key.pem").read_bytes())


@attack("usage")
def key_file_that_is_a_folder(yard: Yard) -> None:
    yard.put()
    Path("key.pem").unlink()
    Path("key.pem").mkdir()


@attack("usage")
def key_that_is_empty(yard: Yard) -> None:
    yard.put()
    Path("key.pem").write_bytes(b"")


@attack("usage")
def timeline_without_versions(yard: Yard) -> list[str]:
    yard.put()
    Path("key.json").write_text('{"schema": "pipeline-guard/key-timeline/v1", "name": "k", "versions": []}')
    return ["verify", "app.bin", "--key", "key.json"]


@attack("usage")
def key_by_name_does_not_fall_back_to_a_file_of_the_change(yard: Yard) -> list[str]:
    yard.put()
    Path("release").write_bytes(Path("key.pem").read_bytes())
    return ["verify", "app.bin", "--key", "release"]


# --- certificates and identities


@good(CERTIFIED)
def a_certified_bundle(yard: Yard) -> None:
    yard.put(yard.certified())


@good(CERTIFIED)
def a_certified_bundle_of_the_first_version(yard: Yard) -> None:
    yard.put(yard.certified(version=V1, rekor="intoto-promise", stamped=False))


class Forged:
    """A certificate of the private authority, with changes that it would never make."""

    def __init__(self, yard: Yard, **changes: Any) -> None:
        trust, self.key = yard.trust, Key()
        ca = changes.get("ca", trust.ca)
        root = x509.load_der_x509_certificate(changes.get("root", trust.root))
        private = changes.get("private", self.key.private)
        builder = x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(root.subject).serial_number(77)
        begins, ends = changes.get("period", (NOW - timedelta(minutes=1), NOW + timedelta(minutes=9)))
        builder = builder.not_valid_before(begins).not_valid_after(ends).public_key(private.public_key())
        usage = changes.get("usage", x509.KeyUsage(True, False, False, False, False, False, False, False, False))
        purposes = changes.get("purposes", [ExtendedKeyUsageOID.CODE_SIGNING])
        names = changes.get("names", [x509.UniformResourceIdentifier(IDENTITY)])
        issuer = changes.get("issuer", ISSUER)
        parts: list[tuple[Any, bool]] = [(usage, True)] if usage else []
        parts += [(x509.ExtendedKeyUsage(purposes), False)] if purposes else []
        parts += [(x509.SubjectAlternativeName(names), True)] if names else []
        for oid, value in (
            ("1.3.6.1.4.1.57264.1.1", issuer.encode()),
            ("1.3.6.1.4.1.57264.1.8", b"\x0c" + bytes([len(issuer)]) + issuer.encode()),
        ):
            if issuer:
                parts.append((x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value), False))
        for part, critical in [*parts, *changes.get("more", [])]:
            builder = builder.add_extension(part, critical)
        self.der = builder.sign(ca.private, changes.get("hash", hashes.SHA256())).public_bytes(Encoding.DER)


def forge(yard: Yard, **changes: Any) -> None:
    """Put a bundle under such a certificate; the root names no log of certificates, so that nothing else refuses it."""
    made = Forged(yard, **changes)
    yard.put(yard.by(made.der, made.key))
    Path("root.json").write_bytes(yard.trust.root_bytes(ctlogs=[]))


@good(CERTIFIED)
def a_certificate_as_it_should_be(yard: Yard) -> None:
    forge(yard)


@attack("tampered", CERTIFIED)
def certificate_without_purpose(yard: Yard) -> None:
    forge(yard, purposes=None)


@attack("tampered", CERTIFIED)
def certificate_for_servers(yard: Yard) -> None:
    forge(yard, purposes=[ExtendedKeyUsageOID.SERVER_AUTH])


@attack("tampered", CERTIFIED)
def certificate_for_any_purpose(yard: Yard) -> None:
    forge(yard, purposes=[ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])


@attack("tampered", CERTIFIED)
def certificate_without_key_usage(yard: Yard) -> None:
    forge(yard, usage=None)


@attack("tampered", CERTIFIED)
def certificate_for_encryption(yard: Yard) -> None:
    forge(yard, usage=x509.KeyUsage(False, False, True, False, False, False, False, False, False))


@attack("tampered", CERTIFIED)
def certificate_of_an_authority(yard: Yard) -> None:
    forge(yard, more=[(x509.BasicConstraints(ca=True, path_length=0), True)])


@attack("tampered", CERTIFIED)
def certificate_with_a_critical_extension_of_its_own(yard: Yard) -> None:
    forge(yard, more=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)])


@attack("expired", CERTIFIED)
def certificate_that_ended_before_it_signed(yard: Yard) -> None:
    forge(yard, period=(NOW - timedelta(days=2), NOW - timedelta(days=1)))


@attack("not-yet-valid", CERTIFIED)
def certificate_from_tomorrow(yard: Yard) -> None:
    forge(yard, period=(NOW + timedelta(days=1), NOW + timedelta(days=2)))


@attack("unknown-key", CERTIFIED)
def certificate_by_an_authority_of_the_same_name(yard: Yard) -> None:
    forge(yard, ca=Key())


@attack("unknown-key", CERTIFIED)
def certificate_signed_with_sha1_or_another_weak_hash(yard: Yard) -> None:
    forge(yard, hash=hashes.SHA224())


@attack("not-by-policy", CERTIFIED)
def certificate_that_names_nobody(yard: Yard) -> None:
    forge(yard, names=None)


@attack("not-by-policy", CERTIFIED)
def identity_that_only_begins_as_the_expected_one(yard: Yard) -> None:
    forge(yard, names=[x509.UniformResourceIdentifier(IDENTITY + "-evil")])


@attack("not-by-policy", CERTIFIED)
def identity_in_other_case(yard: Yard) -> None:
    forge(yard, names=[x509.UniformResourceIdentifier(IDENTITY.upper())])


@attack("not-by-policy", CERTIFIED)
def identity_as_the_issuer_and_the_other_way_round(yard: Yard) -> None:
    forge(yard, names=[x509.UniformResourceIdentifier(ISSUER)], issuer=IDENTITY)


@attack("not-by-policy", CERTIFIED)
def issuer_with_a_final_slash(yard: Yard) -> None:
    forge(yard, issuer=ISSUER + "/")


@attack("not-by-policy", CERTIFIED)
def issuer_of_another_host_that_begins_alike(yard: Yard) -> None:
    forge(yard, issuer=ISSUER + ".evil.example")


@attack("not-by-policy", CERTIFIED)
def certificate_without_an_issuer_of_identities(yard: Yard) -> None:
    forge(yard, issuer="")


@attack("not-by-policy", [*CERTIFIED[:3], ".*", *CERTIFIED[4:]])
def identity_as_an_expression_is_taken_literally(yard: Yard) -> None:
    yard.put(yard.certified())


@attack("not-by-policy", [*CERTIFIED[:3], "*", *CERTIFIED[4:]])
def identity_as_a_star_is_taken_literally(yard: Yard) -> None:
    yard.put(yard.certified())


@attack("usage", [*CERTIFIED[:3], "", *CERTIFIED[4:]])
def identity_that_is_empty(yard: Yard) -> None:
    yard.put(yard.certified())


@attack("tampered", CERTIFIED)
def signature_by_another_key_than_the_certificates(yard: Yard) -> None:
    made, other = Forged(yard), Key()
    yard.put(yard.by(made.der, other))
    Path("root.json").write_bytes(yard.trust.root_bytes(ctlogs=[]))


@attack("tampered", CERTIFIED)
def certificate_without_its_receipt(yard: Yard) -> None:
    made = Forged(yard)
    yard.put(yard.by(made.der, made.key))


@attack("tampered", CERTIFIED)
def certificate_that_is_cut_off(yard: Yard) -> None:
    bundle = yard.certified()
    raw = base64.b64decode(bundle["verificationMaterial"]["certificate"]["rawBytes"])
    bundle["verificationMaterial"]["certificate"]["rawBytes"] = b64(raw[:-9])
    yard.put(bundle)


@attack("unknown-key", CERTIFIED)
def bare_key_where_a_certificate_is_asked_for(yard: Yard) -> None:
    yard.put()


@attack("tampered", CERTIFIED)
def key_and_certificate_at_once(yard: Yard) -> None:
    bundle = yard.certified()
    bundle["verificationMaterial"]["publicKey"] = {"hint": ""}
    yard.put(bundle)


@attack("unknown-key", CERTIFIED)
def root_of_somebody_else(yard: Yard) -> None:
    yard.put(yard.certified())
    Path("root.json").write_bytes(
        PrivateTrust().root_bytes(
            tlogs=yard.trust.trusted_root["tlogs"], timestampAuthorities=yard.trust.trusted_root["timestampAuthorities"]
        )
    )


@attack("unknown-key", CERTIFIED)
def intermediate_with_name_constraints(yard: Yard) -> None:
    between, made = under(yard, [(x509.NameConstraints([x509.UniformResourceIdentifier("x.example")], None), True)])
    yard.put(chained(yard, between, made))


@attack("unknown-key", CERTIFIED)
def intermediate_that_is_no_authority(yard: Yard) -> None:
    between, made = under(yard, [], ca=False)
    yard.put(chained(yard, between, made))


@attack("unknown-key", CERTIFIED)
def intermediate_that_ended(yard: Yard) -> None:
    between, made = under(yard, [], ends=NOW - timedelta(hours=1))
    yard.put(chained(yard, between, made))


def authority(yard: Yard, more: list[Any], above: tuple[Key, bytes], *, ca: bool = True, ends: Any = None) -> tuple[Key, bytes]:
    """Make an authority below another."""
    key, root = Key(), x509.load_der_x509_certificate(above[1])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"between {sha(above[1])[:8]}")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(root.subject).serial_number(5).public_key(key.private.public_key())
    builder = builder.not_valid_before(NOW - timedelta(days=9)).not_valid_after(ends or NOW + timedelta(days=9))
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), True)
    builder = builder.add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), True)
    for part, critical in more:
        builder = builder.add_extension(part, critical)
    Path("root.json").write_bytes(yard.trust.root_bytes(ctlogs=[]))
    return key, builder.sign(above[0].private, hashes.SHA256()).public_bytes(Encoding.DER)


def under(yard: Yard, more: list[Any], **changes: Any) -> tuple[bytes, Forged]:
    """Make an authority below the root, and a signer below that."""
    key, der = authority(yard, more, (yard.trust.ca, yard.trust.root), **changes)
    return der, Forged(yard, ca=key, root=der)


def chained(yard: Yard, between: bytes, made: Forged, *more: bytes) -> dict[str, Any]:
    bundle: dict[str, Any] = json.loads(yard.by(made.der, made.key))
    del bundle["verificationMaterial"]["certificate"]
    bundle["verificationMaterial"]["x509CertificateChain"] = {
        "certificates": [{"rawBytes": b64(der)} for der in (made.der, between, *more)]
    }
    return bundle | {"mediaType": V3}


@good(CERTIFIED)
def a_chain_with_an_authority_between(yard: Yard) -> None:
    between, made = under(yard, [])
    yard.put(chained(yard, between, made))


@attack("unknown-key", CERTIFIED)
def chain_that_is_longer_than_the_root_allows(yard: Yard) -> None:
    first = authority(yard, [], (yard.trust.ca, yard.trust.root))
    second = authority(yard, [], first)  # the root allows one authority below it
    yard.put(chained(yard, second[1], Forged(yard, ca=second[0], root=second[1]), first[1]))


# --- times


def restamped(yard: Yard, stamps: list[bytes]) -> None:
    bundle = yard.certified()
    listed = [{"signedTimestamp": b64(each)} for each in stamps]
    bundle["verificationMaterial"]["timestampVerificationData"] = {"rfc3161Timestamps": listed}
    yard.put(bundle)


@attack("tampered", CERTIFIED)
def timestamp_of_another_message(yard: Yard) -> None:
    restamped(yard, [yard.trust.stamp(b"another")])


@attack("untimestamped", CERTIFIED)
def timestamp_by_an_authority_that_nobody_trusts(yard: Yard) -> None:
    bundle = yard.certified(stamped=False)
    signature = base64.b64decode(bundle["dsseEnvelope"]["signatures"][0]["sig"])
    stamps = [{"signedTimestamp": b64(PrivateTrust().stamp(signature))}]
    bundle["verificationMaterial"]["timestampVerificationData"] = {"rfc3161Timestamps": stamps}
    yard.put(bundle)


@attack("untimestamped", CERTIFIED)
def no_timestamp_at_all(yard: Yard) -> None:
    yard.put(yard.certified(stamped=False))


@attack("tampered", CERTIFIED)
def timestamp_that_is_no_response(yard: Yard) -> None:
    restamped(yard, [b"now"])


@attack("tampered", CERTIFIED)
def timestamp_by_a_certificate_for_code(yard: Yard) -> None:
    bundle = yard.certified()
    signature = base64.b64decode(bundle["dsseEnvelope"]["signatures"][0]["sig"])
    made = Forged(yard, names=None, issuer="")
    token = stamp(signature, NOW, 9, TimestampSigner(made.der, made.key.sign))
    bundle["verificationMaterial"]["timestampVerificationData"] = {"rfc3161Timestamps": [{"signedTimestamp": b64(token)}]}
    yard.put(bundle)


@attack("tampered", CERTIFIED)
def timestamp_by_a_certificate_whose_purpose_is_not_critical(yard: Yard) -> None:
    bundle = yard.certified()
    signature = base64.b64decode(bundle["dsseEnvelope"]["signatures"][0]["sig"])
    made = Forged(yard, names=None, issuer="", purposes=[ExtendedKeyUsageOID.TIME_STAMPING])
    token = stamp(signature, NOW, 9, TimestampSigner(made.der, made.key.sign))
    bundle["verificationMaterial"]["timestampVerificationData"] = {"rfc3161Timestamps": [{"signedTimestamp": b64(token)}]}
    yard.put(bundle)


@attack("expired", CERTIFIED)
def timestamp_from_after_the_certificates_end(yard: Yard) -> None:
    bundle = yard.certified()
    signature = base64.b64decode(bundle["dsseEnvelope"]["signatures"][0]["sig"])
    stamps = [{"signedTimestamp": b64(yard.trust.stamp(signature, NOW + timedelta(days=1)))}]
    bundle["verificationMaterial"]["timestampVerificationData"] = {"rfc3161Timestamps": stamps}
    yard.put(bundle)


@attack("tampered")
def timestamp_of_another_message_under_a_bare_key(yard: Yard) -> None:
    bundle = yard.bundle()
    stamps = [{"signedTimestamp": b64(yard.trust.stamp(b"another"))}]
    bundle["verificationMaterial"]["timestampVerificationData"] = {"rfc3161Timestamps": stamps}
    yard.put(bundle)


@attack("tampered", CERTIFIED)
def thousand_timestamps(yard: Yard) -> None:
    restamped(yard, [b"%d" % number for number in range(1000)])


# --- logs


@attack("tampered", CERTIFIED)
def entry_of_another_payload(yard: Yard) -> None:
    bundle, other = yard.certified(), yard.certified(yard.payload(predicate={"n": 1}))
    bundle["verificationMaterial"]["tlogEntries"] = other["verificationMaterial"]["tlogEntries"]
    yard.put(bundle)


@attack("tampered", CERTIFIED)
def no_entry(yard: Yard) -> None:
    bundle = yard.certified()
    bundle["verificationMaterial"]["tlogEntries"] = []
    yard.put(bundle)


@attack("tampered", CERTIFIED)
def entry_of_a_log_that_nobody_trusts(yard: Yard) -> None:
    other = PrivateTrust()
    bundle = yard.certified(rekor="dsse")
    yard.trust.log, kept = other.log, yard.trust.log
    bundle["verificationMaterial"]["tlogEntries"] = yard.certified(rekor="dsse")["verificationMaterial"]["tlogEntries"]
    yard.trust.log = kept
    yard.put(bundle)


def proof_of(bundle: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = bundle["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]
    return found


@attack("tampered", CERTIFIED)
def inclusion_proof_of_another_tree(yard: Yard) -> None:
    bundle = yard.certified(rekor="dsse")
    proof_of(bundle)["hashes"] = [b64(bytes(32)) for _ in proof_of(bundle)["hashes"]]
    yard.put(bundle)


@attack("tampered", CERTIFIED)
def inclusion_proof_at_another_place(yard: Yard) -> None:
    bundle = yard.certified(rekor="dsse")
    proof_of(bundle)["logIndex"] = "1"
    yard.put(bundle)


@attack("tampered", CERTIFIED)
def inclusion_proof_of_a_larger_tree(yard: Yard) -> None:
    bundle = yard.certified(rekor="dsse")
    proof_of(bundle)["treeSize"] = "6"
    yard.put(bundle)


@attack("tampered", CERTIFIED)
def checkpoint_by_another_key(yard: Yard) -> None:
    bundle = yard.certified(rekor="dsse")
    proof = proof_of(bundle)
    text = write_checkpoint(Checkpoint(f"{ORIGIN} - 1", 5, base64.b64decode(proof["rootHash"])))
    proof["checkpoint"]["envelope"] = write_note(text, ORIGIN, yard.trust.log.holder.id, Key().sign(text))
    yard.put(bundle)


@attack("tampered", CERTIFIED)
def checkpoint_of_another_root(yard: Yard) -> None:
    bundle = yard.certified(rekor="dsse")
    text = write_checkpoint(Checkpoint(f"{ORIGIN} - 1", 5, bytes(32)))
    proof_of(bundle)["checkpoint"]["envelope"] = write_note(text, ORIGIN, yard.trust.log.holder.id, yard.trust.log.sign(text))
    yard.put(bundle)


@attack("tampered", CERTIFIED)
def checkpoint_missing(yard: Yard) -> None:
    bundle = yard.certified(rekor="dsse")
    del proof_of(bundle)["checkpoint"]
    yard.put(bundle)


@attack("tampered", CERTIFIED)
def proof_missing(yard: Yard) -> None:
    bundle = yard.certified(rekor="dsse")
    del bundle["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]
    yard.put(bundle)


@attack("untimestamped", CERTIFIED)
def promise_missing_and_no_timestamp(yard: Yard) -> None:
    bundle = yard.certified(rekor="dsse", stamped=False)
    del bundle["verificationMaterial"]["tlogEntries"][0]["inclusionPromise"]
    yard.put(bundle)


@attack("tampered", CERTIFIED)
def promise_for_another_time(yard: Yard) -> None:
    bundle = yard.certified(rekor="dsse", stamped=False)
    entry = bundle["verificationMaterial"]["tlogEntries"][0]
    entry["integratedTime"] = str(int(entry["integratedTime"]) - 1)
    yard.put(bundle)


@attack("tampered", CERTIFIED)
def entry_body_that_was_changed(yard: Yard) -> None:
    bundle = yard.certified(rekor="dsse")
    entry = bundle["verificationMaterial"]["tlogEntries"][0]
    entry["canonicalizedBody"] = b64(base64.b64decode(entry["canonicalizedBody"]).replace(b"sha256", b"sha257"))
    yard.put(bundle)


# --- models

FILES = {"config.json": b"{}", "weights.bin": bytes(64), "sub/a.txt": b"a"}


@good(FOLDER)
def a_model(yard: Yard) -> None:
    yard.model(FILES)


@attack("tampered", FOLDER)
def model_with_one_more_file(yard: Yard) -> None:
    yard.model(FILES)
    Path("model/extra.py").write_text("import os")


@attack("tampered", FOLDER)
def model_with_a_hidden_file(yard: Yard) -> None:
    yard.model(FILES)
    Path("model/.hidden").write_text("x")


@attack("tampered", FOLDER)
def model_with_a_payload_below_git(yard: Yard) -> None:
    yard.model(FILES, serialization={"ignore_paths": ["model.sig", ".git"]})
    Path("model/.git/hooks").mkdir(parents=True)
    Path("model/.git/hooks/post-checkout").write_text("#!/bin/sh\n")


@attack("tampered", FOLDER)
def model_whose_list_ignores_a_file_with_code(yard: Yard) -> None:
    yard.model(FILES, serialization={"ignore_paths": ["model.sig", "modeling.py"]})
    Path("model/modeling.py").write_text("import os")


@attack("tampered", FOLDER)
def model_whose_list_ignores_everything(yard: Yard) -> None:
    yard.model(FILES, listed=[("config.json", sha(b"{}"))], serialization={"ignore_paths": [".", "weights.bin", "sub", "model.sig"]})


@attack("tampered", FOLDER)
def model_with_a_file_less(yard: Yard) -> None:
    yard.model(FILES)
    Path("model/weights.bin").unlink()


@attack("tampered", FOLDER)
def model_with_two_files_swapped(yard: Yard) -> None:
    yard.model(FILES)
    Path("model/config.json").rename("model/x")
    Path("model/sub/a.txt").rename("model/config.json")
    Path("model/x").rename("model/sub/a.txt")


@attack("tampered", FOLDER)
def model_with_a_file_as_a_link_to_the_same_bytes(yard: Yard) -> None:
    yard.model(FILES)
    Path("model/weights.bin").rename("elsewhere")
    Path("model/weights.bin").symlink_to(Path("elsewhere").resolve())


@attack("tampered", FOLDER)
def model_with_a_folder_as_a_link(yard: Yard) -> None:
    yard.model(FILES)
    Path("model/sub").rename("elsewhere")
    Path("model/sub").symlink_to(Path("elsewhere").resolve())


@attack("tampered", FOLDER)
def model_with_an_empty_file_more(yard: Yard) -> None:
    yard.model(FILES)
    Path("model/__init__.py").touch()


@attack("tampered", FOLDER)
def model_with_a_pipe(yard: Yard) -> None:
    yard.model(FILES)
    os.mkfifo("model/pipe")


@attack("tampered", FOLDER)
def model_with_a_hard_link_out_of_it(yard: Yard) -> None:
    yard.model(FILES)
    os.link("model/weights.bin", "outside")


@attack("tampered", FOLDER)
def model_with_a_set_user_file(yard: Yard) -> None:
    yard.model(FILES)
    Path("model/weights.bin").chmod(0o4755)


def listing(yard: Yard, name: str) -> None:
    yard.model(FILES, listed=[*((each, sha(content)) for each, content in sorted(FILES.items())), (name, sha(b"out"))])
    Path("out").write_bytes(b"out")


@attack("tampered", FOLDER)
def list_that_leads_out(yard: Yard) -> None:
    listing(yard, "../out")


@attack("tampered", FOLDER)
def list_that_leads_out_later(yard: Yard) -> None:
    listing(yard, "sub/../../out")


@attack("tampered", FOLDER)
def list_with_an_absolute_path(yard: Yard) -> None:
    listing(yard, str(Path("out").resolve()))


@attack("tampered", FOLDER)
def list_with_a_nul(yard: Yard) -> None:
    listing(yard, "config.json\0")


@attack("tampered", FOLDER)
def list_with_a_dot(yard: Yard) -> None:
    listing(yard, "./config.json")


@attack("tampered", FOLDER)
def list_with_an_empty_name(yard: Yard) -> None:
    listing(yard, "")


@attack("tampered", FOLDER)
def list_with_a_file_twice(yard: Yard) -> None:
    listing(yard, "config.json")


@attack("tampered", FOLDER)
def list_with_names_that_differ_in_case(yard: Yard) -> None:
    yard.model({**FILES, "Config.json": b"[]"})


@attack("tampered", FOLDER)
def list_with_names_composed_differently(yard: Yard) -> None:
    yard.model({unicodedata.normalize("NFC", "é"): b"1", unicodedata.normalize("NFD", "é"): b"2"})


@attack("tampered", FOLDER)
def list_that_is_not_of_the_root_digest(yard: Yard) -> None:
    yard.model(FILES, root=sha(b"x"))


@attack("tampered", FOLDER)
def list_that_is_empty(yard: Yard) -> None:
    yard.model({}, listed=[])


@attack("tampered", FOLDER)
def list_by_sha1(yard: Yard) -> None:
    yard.model(FILES, serialization={"hash_type": "sha1"})


@attack("tampered", FOLDER)
def list_with_shards_that_skip_bytes(yard: Yard) -> None:
    resources = [{"name": "weights.bin:32:64", "digest": sha(bytes(32)), "algorithm": "sha256"}]
    yard.model({"weights.bin": bytes(64)}, resources=resources, serialization={"method": "shards", "shard_size": 32})


@attack("tampered", FOLDER)
def list_with_shards_before_the_end(yard: Yard) -> None:
    resources = [{"name": "weights.bin:0:32", "digest": sha(bytes(32)), "algorithm": "sha256"}]
    yard.model({"weights.bin": bytes(64)}, resources=resources, serialization={"method": "shards", "shard_size": 32})


@attack("tampered", FOLDER)
def list_that_allows_links(yard: Yard) -> None:
    yard.model(FILES, serialization={"allow_symlinks": True})
    Path("model/config.json").rename("real")
    Path("model/config.json").symlink_to(Path("real").resolve())


@attack("tampered", FOLDER)
def strict_part_that_leaves_out_a_file_outside(yard: Yard) -> None:
    strict = {
        "version": 1,
        "executables": [],
        "empty_folders": [],
        "left_out": [{"name": "../out", "algorithm": "sha256", "digest": sha(b"")}],
    }
    yard.model(FILES, predicate={"x-pipeline-guard": strict})


@attack("wrong-subject", ["verify", "model/config.json", "--key", "key.pem", "--bundle", "model/model.sig"])
def signature_of_a_model_for_one_of_its_files(yard: Yard) -> None:
    yard.model(FILES)


@attack("no-signature", FOLDER)
def model_whose_signature_lies_beside_under_another_name(yard: Yard) -> None:
    yard.model(FILES)
    Path("model/model.sig").rename("other.sigstore.json")


@attack("tampered", FOLDER)
def model_with_a_second_signature_in_it(yard: Yard) -> None:
    yard.model(FILES)
    Path("model/model.sig.bak").write_bytes(Path("model/model.sig").read_bytes())


@attack("tampered", FOLDER)
def statement_over_files_for_a_folder_that_has_more(yard: Yard) -> None:
    yard.model(FILES)
    subjects = [{"name": name, "digest": {"sha256": sha(content)}} for name, content in FILES.items()]
    yard.put(yard.bundle(yard.payload(subject=subjects)), "model/model.sig")
    Path("model/more").write_text("x")


@good(FOLDER)
def a_statement_over_all_files_of_a_folder(yard: Yard) -> None:
    yard.model(FILES)
    subjects = [{"name": name, "digest": {"sha256": sha(content)}} for name, content in FILES.items()]
    yard.put(yard.bundle(yard.payload(subject=subjects)), "model/model.sig")


# --- files and the command line


@attack("tampered")
def subject_changed_by_a_bit(yard: Yard) -> None:
    yard.put()
    Path("app.bin").write_bytes(CONTENT.replace(b"u", b"t"))


@attack("tampered")
def subject_emptied(yard: Yard) -> None:
    yard.put()
    Path("app.bin").write_bytes(b"")


@attack("tampered")
def subject_with_a_byte_more(yard: Yard) -> None:
    yard.put()
    Path("app.bin").write_bytes(CONTENT + b"\n")


@attack("no-signature")
def bundle_missing(yard: Yard) -> None:
    del yard


@attack("unreadable")
def subject_that_is_a_link(yard: Yard) -> None:
    yard.put()
    Path("app.bin").rename("real")
    Path("app.bin").symlink_to("real")


@attack("unreadable")
def subject_that_is_a_pipe(yard: Yard) -> None:
    yard.put()
    Path("app.bin").unlink()
    os.mkfifo("app.bin")


@attack("unreadable")
def bundle_that_is_a_pipe(yard: Yard) -> None:
    del yard
    os.mkfifo(BUNDLE)


@attack("unreadable")
def bundle_that_is_a_folder(yard: Yard) -> None:
    del yard
    Path(BUNDLE).mkdir()


@attack("nothing", ["verify", "missing.bin", "--key", "key.pem"])
def subject_missing(yard: Yard) -> None:
    yard.put()


@attack("nothing", ["verify", "*.whl", "--key", "key.pem"])
def pattern_that_matches_nothing(yard: Yard) -> None:
    yard.put()


@attack("wrong-subject", ["verify", "sha256:" + "0" * 64, "--key", "key.pem", "--bundle", BUNDLE])
def digest_that_was_not_signed(yard: Yard) -> None:
    yard.put()


@attack("usage", ["verify", "sha256:abc", "--key", "key.pem", "--bundle", BUNDLE])
def digest_that_is_none(yard: Yard) -> None:
    yard.put()


@attack("usage", ["verify", "app.bin", "--key", "key.pem", "--certificate-identity", IDENTITY, "--trusted-root", "root.json"])
def key_and_identity_at_once(yard: Yard) -> None:
    yard.put()


@attack("usage", ["verify", "", "--key", "key.pem"])
def subject_that_is_an_empty_word(yard: Yard) -> None:
    yard.put()


# --- policies


def policy(text: str) -> None:
    Path("policy.yml").write_text(f"version: 1\nrules:\n{text}")


@good(POLICY)
def a_policy_that_is_met(yard: Yard) -> None:
    yard.put()
    policy("  - {subjects: ['*.bin'], signers: [{key: key.pem}]}\n")


@attack("not-by-policy", POLICY)
def subject_that_no_rule_names(yard: Yard) -> None:
    yard.put()
    policy("  - {subjects: ['*.whl'], signers: [{key: key.pem}]}\n")


@attack("not-by-policy", POLICY)
def rule_whose_pattern_only_ends_alike(yard: Yard) -> None:
    yard.put()
    policy("  - {subjects: ['pp.bin'], signers: [{key: key.pem}]}\n")


@attack("not-by-policy", POLICY)
def second_rule_that_is_not_met(yard: Yard) -> None:
    yard.put()
    policy(
        "  - {subjects: ['*'], signers: [{key: key.pem}]}\n  - {subjects: ['app.bin'], signers: [{key: key.pem}], slsa-level: 1, verifiers: [v]}\n"
    )


@attack("usage", POLICY)
def policy_without_rules(yard: Yard) -> None:
    yard.put()
    Path("policy.yml").write_text("version: 1\nrules: []\n")


@attack("usage", POLICY)
def policy_with_an_unknown_word(yard: Yard) -> None:
    yard.put()
    policy("  - {subjects: ['*'], signers: [{key: key.pem}], optional: true}\n")


@attack("usage", POLICY)
def policy_with_a_doubled_word(yard: Yard) -> None:
    yard.put()
    policy("  - {subjects: ['*'], signers: [{key: key.pem}], threshold: 2, threshold: 1}\n")


@attack("usage", POLICY)
def policy_with_the_same_key_twice(yard: Yard) -> None:
    Path("again.pem").write_bytes(Path("key.pem").read_bytes())
    yard.put()
    policy("  - {subjects: ['*'], signers: [{key: key.pem, name: a}, {key: again.pem, name: b}], threshold: 2}\n")


@attack("usage", POLICY)
def policy_whose_threshold_nobody_can_reach_or_is_zero(yard: Yard) -> None:
    yard.put()
    policy("  - {subjects: ['*'], signers: [{key: key.pem}], threshold: 0}\n")


@attack("not-by-policy", [*POLICY, "--trusted-root", "root.json"])
def star_of_a_policy_that_does_not_reach_over_a_slash(yard: Yard) -> None:
    yard.put(yard.certified())
    policy(f"  - {{subjects: ['*'], signers: [{{identity: 'https://forge.example/*@refs/heads/main', issuer: '{ISSUER}'}}]}}\n")


@good([*POLICY, "--trusted-root", "root.json"])
def a_star_of_a_policy(yard: Yard) -> None:
    yard.put(yard.certified())
    policy(f"  - {{subjects: ['*'], signers: [{{identity: '{IDENTITY[:-4]}*', issuer: '{ISSUER}'}}]}}\n")


@attack("not-by-policy", POLICY)
def provenance_of_another_source(yard: Yard) -> None:
    definition = {"buildType": "x", "externalParameters": {"workflow": {"repository": "https://h.example/app.evil.example"}}}
    predicate = {"buildDefinition": definition, "runDetails": {"builder": {"id": "https://b.example"}}}
    yard.put(yard.bundle(yard.payload(predicateType="https://slsa.dev/provenance/v1", predicate=predicate)))
    policy("  - {subjects: ['*'], signers: [{key: key.pem}], predicates: [{type: provenance, source: 'https://h.example/app'}]}\n")


@attack("not-by-policy", POLICY)
def provenance_that_claims_its_own_level(yard: Yard) -> None:
    predicate = {"buildDefinition": {"buildType": "x"}, "runDetails": {"builder": {"id": "https://b.example/"}}, "slsaLevel": 3}
    yard.put(yard.bundle(yard.payload(predicateType="https://slsa.dev/provenance/v1", predicate=predicate)))
    policy("  - {subjects: ['*'], signers: [{key: key.pem}], slsa-level: 3, builders: {'https://b.example': 3}}\n")


@attack("not-by-policy", POLICY)
def summary_that_failed(yard: Yard) -> None:
    predicate = {"verifier": {"id": "v"}, "resourceUri": "r", "verificationResult": "FAILED", "verifiedLevels": ["SLSA_BUILD_LEVEL_3"]}
    yard.put(yard.bundle(yard.payload(predicateType="https://slsa.dev/verification_summary/v1", predicate=predicate)))
    policy("  - {subjects: ['*'], signers: [{key: key.pem}], slsa-level: 3, verifiers: [v]}\n")


@attack("not-by-policy", POLICY)
def renamed_under_a_policy(yard: Yard) -> None:
    yard.put(yard.bundle(yard.payload(subject=[{"name": "old.bin", "digest": {"sha256": sha(CONTENT)}}])))
    policy("  - {subjects: ['*'], signers: [{key: key.pem}]}\n")


# --- lists of subjects, and sign


@attack("usage", ["verify", "--subjects-from", "list", "--key", "key.pem", "--bundle", BUNDLE])
def list_of_subjects_with_a_bad_line(yard: Yard) -> None:
    yard.put()
    Path("list").write_text(f"{sha(CONTENT)}  app.bin\nnonsense\n")


@attack("nothing", ["verify", "--subjects-from", "list", "--key", "key.pem", "--bundle", BUNDLE])
def list_of_subjects_that_is_empty(yard: Yard) -> None:
    yard.put()
    Path("list").write_text("[]")


@good(["verify", "--subjects-from", "list", "--key", "key.pem", "--bundle", BUNDLE])
def a_list_of_subjects(yard: Yard) -> None:
    yard.put()
    Path("list").write_text(f"{sha(CONTENT)}  app.bin\n")


SIGNS: list[tuple[str, list[str], Deed]] = []


def sign_attack(verdict: str, words: list[str]) -> Callable[[Deed], Deed]:
    """Register something that must not be signed; the command runs as a process, with a key in a real token."""

    def register(deed: Deed) -> Deed:
        SIGNS.append((verdict, words, deed))
        return deed

    return register


@sign_attack("nothing", ["missing.bin"])
def sign_what_is_missing(yard: Yard) -> None:
    del yard


@sign_attack("nothing", ["empty"])
def sign_an_empty_folder(yard: Yard) -> None:
    del yard
    Path("empty").mkdir()


@sign_attack("refused", ["link"])
def sign_a_link(yard: Yard) -> None:
    del yard
    Path("link").symlink_to("app.bin")


@sign_attack("refused", ["folder"])
def sign_a_folder_with_a_link_out(yard: Yard) -> None:
    del yard
    Path("folder").mkdir()
    Path("folder/out").symlink_to("/etc")


@sign_attack("refused", ["app.bin", "--predicate", "p.json", "--predicate-type", "provenance"])
def sign_provenance_without_a_builder(yard: Yard) -> None:
    del yard
    Path("p.json").write_text("{}")


@sign_attack("refused", ["app.bin"])
def sign_where_the_bundles_place_is_a_link(yard: Yard) -> None:
    del yard
    Path("victim").write_text("keep")
    Path(BUNDLE).symlink_to("victim")


# --- the tests

_CODES = {"usage": (2,), "nothing": (3,), "refused": (1, 2)}


@pytest.mark.parametrize(("verdict", "words", "deed"), ATTACKS, ids=[deed.__name__ for _, _, deed in ATTACKS])
def test_an_attack_is_refused_with_its_class_in_one_line(
    yard: Yard, capsys: pytest.CaptureFixture[str], verdict: str, words: list[str], deed: Deed
) -> None:
    words = deed(yard) or words
    before = sorted(path.name for path in Path().iterdir())
    code, out, err = told(capsys, *words)
    if verdict in _CODES:
        assert (code in _CODES[verdict], out) == (True, ""), (code, out, err)
        assert err.startswith("pipeline-guard: error: "), err
        assert [line[:22] for line in err.splitlines()] == ["pipeline-guard: error:", "pipeline-guard: hint: "], err
    else:
        assert code == 1, (code, out, err)
        (line,) = out.splitlines()
        assert line.startswith(f"FAIL {words[1]}  {verdict}: "), line
        assert err.startswith("pipeline-guard: hint: "), err
    assert sorted(path.name for path in Path().iterdir()) == before  # nothing was written


@pytest.mark.parametrize(("words", "deed"), GOOD, ids=[deed.__name__ for _, deed in GOOD])
def test_a_good_neighbour_is_accepted(yard: Yard, capsys: pytest.CaptureFixture[str], words: list[str], deed: Deed) -> None:
    words = deed(yard) or words
    code, out, err = told(capsys, *words)
    assert (code, err) == (0, ""), (code, out, err)
    assert out.startswith("ok   ")


def test_what_must_not_be_signed_is_refused_in_one_line(guard: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert guard("keys", "create", "release").code == 0
    for verdict, words, deed in SIGNS:
        place = tmp_path / deed.__name__
        place.mkdir()
        monkeypatch.chdir(place)
        deed(Yard())
        before = sorted(path.name for path in place.iterdir())
        done = guard("sign", *words, "--key", "release", cwd=place)
        assert (done.code in _CODES[verdict], done.out) == (True, ""), (deed.__name__, done)
        assert [line[:22] for line in done.err.splitlines()] == ["pipeline-guard: error:", "pipeline-guard: hint: "], (deed.__name__, done)
        assert sorted(path.name for path in place.iterdir()) == before
    assert (tmp_path / "sign_where_the_bundles_place_is_a_link" / "victim").read_text() == "keep"


def test_there_are_more_than_a_hundred_attacks() -> None:
    assert len(ATTACKS) > 100
