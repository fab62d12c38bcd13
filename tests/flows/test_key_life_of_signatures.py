# SPDX-License-Identifier: Apache-2.0
"""What becomes of signatures when their key is rotated, ends, is revoked or compromised; and keys of every type."""

from __future__ import annotations

import base64
import dataclasses
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import securesystemslib.dsse
import securesystemslib.exceptions
import securesystemslib.signer
from cryptography.hazmat.primitives import serialization

from pipeline_guard.errors import IntegrityError, NothingToDo, UsageError
from pipeline_guard.flows.key_report import timeline
from pipeline_guard.flows.sign import Signed, SignRequest, sign, sign_statement
from pipeline_guard.flows.trust import KeyTrust
from pipeline_guard.flows.verify import KeyDoors, find_key, verify
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.key import KeyRecord, KeyState, KeyType, KeyUsage
from pipeline_guard.model.subject import Subject
from pipeline_guard.model.verification import Verification
from pipeline_guard.sign.summary import summary_payload
from pipeline_guard.sign.trusted_root import TrustedRoot, read_timestamp_chain
from tests.fakes.signing import SigningPlace, StandingClock
from tests.fakes.trust import PrivateTrust

NOW = StandingClock().now()
DAY = timedelta(days=1)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SigningPlace:
    monkeypatch.chdir(tmp_path)
    Path("a.bin").write_bytes(b"one")
    Path("model").mkdir()
    Path("model/config.json").write_bytes(b"{}")
    found = SigningPlace()
    found.state.records["signing"] = dataclasses.replace(found.key, created=NOW - 100 * DAY)
    return found


def signed(place: SigningPlace, *subjects: str, **more: Any) -> list[Signed]:
    return sign(SignRequest(subjects, "", more.pop("key", "signing"), "", "user:ada", **more), doors=place.sign_doors)


def answer(
    place: SigningPlace, subject: str = "a.bin", key: str = "signing", root: TrustedRoot | None = None, bundle: str = ""
) -> Verification:
    keys = KeyDoors(lambda: place.state, lambda: place.token)
    found = find_key(key, files=place.verify_doors.files, keys=keys, clock=place.verify_doors.clock)
    (given,) = verify([subject], bundle, KeyTrust(found, root) if root else found, doors=place.verify_doors)
    assert given.why
    assert given.verified or given.hint
    return given


def change(place: SigningPlace, **changed: Any) -> None:
    place.state.records["signing"] = dataclasses.replace(place.state.records["signing"], **changed)


def rotate(place: SigningPlace, **ended: Any) -> KeyRecord:
    """Make a second version; the first ends."""
    old = dataclasses.replace(place.state.records["signing"], **ended)
    place.state.older = [old]
    new = place.token.create("signing", 2, KeyType.EC_P256, KeyUsage.SIGN)
    place.state.records["signing"] = new
    return new


RETIRED = {"state": KeyState.DEACTIVATED, "deactivated": NOW - DAY}


def test_a_name_stands_for_every_version_and_the_answer_says_which(place: SigningPlace) -> None:
    signed(place, "a.bin")
    rotate(place)
    first = answer(place)
    assert first.judgement is not None
    assert (first.judgement.by.key_name, first.judgement.by.key_version) == ("signing", 1)
    signed(place, "a.bin")
    second = answer(place)
    assert second.judgement is not None
    assert second.judgement.by.key_version == 2


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, "valid"),
        (RETIRED, "untimestamped"),
        ({"stops": NOW}, "untimestamped"),
        ({"state": KeyState.COMPROMISED, "compromised": NOW - DAY, "deactivated": NOW - DAY}, "compromised"),
        ({"state": KeyState.SUSPENDED}, "suspended"),
        ({"state": KeyState.PRE_ACTIVATION}, "not-yet-valid"),
        ({"state": KeyState.DESTROYED}, "untimestamped"),
    ],
)
def test_a_bare_signature_of_a_key_that_ended_counts_no_more(place: SigningPlace, changed: dict[str, Any], verdict: str) -> None:
    signed(place, "a.bin")
    change(place, **changed)
    assert answer(place).verdict.value == verdict


