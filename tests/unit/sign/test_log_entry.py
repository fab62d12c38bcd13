# SPDX-License-Identifier: Apache-2.0
"""Entries of logs: every promise, proof and state of the log must hold by itself."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from pipeline_guard.errors import IntegrityError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.subject import Subject
from pipeline_guard.sign.certificate import Expected
from pipeline_guard.sign.certified import verify_certified
from pipeline_guard.sign.issuance import Holder
from pipeline_guard.sign.statement import blob_payload
from pipeline_guard.sign.transparency import Checkpoint, leaf_hash, write_checkpoint, write_note
from pipeline_guard.sign.trusted_root import read_trusted_root
from tests.fakes.trust import IDENTITY, ISSUER, NOW, ORIGIN, V1, V2, Key, PrivateTrust, b64

TRUST = PrivateTrust()
ROOT = read_trusted_root(TRUST.root_bytes(), "root")
PAYLOAD = blob_payload([Subject("a.txt", Digest.sha256(b"x"))])
Edit = Callable[[dict[str, Any]], None]


def refused(bundle: bytes, edit: Edit = lambda _entry: None, root: bytes = b"") -> str:
    document = json.loads(bundle)
    edit(document["verificationMaterial"]["tlogEntries"][0])
    with pytest.raises(IntegrityError) as caught:
        verify_certified(json.dumps(document).encode(), read_trusted_root(root, "r") if root else ROOT, Expected(IDENTITY, ISSUER), "b")
    assert caught.value.hint
    return caught.value.what


def signed_state(size: int, root: bytes) -> str:
    text = write_checkpoint(Checkpoint(ORIGIN, size, root))
    return write_note(text, ORIGIN, TRUST.log.holder.id, TRUST.log.sign(text))


def test_a_path_that_leads_elsewhere_is_refused() -> None:
    bundle = TRUST.bundle(payload=PAYLOAD, rekor="dsse")
    assert "does not lead" in refused(bundle, lambda entry: entry["inclusionProof"]["hashes"].reverse())
    assert "does not lead" in refused(bundle, lambda entry: entry["inclusionProof"].update(logIndex="3"))


def test_a_state_of_the_log_other_than_the_proofs_is_refused() -> None:
    bundle = TRUST.bundle(payload=PAYLOAD)
    body = base64.b64decode(json.loads(bundle)["verificationMaterial"]["tlogEntries"][0]["canonicalizedBody"])
    for state in (signed_state(2, leaf_hash(body)), signed_state(1, leaf_hash(b"other"))):
        what = refused(bundle, lambda entry, state=state: entry["inclusionProof"].update(checkpoint={"envelope": state}))  # type: ignore[misc]
        assert "another state" in what


def test_a_promise_about_another_time_place_or_log_is_refused() -> None:
    bundle = TRUST.bundle(payload=PAYLOAD, rekor="dsse", stamped=False)
    assert "promise does not verify" in refused(bundle, lambda entry: entry.update(integratedTime="1"))
    assert "promise does not verify" in refused(bundle, lambda entry: entry.update(logIndex="7"))
    assert "none that is trusted" in refused(bundle, lambda entry: entry["logId"].update(keyId=b64(b"x" * 32)))


def test_without_a_promise_a_log_proves_no_time() -> None:
    bundle = TRUST.bundle(payload=PAYLOAD, rekor="dsse", stamped=False)
    assert "nothing proves when" in refused(bundle, lambda entry: entry.pop("inclusionPromise"))


def test_versions_from_0_2_on_need_a_proof_and_any_needs_something() -> None:
    assert "has no proof" in refused(TRUST.bundle(payload=PAYLOAD, rekor="intoto-promise", version=V2, stamped=False))
    bundle = TRUST.bundle(payload=PAYLOAD, rekor="intoto-promise", version=V1)
    assert "neither a proof nor a promise" in refused(bundle, lambda entry: entry.pop("inclusionPromise"))


def test_a_log_counts_only_in_its_period() -> None:
    bundle = TRUST.bundle(payload=PAYLOAD, rekor="dsse", stamped=False)
    log = json.loads(TRUST.root_bytes())["tlogs"][0]
    log["publicKey"]["validFor"] = {"start": "2020-01-01T00:00:00Z", "end": (NOW - timedelta(seconds=1)).isoformat()}
    assert "was not trusted when" in refused(bundle, root=TRUST.root_bytes(tlogs=[log]))
    # an entry without a time of its own is held against the timestamp
    assert "was not trusted when" in refused(TRUST.bundle(payload=PAYLOAD), root=TRUST.root_bytes(tlogs=[log]))


def test_a_certificate_log_counts_only_in_its_period_and_with_its_own_signature() -> None:
    log = json.loads(TRUST.root_bytes())["ctlogs"][0]
    log["publicKey"]["validFor"] = {"end": (NOW - timedelta(seconds=1)).isoformat()}
    assert "no trusted certificate log" in refused(TRUST.bundle(payload=PAYLOAD), root=TRUST.root_bytes(ctlogs=[log]))
    impostor = PrivateTrust()
    impostor.ca, impostor.root, impostor.tsa, impostor.log = TRUST.ca, TRUST.root, TRUST.tsa, TRUST.log
    impostor.tsa_certificate = TRUST.tsa_certificate
    impostor.ct.holder = Holder(TRUST.ct.holder.public, Key().sign)  # under the name of the log, by another key
    assert "no trusted certificate log" in refused(impostor.bundle(payload=PAYLOAD))


def test_an_entry_says_of_which_kind_it_is() -> None:
    bundle = TRUST.bundle(payload=PAYLOAD, rekor="dsse")
    assert "another kind" in refused(bundle, lambda entry: entry.update(kindVersion={"kind": "hashedrekord", "version": "0.0.1"}))


@pytest.mark.parametrize(
    "body",
    [
        {"apiVersion": "0.0.1", "kind": "intoto", "spec": {}},
        {"apiVersion": "0.0.3", "kind": "hashedrekord", "spec": {}},
        {"apiVersion": "0.0.1", "kind": "rpm", "spec": {}},
        {"apiVersion": "0.0.1", "kind": "dsse", "spec": []},
        {"apiVersion": "0.0.1", "kind": "dsse", "spec": {}},
        {"apiVersion": "0.0.2", "kind": "dsse", "spec": {"dsseV002": {}}},
        {"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {"data": {"hash": {"algorithm": "md5", "value": "x"}}, "signature": {}}},
        {"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": {"data": {"algorithm": "SHA3", "digest": "AAAA"}, "signature": {}}}},
    ],
)  # fmt: skip
def test_entries_of_other_kinds_or_forms_are_refused(body: dict[str, Any]) -> None:
    entry = TRUST.logged(json.dumps(body).encode(), body["kind"], body["apiVersion"])
    document = json.loads(TRUST.bundle(payload=PAYLOAD))
    document["verificationMaterial"]["tlogEntries"] = [entry]
    assert refused(json.dumps(document).encode())


def test_dsse_entries_of_the_second_version_are_read() -> None:
    document = json.loads(TRUST.bundle(payload=PAYLOAD))
    certificate = document["verificationMaterial"]["certificate"]
    signature = document["dsseEnvelope"]["signatures"][0]["sig"]
    hashed = {"algorithm": "SHA2_256", "digest": b64(bytes.fromhex(Digest.sha256(PAYLOAD).hex))}
    verifier = {"keyDetails": "PKIX_ECDSA_P256_SHA_256", "x509Certificate": certificate}
    for content, holds in ((signature, True), (b64(b"other"), False)):
        inner = {"payloadHash": hashed, "signatures": [{"content": content, "verifier": verifier}]}
        body = {"apiVersion": "0.0.2", "kind": "dsse", "spec": {"dsseV002": inner}}
        document["verificationMaterial"]["tlogEntries"] = [TRUST.logged(json.dumps(body).encode(), "dsse", "0.0.2")]
        bundle = json.dumps(document).encode()
        if holds:
            assert verify_certified(bundle, ROOT, Expected(IDENTITY, ISSUER), "b")
        else:
            assert "another signature" in refused(bundle)


@pytest.mark.parametrize(("before", "after"), [(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x05"), (b"", b"junk")], ids=["version", "junk"])
def test_a_certificate_in_an_entry_that_nobody_can_read_is_refused(before: bytes, after: bytes) -> None:
    document = json.loads(TRUST.bundle(payload=PAYLOAD, rekor="dsse"))
    body = json.loads(base64.b64decode(document["verificationMaterial"]["tlogEntries"][0]["canonicalizedBody"]))
    der = base64.b64decode(document["verificationMaterial"]["certificate"]["rawBytes"])
    strange = der.replace(before, after, 1) if before else after
    pem = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(strange) + b"-----END CERTIFICATE-----\n"
    body["spec"]["signatures"][0]["verifier"] = b64(pem)
    document["verificationMaterial"]["tlogEntries"] = [TRUST.logged(json.dumps(body).encode(), "dsse", "0.0.1")]
    assert "names no certificate" in refused(json.dumps(document).encode())
