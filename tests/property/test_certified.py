# SPDX-License-Identifier: Apache-2.0
"""Certified bundles, timestamps and trusted roots under mutation: refused in one class, or saying exactly the same."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_guard.errors import IntegrityError, UsageError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.subject import Subject
from pipeline_guard.sign.certificate import Expected
from pipeline_guard.sign.certified import verify_certified
from pipeline_guard.sign.statement import blob_payload
from pipeline_guard.sign.timestamp import check_timestamp
from pipeline_guard.sign.trusted_root import read_roots, read_trusted_root
from tests.fakes.trust import IDENTITY, ISSUER, V1, V2, PrivateTrust
from tests.property.edits import edited, places

TRUST = PrivateTrust()
ROOT_BYTES = TRUST.root_bytes()
ROOT = read_trusted_root(ROOT_BYTES, "root")
EXPECTED = Expected(IDENTITY, ISSUER)
PAYLOAD = blob_payload([Subject("a.txt", Digest.sha256(b"content"))])
BUNDLES = {
    "statement-v2-log": TRUST.bundle(payload=PAYLOAD),
    "statement-v1-log": TRUST.bundle(payload=PAYLOAD, rekor="dsse", version=V2, stamped=False),
    "statement-intoto": TRUST.bundle(payload=PAYLOAD, rekor="intoto-promise", version=V1, stamped=False),
    "blob": TRUST.bundle(blob=b"content"),
}
STATEMENTS = {name: verify_certified(bundle, ROOT, EXPECTED, "b") for name, bundle in BUNDLES.items()}


def holds_up(bundle: bytes, name: str) -> bool:
    """Tell whether a bundle is refused as it must be, or says the same as the untouched one; anything else fails the test."""
    try:
        return verify_certified(bundle, ROOT, EXPECTED, "b") == STATEMENTS[name]
    except IntegrityError as error:
        return bool(error.what and error.hint)


@pytest.mark.parametrize("name", BUNDLES)
def test_every_fifth_byte_changed_is_refused_or_says_the_same(name: str) -> None:
    bundle = BUNDLES[name]
    for position in range(len(name) % 5, len(bundle), 5):
        changed = bytearray(bundle)
        changed[position] ^= 1 if position % 2 else 0x20
        assert holds_up(bytes(changed), name), position


@pytest.mark.parametrize("name", BUNDLES)
def test_truncations_are_refused(name: str) -> None:
    for length in range(0, len(BUNDLES[name]), 7):
        with pytest.raises(IntegrityError):
            verify_certified(BUNDLES[name][:length], ROOT, EXPECTED, "b")


@pytest.mark.parametrize("name", BUNDLES)
def test_every_field_dropped_doubled_or_confused_is_refused_or_says_the_same(name: str) -> None:
    document = json.loads(BUNDLES[name])
    for path in places(document):
        assert holds_up(edited(document, path, lambda parent, key: parent.pop(key)), name), path
        for value in (None, True, -1, 0, 1.5, 10**30, "", "x", "\ud800", [], ["x"], {}, {"x": 1}, [[]], [{}]):
            assert holds_up(edited(document, path, lambda parent, key, value=value: parent.__setitem__(key, value)), name), (path, value)
        if isinstance(path[-1], str):
            twin = edited(document, path, lambda parent, key: parent.__setitem__(key + "\0twin", parent[key])).replace(b"\\u0000twin", b"")
            with pytest.raises(IntegrityError):
                verify_certified(twin, ROOT, EXPECTED, "b")
            assert holds_up(edited(document, path, lambda parent, _key: parent.__setitem__("surplus", 1)), name), path


@pytest.mark.parametrize("name", BUNDLES)
def test_every_part_that_counts_cannot_be_taken_from_another_bundle(name: str) -> None:
    """Each base64 text replaced by that of a bundle of the same kind over other content, one at a time."""
    other = PrivateTrust()
    kinds = {"statement-v2-log": {}, "statement-v1-log": dict(rekor="dsse", version=V2, stamped=False)}
    kinds |= {"statement-intoto": dict(rekor="intoto-promise", version=V1, stamped=False), "blob": {}}
    content: dict[str, Any] = (
        {"blob": b"other"} if name == "blob" else {"payload": blob_payload([Subject("a.txt", Digest.sha256(b"other"))])}
    )
    for trust in (TRUST, other):
        donor = json.loads(trust.bundle(**content, **kinds[name]))
        document = json.loads(BUNDLES[name])
        for path in places(document):
            value: Any = donor
            for step in path:
                value = value[step]
            changed = edited(document, path, lambda parent, key, value=value: parent.__setitem__(key, value))
            assert holds_up(changed, name), path


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_changed_bytes_inside_the_encoded_parts_are_refused_or_say_the_same(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(BUNDLES)))
    document = json.loads(BUNDLES[name])
    texts = [
        path
        for path in places(document)
        if path[-1] in ("rawBytes", "signedTimestamp", "canonicalizedBody", "signedEntryTimestamp", "rootHash", "sig", "payload")
    ]
    path = data.draw(st.sampled_from(texts))
    value: Any = document
    for step in path:
        value = value[step]
    content = bytearray(base64.b64decode(value))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    text = base64.b64encode(bytes(content)).decode()
    assert holds_up(edited(document, path, lambda parent, key: parent.__setitem__(key, text)), name)


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_no_bundle_and_no_timestamp(content: bytes) -> None:
    with pytest.raises(IntegrityError):
        verify_certified(content, ROOT, EXPECTED, "b")
    with pytest.raises(IntegrityError):
        check_timestamp(content, b"x", ROOT.timestamp_authorities, "b")


def read_or_refused(content: bytes) -> bool:
    try:
        root = read_trusted_root(content, "root")
    except UsageError as error:
        return error.what.startswith("root: ")
    return bool(root.authorities or root.timestamp_authorities)


def test_a_trusted_root_with_any_field_dropped_or_confused_is_read_or_a_usage_error() -> None:
    document = json.loads(ROOT_BYTES)
    for path in places(document):
        changes = [edited(document, path, lambda parent, key: parent.pop(key))]
        values = (None, True, -1, "", "x", "\ud800", [], ["x"], {}, [[]])
        changes += [edited(document, path, lambda parent, key, value=value: parent.__setitem__(key, value)) for value in values]
        assert all(read_or_refused(changed) for changed in changes), path


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_no_roots(content: bytes) -> None:
    for reader in (read_trusted_root, read_roots):
        with pytest.raises(UsageError):
            reader(content, "root")
