# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from pipeline_guard.errors import IntegrityError
from pipeline_guard.sign.bundle import MAX_BUNDLE, READ_MEDIA_TYPES, UnverifiedEnvelope, read_bundle, write_bundle

SIGNATURE = b"\x30\x06signature"


def changed(**fields: Any) -> bytes:
    """A bundle with fields replaced, named by path (``dsseEnvelope__payload``); ``...`` takes one away."""
    bundle = json.loads(write_bundle(b"payload", SIGNATURE, "hint"))
    for path, value in fields.items():
        *steps, last = path.split("__")
        place = bundle
        for step in steps:
            place = place[int(step) if step.isdigit() else step]
        if value is ...:
            del place[last]
        else:
            place[last] = value
    return json.dumps(bundle).encode()


def test_a_bundle_is_one_line_of_ascii_and_comes_back() -> None:
    bundle = write_bundle("päyload".encode(), SIGNATURE, "hint")
    assert bundle.isascii()
    assert not set(b"\r\n\t ") & set(bundle)
    assert read_bundle(bundle, "b") == UnverifiedEnvelope("päyload".encode(), SIGNATURE, "hint")


def test_fields_stand_where_other_tools_write_them() -> None:
    assert json.loads(write_bundle(b"payload", SIGNATURE, "hint")) == {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": "hint"}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": base64.b64encode(b"payload").decode(),
            "payloadType": "application/vnd.in-toto+json",
            "signatures": [{"sig": base64.b64encode(SIGNATURE).decode(), "keyid": ""}],
        },
    }


@pytest.mark.parametrize("media_type", READ_MEDIA_TYPES)
def test_every_version_is_read(media_type: str) -> None:
    assert read_bundle(changed(mediaType=media_type), "b").payload == b"payload"


@pytest.mark.parametrize(
    "fields",
    [
        {"verificationMaterial__tlogEntries": ...},
        {"verificationMaterial__publicKey__hint": ...},
        {"dsseEnvelope__signatures__0__keyid": ...},
        {"verificationMaterial__tlogEntries": []},
        {"verificationMaterial__timestampVerificationData": {}},
    ],
)
def test_what_other_tools_leave_out_or_add_is_no_fault(fields: dict[str, Any]) -> None:
    assert read_bundle(changed(**fields), "b").signature == SIGNATURE


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"mediaType": "application/vnd.dev.sigstore.bundle.v0.4+json"}, "version"),
        ({"mediaType": ...}, "no mediaType"),
        ({"surplus": 1}, "fields that no version"),
        ({"dsseEnvelope": ...}, "one statement or one signature"),
        ({"messageSignature": {}}, "one statement or one signature"),
        ({"verificationMaterial": []}, "not a JSON object"),
        ({"verificationMaterial__publicKey": ...}, "no public key"),
        ({"verificationMaterial__certificate": {"rawBytes": "AAAA"}}, "certificate"),
        ({"verificationMaterial__publicKey__hint": 7}, "hint is not text"),
        ({"dsseEnvelope__payload": "cGF5bG9hZA"}, "not base64"),
        ({"dsseEnvelope__payload": "cGF5bG9hZB=="}, "not base64 as written"),
        ({"dsseEnvelope__payload": "cGF5 bG9hZA=="}, "not base64"),
        ({"dsseEnvelope__payload": "é"}, "not base64"),
        ({"dsseEnvelope__payload": ""}, "not base64"),
        ({"dsseEnvelope__payloadType": "text/plain"}, "no in-toto"),
        ({"dsseEnvelope__signatures": []}, "exactly one"),
        ({"dsseEnvelope__signatures": [{"sig": "AAAA"}] * 2}, "exactly one"),
        ({"dsseEnvelope__signatures": ["AAAA"]}, "not a JSON object"),
        ({"dsseEnvelope__signatures__0__sig": "-_-_"}, "not base64"),
        ({"dsseEnvelope__signatures__0__keyid": "other"}, "key id"),
    ],
)
def test_an_irregular_bundle_is_refused_with_its_reason_and_a_hint(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(IntegrityError, match=reason) as caught:
        read_bundle(changed(**fields), "b.json")
    assert caught.value.what.startswith("b.json: ")
    assert caught.value.hint


@pytest.mark.parametrize(
    "content",
    [b"", b" \n", b"{", b"[]", b"null", b"1", b'"text"', b"\xff\xfe", b"[" * 100_000, b'{"mediaType":1,"mediaType":1}', b"NaN", b"\0" * 9],
)
def test_what_is_no_json_object_is_refused(content: bytes) -> None:
    with pytest.raises(IntegrityError) as caught:
        read_bundle(content, "b.json")
    assert caught.value.hint


def test_a_huge_bundle_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(IntegrityError, match="larger than"):
        read_bundle(b" " * MAX_BUNDLE + b"{}", "b.json")