def test_a_timestamp_from_before_the_end_keeps_a_signature_and_one_from_behind_does_not(place: SigningPlace) -> None:
    trust = PrivateTrust(NOW - 2 * DAY)
    doors = dataclasses.replace(place.sign_doors, stamp=trust.stamp)
    sign(SignRequest(("a.bin",), "", "signing", "", "user:ada"), doors=doors)
    chain = b"".join(
        base64.encodebytes(der).join([b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n"])
        for der in (trust.tsa_certificate, trust.root)
    )
    root = TrustedRoot().with_timestamps_of(read_timestamp_chain(chain, "tsa.pem"))
    change(place, **RETIRED)
    kept = answer(place, root=root)
    assert kept.verdict.value == "signed-before-expiry"
    assert kept.judgement is not None
    assert kept.judgement.time is not None
    assert kept.judgement.time.time == NOW - 2 * DAY
    assert answer(place).verdict.value == "untimestamped"  # nobody trusts that authority
    change(place, deactivated=NOW - 3 * DAY)
    assert answer(place, root=root).verdict.value == "expired"
    change(place, state=KeyState.COMPROMISED, compromised=NOW - DAY, deactivated=NOW - DAY)
    assert answer(place, root=root).verdict.value == "signed-before-revocation"
    change(place, compromised=NOW - 3 * DAY)
    assert answer(place, root=root).verdict.value == "compromised"


def test_an_exported_timeline_judges_as_the_store_does(place: SigningPlace) -> None:
    signed(place, "a.bin")
    rotate(place, **RETIRED)
    Path("key.json").write_text(json.dumps(timeline("signing", NOW, place.state)))
    assert answer(place, key="key.json").verdict.value == answer(place).verdict.value == "untimestamped"
    signed(place, "a.bin")
    assert answer(place, key="./key.json").verdict.value == "valid"
    Path("key.json").write_text("{}")
    with pytest.raises(UsageError, match=r"key\.json: not a timeline"):
        answer(place, key="key.json")


def test_each_refusal_has_its_own_verdict(place: SigningPlace) -> None:
    assert answer(place).verdict.value == "no-signature"
    signed(place, "a.bin", "model")
    Path("other.pem").write_text(SigningPlace().key.public_pem)
    assert answer(place, key="other.pem").verdict.value == "unknown-key"
    Path("b.bin").write_bytes(b"two")
    assert answer(place, "b.bin", bundle="a.bin.sigstore.json").verdict.value == "wrong-subject"
    assert answer(place, "sha256:" + "0" * 64, bundle="a.bin.sigstore.json").verdict.value == "wrong-subject"
    assert answer(place, "a.bin", bundle="model/model.sig").verdict.value == "wrong-subject"
    Path("model/config.json").write_bytes(b"[]")
    assert answer(place, "model").verdict.value == "tampered"
    Path("a.bin").write_bytes(b"ONE")
    assert answer(place).verdict.value == "tampered"
    with pytest.raises(NothingToDo):
        answer(place, "missing")


def test_another_name_is_told_and_the_own_name_is_not(place: SigningPlace) -> None:
    signed(place, "a.bin", "model")
    assert answer(place).signed_as == ""
    Path("a.bin").rename("c.bin")
    Path("model").rename("copy")
    renamed = answer(place, "c.bin", bundle="a.bin.sigstore.json")
    assert (renamed.verified, renamed.signed_as) == (True, "a.bin")
    assert answer(place, "copy").signed_as == "model"


# --- every type of key

SCHEMES = {
    KeyType.EC_P256: ("ecdsa", "ecdsa-sha2-nistp256"),
    KeyType.EC_P384: ("ecdsa", "ecdsa-sha2-nistp384"),
    KeyType.ED25519: ("ed25519", "ed25519"),
    KeyType.RSA_3072: ("rsa", "rsa-pkcs1v15-sha256"),
}


def judged_by_securesystemslib(bundle: bytes, key: KeyRecord) -> bool:
    kind, scheme = SCHEMES[key.ref.type]
    public = key.public_pem
    if kind == "ed25519":
        loaded = serialization.load_pem_public_key(public.encode())
        public = loaded.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw).hex()
    envelope = securesystemslib.dsse.Envelope.from_dict(json.loads(bundle)["dsseEnvelope"])
    try:
        envelope.verify([securesystemslib.signer.SSlibKey("", kind, scheme, {"public": public})], 1)
    except securesystemslib.exceptions.VerificationError:
        return False
    return True


@pytest.mark.parametrize("kind", list(SCHEMES), ids=lambda kind: kind.value)
def test_keys_of_every_classical_type_sign_what_foreign_software_verifies(place: SigningPlace, kind: KeyType) -> None:
    record = place.token.create("other", 1, kind, KeyUsage.SIGN)
    place.state.add_key(record)
    signed(place, "a.bin", "model", key="other")
    assert answer(place, key="other").verified
    assert answer(place, "model", key="other").verified
    bundle = Path("a.bin.sigstore.json").read_bytes()
    assert judged_by_securesystemslib(bundle, record)
    assert not judged_by_securesystemslib(bundle.replace(b'"payload":"', b'"payload":"AAAA'), record)


def test_a_post_quantum_key_describes_itself_in_the_bundle(place: SigningPlace) -> None:
    place.state.add_key(place.token.create("pq", 1, KeyType.ML_DSA_65, KeyUsage.SIGN))
    signed(place, "a.bin", key="pq")
    given = answer(place, key="pq")
    assert given.verified
    assert given.judgement is not None
    assert given.judgement.by.key_type == "ml-dsa-65"
    hint = json.loads(Path("a.bin.sigstore.json").read_bytes())["verificationMaterial"]["publicKey"]["hint"]
    assert hint == f"ml-dsa-65;token;sha256:{given.judgement.by.fingerprint}"
    soft = dataclasses.replace(place.state.records["pq"], token="software:1234")
    place.state.records["pq"] = soft
    signed(place, "a.bin", key="pq")
    assert ";software;" in json.loads(Path("a.bin.sigstore.json").read_bytes())["verificationMaterial"]["publicKey"]["hint"]
    assert answer(place, key="pq").verified


def test_hybrid_signs_one_payload_twice(place: SigningPlace) -> None:
    place.state.add_key(place.token.create("pq", 1, KeyType.ML_DSA_65, KeyUsage.SIGN))
    made = signed(place, "a.bin", "model", pq_key="pq")
    assert [each.bundle for each in made] == ["a.bin.sigstore.json", "a.bin.pq.sigstore.json", "model/model.sig", "model.pq.sigstore.json"]
    assert made[0].payload == made[1].payload
    payloads = [json.loads(Path(each.bundle).read_bytes())["dsseEnvelope"]["payload"] for each in made]
    assert payloads[0] == payloads[1]
    assert payloads[2] == payloads[3]
    assert answer(place, "model").verified
    assert answer(place, "model", key="pq", bundle="model.pq.sigstore.json").verified
    assert answer(place, key="pq", bundle="a.bin.sigstore.json").verdict.value == "unknown-key"
    for key, pq in (("signing", "signing"), ("pq", "pq"), ("pq", "signing")):
        with pytest.raises(UsageError, match="hybrid"):
            signed(place, "a.bin", key=key, pq_key=pq)


# --- predicates


def said(place: SigningPlace, content: Any, kind: str, *subjects: str) -> dict[str, Any]:
    Path("predicate.json").write_text(json.dumps(content))
    (made,) = signed(place, *subjects, predicate="predicate.json", predicate_type=kind)
    found: dict[str, Any] = json.loads(base64.b64decode(json.loads(Path(made.bundle).read_bytes())["dsseEnvelope"]["payload"]))
    return {**found, "bundle": made.bundle}


def test_any_predicate_is_signed_about_a_file(place: SigningPlace) -> None:
    statement = said(place, {"result": "PASSED", "score": 0.25}, "test-result", "a.bin")
    assert statement["bundle"] == "a.bin.test-result.sigstore.json"
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert statement["predicate"] == {"result": "PASSED", "score": 0.25}
    assert answer(place, bundle=statement["bundle"]).predicate_type == statement["predicateType"]
    assert said(place, {"x": 1}, "https://example.org/x", "a.bin")["bundle"] == "a.bin.attestation.sigstore.json"


def test_a_bom_is_bound_to_the_model_it_is_about(place: SigningPlace) -> None:
    signed(place, "model")
    root = json.loads(base64.b64decode(json.loads(Path("model/model.sig").read_bytes())["dsseEnvelope"]["payload"]))["subject"][0][
        "digest"
    ]["sha256"]
    empty = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"  # of {}
    bom = {
        "bomFormat": "CycloneDX",
        "components": [{"type": "file", "name": "config.json", "hashes": [{"alg": "SHA-256", "content": empty}]}],
    }
    statement = said(place, bom, "cyclonedx", "model")
    assert statement["bundle"] == "model.cyclonedx.sigstore.json"
    assert statement["subject"] == [{"name": "model", "digest": {"sha256": root}}]
    Path("model/config.json").write_bytes(b"[]")
    with pytest.raises(IntegrityError, match=r"config\.json"):
        said(place, bom, "cyclonedx", "model")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"predicate_type": "vsa"}, "without a predicate"),
        ({"predicate": "p.json"}, "of which type"),
        ({"predicate": "p.json", "predicate_type": "sbom"}, "not a type"),
        ({"predicate": "p.json", "predicate_type": "blob"}, "not given but made"),
        ({"predicate": "p.json", "predicate_type": "vsa"}, "verification summary"),
        ({"predicate": "a.bin", "predicate_type": "vsa"}, "not valid JSON"),
    ],
)
def test_a_predicate_that_is_none_signs_nothing(place: SigningPlace, more: dict[str, str], told: str) -> None:
    Path("p.json").write_text("{}")
    with pytest.raises(UsageError, match=told):
        signed(place, "a.bin", **more)
    assert place.token.signatures == 0


