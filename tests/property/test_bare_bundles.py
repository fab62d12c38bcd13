# SPDX-License-Identifier: Apache-2.0
"""Bundles by a bare key, of every version and with all that they may carry, under mutation: refused in one class, or saying the same."""

from __future__ import annotations

import base64
import copy
import json
from typing import Any

import pytest

from pipeline_guard.errors import IntegrityError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.subject import Subject
from pipeline_guard.sign.bundle import READ_MEDIA_TYPES, write_bundle
from pipeline_guard.sign.dsse import pae
from pipeline_guard.sign.public_key import load
from pipeline_guard.sign.statement import blob_payload
from pipeline_guard.sign.verify import verify_bundle
from tests.fakes.signing import SigningPlace
from tests.fakes.trust import PrivateTrust
from tests.property.edits import edited, places

PLACE, TRUST = SigningPlace(), PrivateTrust()
PEM = PLACE.key.public_pem
PAYLOAD = blob_payload([Subject("a.txt", Digest.sha256(b"content"))])
SIGNATURE = PLACE.token.sign(PLACE.key.ref, pae(PAYLOAD))
CONFUSED = (None, True, -1, 0, 1.5, 10**30, 10**400, "", "x", "\ud800", "e30", "eyI=", [], ["x"], {}, {"x": 1}, [[]], [{}])
# what says nothing where it is left out, and is no lie where it is another one
OPTIONAL = ("hint", "keyid", "tlogEntries", "timestampVerificationData", "rfc3161Timestamps")


def full(media_type: str, *, stamped: bool) -> dict[str, Any]:
    """A bundle with a log entry; it says nothing about a bare key, but it is one."""
    stamps = [TRUST.stamp(SIGNATURE)] if stamped else []
    document: dict[str, Any] = json.loads(write_bundle(PAYLOAD, SIGNATURE, load(PEM).hint, stamps))
    document["mediaType"] = media_type
    donor = json.loads(TRUST.bundle(payload=PAYLOAD))
    document["verificationMaterial"]["tlogEntries"] = donor["verificationMaterial"]["tlogEntries"]
    return document


def blob() -> dict[str, Any]:
    digest = base64.b64encode(bytes.fromhex(Digest.sha256(b"content").hex)).decode()
    return {
        "mediaType": READ_MEDIA_TYPES[0],
        "verificationMaterial": {"publicKey": {"hint": load(PEM).hint}},
        "messageSignature": {
            "messageDigest": {"algorithm": "SHA2_256", "digest": digest},
            "signature": base64.b64encode(PLACE.token.sign(PLACE.key.ref, b"content")).decode(),
        },
    }


DOCUMENTS = {f"statement {number}": full(kind, stamped=number % 2 == 0) for number, kind in enumerate(READ_MEDIA_TYPES)} | {"blob": blob()}
STATEMENTS = {name: verify_bundle(json.dumps(document).encode(), PEM, "b") for name, document in DOCUMENTS.items()}


def holds_up(bundle: bytes, name: str) -> bool:
    """Tell whether a bundle is refused as it must be, or says the same as the untouched one; anything else fails the test."""
    try:
        return verify_bundle(bundle, PEM, "b") == STATEMENTS[name]
    except IntegrityError as error:
        return bool(error.what and error.hint)


def refused(document: Any) -> bool:
    try:
        verify_bundle(json.dumps(document).encode(), PEM, "b")
    except IntegrityError as error:
        return bool(error.what and error.hint)
    return False


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_field_dropped_doubled_confused_or_added_is_refused_or_says_the_same(name: str) -> None:
    document = DOCUMENTS[name]
    for path in places(document):
        assert holds_up(edited(document, path, lambda parent, key: parent.pop(key)), name), path
        for value in CONFUSED:
            changed = edited(document, path, lambda parent, key, value=value: parent.__setitem__(key, value))
            assert holds_up(changed, name), (path, value)
        if isinstance(path[-1], str):
            twin = edited(document, path, lambda parent, key: parent.__setitem__(key + "\0twin", parent[key])).replace(b"\\u0000twin", b"")
            assert refused_bytes(twin), path
            assert refused_bytes(edited(document, path, lambda parent, _key: parent.__setitem__("surplus", 1))), path


def refused_bytes(bundle: bytes) -> bool:
    return holds_up(bundle, "blob") and not says_anything(bundle)


