# SPDX-License-Identifier: Apache-2.0
"""Every byte, every length and every field of a bundle counts."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_guard.errors import IntegrityError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.subject import Subject
from pipeline_guard.sign.bundle import write_bundle
from pipeline_guard.sign.dsse import pae
from pipeline_guard.sign.public_key import load
from pipeline_guard.sign.statement import blob_payload
from pipeline_guard.sign.verify import verify_bundle
from tests.fakes.signing import SigningPlace
from tests.property.edits import places

PLACE = SigningPlace()
PEM = PLACE.key.public_pem
PAYLOAD = blob_payload([Subject("a.txt", Digest.sha256(b"content"))])
BUNDLE = write_bundle(PAYLOAD, PLACE.token.sign(PLACE.key.ref, pae(PAYLOAD)), load(PEM).hint)
STATEMENT = verify_bundle(BUNDLE, PEM, "b")
# what the format makes optional: a bundle without it says the same
OPTIONAL = (
    ("verificationMaterial", "tlogEntries"),
    ("verificationMaterial", "publicKey", "hint"),
    ("dsseEnvelope", "signatures", 0, "keyid"),
)


def refused(bundle: bytes) -> bool:
    """Tell whether a bundle is refused as it must be; any other exception fails the test."""
    try:
        verify_bundle(bundle, PEM, "b")
    except IntegrityError as error:
        return bool(error.what and error.hint)
    return False


DOCUMENT = json.loads(BUNDLE)
PLACES = list(places(DOCUMENT))


def edited(path: tuple[Any, ...], edit: Any) -> Any:
    document = copy.deepcopy(DOCUMENT)
    parent = document
    for step in path[:-1]:
        parent = parent[step]
    edit(parent, path[-1])
    return document


def test_the_untouched_bundle_verifies() -> None:
    assert not refused(BUNDLE)


def test_every_changed_byte_is_refused() -> None:
    for position, byte in enumerate(BUNDLE):
        for new in {byte ^ 1, byte ^ 0x20, 0x20, 0x22, 0x41, 0x00, 0xFF} - {byte}:
            changed = bytearray(BUNDLE)
            changed[position] = new
            assert refused(bytes(changed)), (position, new)


def test_every_truncation_is_refused() -> None:
    assert all(refused(BUNDLE[:length]) for length in range(len(BUNDLE)))


def test_every_left_out_byte_is_refused() -> None:
    assert all(refused(BUNDLE[:position] + BUNDLE[position + 1 :]) for position in range(len(BUNDLE)))


@pytest.mark.parametrize("path", PLACES, ids=str)
def test_every_dropped_field_is_refused_unless_it_is_optional(path: tuple[Any, ...]) -> None:
    bundle = json.dumps(edited(path, lambda parent, key: parent.pop(key))).encode()
    if path in OPTIONAL:
        assert verify_bundle(bundle, PEM, "b") == STATEMENT
    else:
        assert refused(bundle)


@pytest.mark.parametrize("path", [path for path in PLACES if isinstance(path[-1], str)], ids=str)
def test_every_doubled_field_is_refused(path: tuple[Any, ...]) -> None:
    def double(parent: dict[str, Any], key: str) -> None:
        parent[key + "\0twin"] = parent[key]

    text = json.dumps(edited(path, double)).replace("\\u0000twin", "")
    assert refused(text.encode())


@pytest.mark.parametrize("path", PLACES, ids=str)
@pytest.mark.parametrize("value", [None, True, 0, -1, 1.5, 10**30, "x", "\ud800", ["x"], {"x": 1}, [[]], [{}]], ids=repr)
def test_every_confused_type_is_refused(path: tuple[Any, ...], value: Any) -> None:
    assert refused(json.dumps(edited(path, lambda parent, key: parent.__setitem__(key, value))).encode())


@pytest.mark.parametrize("path", [(), *(path for path in PLACES if isinstance(path[-1], str))], ids=str)
def test_every_surplus_field_is_refused(path: tuple[Any, ...]) -> None:
    document = copy.deepcopy(DOCUMENT)
    parent = document
    for step in path:
        parent = parent[step]
    if isinstance(parent, dict):
        parent["surplus"] = 1
        assert refused(json.dumps(document).encode())
    else:
        assert refused(json.dumps(edited(path, lambda place, key: place.__setitem__("surplus", 1))).encode())


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_refused(content: bytes) -> None:
    assert refused(content)


@settings(max_examples=50)
@given(
    st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x))
)
def test_arbitrary_json_is_refused(value: Any) -> None:
    assert refused(json.dumps(value).encode())


@given(st.binary(max_size=200))
def test_a_signed_payload_that_is_no_statement_is_refused(payload: bytes) -> None:
    assert refused(write_bundle(payload, PLACE.token.sign(PLACE.key.ref, pae(payload)), load(PEM).hint))