def test_hundreds_of_subjects_share_one_statement(place: SigningPlace) -> None:
    names = [f"{number}.bin" for number in range(500)]
    for name in names:
        Path(name).write_text(name)
    Path("p.json").write_text('{"result":"PASSED"}')
    request = SignRequest(tuple(names), "", "signing", "all.json", "user:ada", predicate="p.json", predicate_type="test-result")
    (made,) = sign(request, doors=place.sign_doors)
    assert place.token.signatures == 1
    assert len(made.subjects) == 500
    assert answer(place, "499.bin", bundle="all.json").verified


def test_a_summary_that_is_ready_is_signed_and_verifies(place: SigningPlace) -> None:
    policy, subject = Digest.sha256(b"policy"), Subject("a.bin", Digest.sha256(b"one"))
    payload = summary_payload([subject], "urn:guard", NOW, "urn:resource", policy_digest=policy, policy_uri="urn:policy", passed=True)
    made = sign_statement(payload, ("a.bin",), "signing", "a.bin.vsa.sigstore.json", "user:ada", doors=place.sign_doors)
    assert place.state.events[-1].request_digest == made.payload.hex
    given = answer(place, bundle=made.bundle)
    assert (given.verified, given.predicate_type) == (True, "https://slsa.dev/verification_summary/v1")