def says_anything(bundle: bytes) -> bool:
    try:
        verify_bundle(bundle, PEM, "b")
    except IntegrityError:
        return False
    return True


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_field_of_another_type_is_refused_wherever_it_stands(name: str) -> None:
    document = DOCUMENTS[name]
    for path in places(document):
        value: Any = document
        for step in path:
            value = value[step]
        for confused in (True, -1, 1.5, ["x"], {"x": 1}, [[]], [{}]):
            changed = edited(document, path, lambda parent, key, value=confused: parent.__setitem__(key, value))
            assert not says_anything(changed), (path, confused)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_third_byte_changed_and_every_truncation_is_refused_or_says_the_same(name: str) -> None:
    bundle = json.dumps(DOCUMENTS[name]).encode()
    for position in range(len(name) % 3, len(bundle), 3):
        changed = bytearray(bundle)
        changed[position] ^= 1 if position % 2 else 0x20
        assert holds_up(bytes(changed), name), position
    assert not any(says_anything(bundle[:length]) for length in range(0, len(bundle), 11))


@pytest.mark.parametrize(
    "junk",
    [b"junk", b"\x30\x00", b"\x30\x80", TRUST.stamp(b"another signature"), TRUST.stamp(SIGNATURE)[:-1], TRUST.stamp(SIGNATURE) + b"\0"],
    ids=["words", "empty", "endless", "another's", "cut", "more"],
)
def test_a_timestamp_that_is_none_of_this_signature_is_refused_though_nobody_asks_for_the_time(junk: bytes) -> None:
    bundle = write_bundle(PAYLOAD, SIGNATURE, load(PEM).hint, [junk])
    with pytest.raises(IntegrityError) as caught:
        verify_bundle(bundle, PEM, "b")
    assert caught.value.hint


def test_what_the_format_makes_optional_may_be_left_out() -> None:
    document = full(READ_MEDIA_TYPES[0], stamped=True)
    material = document["verificationMaterial"]
    for edit in (
        lambda: material.__setitem__("publicKey", {}),  # protobuf writes an empty hint so
        lambda: material.pop("tlogEntries"),
        lambda: material.pop("timestampVerificationData"),
        lambda: document["dsseEnvelope"]["signatures"][0].pop("keyid"),
    ):
        edit()
        assert verify_bundle(json.dumps(document).encode(), PEM, "b").subjects == STATEMENTS["statement 0"].subjects


@pytest.mark.parametrize("kind", ["a+/b==", "a-_b", " YQ==", "YQ==\n", "YQ", "YR==", "YQ===", "Y\u0131==", ""])
def test_a_second_spelling_of_base64_is_refused(kind: str) -> None:
    document = copy.deepcopy(DOCUMENTS["statement 0"])
    document["dsseEnvelope"]["signatures"][0]["sig"] = kind
    assert refused(document)


def test_a_signature_in_another_alphabet_or_with_white_space_is_refused() -> None:
    signature = DOCUMENTS["statement 0"]["dsseEnvelope"]["signatures"][0]["sig"]
    for text in (
        signature.replace("+", "-").replace("/", "_") + "\t",
        signature.rstrip("=") + "====",
        signature[:20] + "\n" + signature[20:],
    ):
        document = copy.deepcopy(DOCUMENTS["statement 0"])
        document["dsseEnvelope"]["signatures"][0]["sig"] = text
        assert refused(document)


@pytest.mark.parametrize("depth", [900, 100_000])
def test_deep_nesting_and_endless_numbers_are_refused(depth: int) -> None:
    for text in (
        b"[" * depth + b"]" * depth,
        b'{"a":' * depth + b"1" + b"}" * depth,
        b'{"mediaType":' + b"9" * depth + b"}",
        b"1e" + b"9" * depth,
    ):
        assert not says_anything(text)


def test_another_type_of_payload_under_the_same_signature_is_refused() -> None:
    for kind in ("application/vnd.in-toto+json ", "application/vnd.in-toto+JSON", "text/plain", ""):
        document = copy.deepcopy(DOCUMENTS["statement 0"])
        document["dsseEnvelope"]["payloadType"] = kind
        assert refused(document)
        signed = PLACE.token.sign(PLACE.key.ref, pae(PAYLOAD, kind))  # even where the key's owner did sign it
        document["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(signed).decode()
        assert refused(document)


def test_a_second_signature_and_a_key_id_are_refused() -> None:
    document = copy.deepcopy(DOCUMENTS["statement 0"])
    signatures = document["dsseEnvelope"]["signatures"]
    signatures.append(copy.deepcopy(signatures[0]))
    assert refused(document)
    signatures.pop()
    signatures[0]["keyid"] = load(PEM).hint
    assert refused(document)