VECTORS = Path(__file__).parents[1] / "vectors" / "sign" / "keys"
STORED = [kind.value for kind in (*SCHEMES, KeyType.ML_DSA_65)]


@pytest.mark.parametrize("kind", STORED)
def test_stored_bundles_of_every_type_verify_for_ever(place: SigningPlace, kind: str) -> None:
    subject, bundle = str(VECTORS / "hello.txt"), str(VECTORS / f"{kind}.sigstore.json")
    given = answer(place, subject, key=str(VECTORS / f"{kind}.json"), bundle=bundle)
    assert given.verdict.value == "valid"
    assert given.judgement is not None
    assert (given.judgement.by.key_type, given.judgement.by.key_name, given.judgement.by.key_version) == (kind, kind, 1)


@pytest.mark.parametrize(("state", "verdict"), [("retired", "untimestamped"), ("compromised", "compromised"), ("suspended", "suspended")])
def test_stored_timelines_say_the_same_for_ever(place: SigningPlace, state: str, verdict: str) -> None:
    subject, bundle = str(VECTORS / "hello.txt"), str(VECTORS / "ec-p256.sigstore.json")
    assert answer(place, subject, key=str(VECTORS / f"ec-p256.{state}.json"), bundle=bundle).verdict.value == verdict


@pytest.mark.parametrize("kind", STORED)
def test_every_changed_part_of_a_signature_of_every_type_is_refused(place: SigningPlace, kind: str) -> None:
    content = (VECTORS / f"{kind}.sigstore.json").read_bytes()
    begin = content.index(b'"sig":"') + 7
    for position in range(begin, content.index(b'"', begin), max(1, len(content) // 200)):
        changed = bytearray(content)
        changed[position] = ord("A") if changed[position] != ord("A") else ord("B")
        Path("changed.json").write_bytes(changed)
        given = answer(place, str(VECTORS / "hello.txt"), key=str(VECTORS / f"{kind}.json"), bundle="changed.json")
        assert given.verdict.value == "tampered", position
