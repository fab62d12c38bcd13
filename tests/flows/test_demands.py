# SPDX-License-Identifier: Apache-2.0
"""Policy over real bundles: keys, certified identities, thresholds, hybrid signatures, statements about files and models."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pipeline_guard.config import parse_signature_policy
from pipeline_guard.errors import NothingToDo, UsageError
from pipeline_guard.flows.demands import verify_by_policy
from pipeline_guard.flows.sign import SignRequest, sign
from pipeline_guard.flows.trust import TrustFiles
from pipeline_guard.flows.verify import KeyDoors
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.key import KeyState, KeyType, KeyUsage
from pipeline_guard.model.signature import SignatureVerdict
from pipeline_guard.model.subject import Subject
from pipeline_guard.model.verification import Verification
from pipeline_guard.policy.signatures import PredicateRule, SignatureRule
from pipeline_guard.sign.statement import blob_payload
from tests.fakes.signing import SigningPlace, StandingClock
from tests.fakes.trust import IDENTITY, ISSUER, PrivateTrust


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SigningPlace:
    monkeypatch.chdir(tmp_path)
    Path("dist").mkdir()
    Path("dist/a.whl").write_bytes(b"one")
    Path("model").mkdir()
    Path("model/config.json").write_bytes(b"{}")
    found = SigningPlace()
    for name, kind in (("ada", KeyType.ED25519), ("bob", KeyType.EC_P384), ("pq", KeyType.ML_DSA_65)):
        found.state.add_key(found.token.create(name, 1, kind, KeyUsage.SIGN))
    return found


def signed(place: SigningPlace, subject: str, key: str = "signing", bundle: str = "", **more: Any) -> None:
    sign(SignRequest((subject,), "", key, bundle, "user:ada", **more), doors=place.sign_doors)


def answer(place: SigningPlace, policy: str, subject: str = "dist/a.whl", *bundles: str, root: str = "") -> Verification:
    rules = parse_signature_policy(f"version: 1\nrules:\n{policy}".encode(), "policy.yml")
    keys = KeyDoors(lambda: place.state, lambda: place.token)
    (found,) = verify_by_policy([subject], bundles, rules, TrustFiles(root), doors=place.verify_doors, keys=keys)
    assert found.why
    assert found.verified or found.hint
    return found


ONE = "  - {subjects: [dist/*.whl], signers: [{key: signing}]}\n"


def test_a_subject_is_accepted_by_the_rule_that_names_it_and_by_no_other(place: SigningPlace) -> None:
    signed(place, "dist/a.whl")
    found = answer(place, ONE)
    assert (found.verdict.value, found.bundle, found.digest) == ("valid", "dist/a.whl.sigstore.json", str(Digest.sha256(b"one")))
    assert [each.verdict.value for each in found.signatures] == ["valid"]
    other = answer(place, "  - {subjects: [other/*], signers: [{key: signing}]}\n")
    assert (other.verdict.value, "no rule" in other.why) == ("not-by-policy", True)


def test_every_rule_that_names_a_subject_must_be_met(place: SigningPlace) -> None:
    signed(place, "dist/a.whl")
    strict = ONE + "  - {subjects: ['*.whl'], signers: [{key: ada}]}\n"
    assert answer(place, strict).verdict.value == "unknown-key"
    first, second = strict.splitlines()
    assert answer(place, f"{second}\n{first}\n").verdict.value == "unknown-key"
    signed(place, "dist/a.whl", "ada", "second.json")
    assert answer(place, strict, "dist/a.whl", "dist/a.whl.sigstore.json", "second.json").verified


def test_somebody_elses_signature_a_changed_file_and_no_signature_are_told_apart(place: SigningPlace) -> None:
    assert answer(place, ONE).verdict.value == "no-signature"
    signed(place, "dist/a.whl", "ada")
    assert answer(place, ONE).verdict.value == "unknown-key"
    signed(place, "dist/a.whl")
    Path("dist/a.whl").write_bytes(b"two")
    assert answer(place, ONE).verdict.value == "tampered"
    with pytest.raises(NothingToDo):
        answer(place, ONE, "dist/gone.whl")


def test_a_revoked_key_meets_no_policy(place: SigningPlace) -> None:
    signed(place, "dist/a.whl")
    place.state.records["signing"] = dataclasses.replace(place.key, state=KeyState.COMPROMISED, compromised=StandingClock().now())
    assert answer(place, ONE).verdict.value == "compromised"


THRESHOLD = "  - {subjects: ['**'], threshold: 2, signers: [{key: signing}, {key: ada}, {key: bob}]}\n"


def test_two_of_three_sign_into_bundles_of_their_own(place: SigningPlace) -> None:
    signed(place, "dist/a.whl")
    signed(place, "dist/a.whl", "ada", "ada.json")
    bundles = ("dist/a.whl.sigstore.json", "ada.json")
    assert answer(place, THRESHOLD, "dist/a.whl", *bundles).verified
    alone = answer(place, THRESHOLD, "dist/a.whl", bundles[0], bundles[0])
    assert (alone.verdict.value, "1 of the 2" in alone.why) == ("not-by-policy", True)
    Path("ada.json").write_bytes(Path("ada.json").read_bytes().replace(b'"sig":"', b'"sig":"AAAA'))
    assert not answer(place, THRESHOLD, "dist/a.whl", *bundles).verified
    Path("signing.pem").write_text(place.key.public_pem)
    with pytest.raises(UsageError, match="same key"):
        answer(place, "  - {subjects: ['**'], threshold: 2, signers: [{key: signing}, {key: signing.pem}]}\n")


HYBRID = "  - {subjects: ['**'], require: [classical, pq], signers: [{key: signing}, {key: pq}]}\n"


@pytest.mark.parametrize("subject", ["dist/a.whl", "model"])
def test_hybrid_signatures_are_found_beside_the_subject_and_both_are_needed(place: SigningPlace, subject: str) -> None:
    signed(place, subject, pq_key="pq")
    assert answer(place, HYBRID, subject).verified
    Path(f"{subject}.pq.sigstore.json").unlink()
    assert "no pq signature" in answer(place, HYBRID, subject).why


def test_a_name_that_was_not_signed_is_refused_unless_policy_allows_it(place: SigningPlace) -> None:
    signed(place, "dist/a.whl")
    Path("dist/a.whl").rename("dist/b.whl")
    bundle = "dist/a.whl.sigstore.json"
    refused = answer(place, ONE, "dist/b.whl", bundle)
    assert (refused.verdict.value, "another name (a.whl)" in refused.why) == ("not-by-policy", True)
    allowed = answer(place, ONE.replace("}]}", "}], allow-renamed: true}"), "dist/b.whl", bundle)
    assert (allowed.verified, allowed.signed_as) == (True, "a.whl")


def test_statements_about_a_subject_are_found_beside_it(place: SigningPlace) -> None:
    policy = "  - {subjects: ['**'], signers: [{key: signing}, {key: ada}], predicates: [{type: test-result, by: [ada]}]}\n"
    signed(place, "dist/a.whl")
    assert "no statement of type test-result" in answer(place, policy).why
    Path("p.json").write_text('{"result":"FAILED"}')
    signed(place, "dist/a.whl", "ada", predicate="p.json", predicate_type="test-result")
    assert "its result is FAILED" in answer(place, policy).why
    Path("p.json").write_text('{"result":"PASSED"}')
    signed(place, "dist/a.whl", "signing", predicate="p.json", predicate_type="test-result")
    assert "by signing, who does not count" in answer(place, policy).why
    signed(place, "dist/a.whl", "ada", predicate="p.json", predicate_type="test-result")
    assert answer(place, policy).verified


def test_what_is_said_of_a_model_counts_only_with_the_models_own_signature(place: SigningPlace) -> None:
    policy = "  - {subjects: [model], signers: [{key: signing}], predicates: [{type: test-result}]}\n"
    Path("p.json").write_text('{"result":"PASSED"}')
    signed(place, "model", predicate="p.json", predicate_type="test-result")
    assert not answer(place, policy, "model").verified
    signed(place, "model")
    assert answer(place, policy, "model").verified
    Path("model/config.json").write_bytes(b"[]")
    assert answer(place, policy, "model").verdict.value in ("tampered", "not-by-policy")
    assert not answer(place, policy, "model").verified


def test_local_provenance_is_no_proof_of_a_level(place: SigningPlace) -> None:
    policy = "  - {subjects: ['**'], signers: [{key: signing}], slsa-level: 2, builders: {'https://github.com/acme/**': 3}}\n"
    sign(SignRequest(("dist/a.whl",), "provenance", "signing", "", "user:ada"), doors=place.sign_doors)
    assert "SLSA build level 2" in answer(place, policy).why


def test_certified_identities_sign_by_pattern_of_the_whole_name(place: SigningPlace) -> None:
    trust = PrivateTrust()
    Path("root.json").write_bytes(trust.root_bytes())
    payload = blob_payload([Subject("a.whl", Digest.sha256(b"one"))])
    Path("dist/a.whl.sigstore.json").write_bytes(trust.bundle(payload=payload))

    def by(identity: str, issuer: str = ISSUER, more: str = "") -> Verification:
        policy = f"  - {{subjects: ['**'], signers: [{more}{{identity: '{identity}', issuer: '{issuer}'}}]}}\n"
        return answer(place, policy, root="root.json")

    found = by(IDENTITY)
    assert found.verified
    assert found.judgement is not None
    assert (found.judgement.by.identity, found.judgement.by.issuer) == (IDENTITY, ISSUER)
    assert found.judgement.time is not None
    assert by(IDENTITY.replace("/main", "/*")).verified
    assert by(IDENTITY, more="{key: ada}, ").verified
    assert by(IDENTITY.replace("/main", "/release*")).verdict.value == "not-by-policy"
    assert by("https://*").verdict.value == "not-by-policy"
    assert by(IDENTITY, "https://elsewhere.example").verdict.value == "not-by-policy"
    with pytest.raises(UsageError) as caught:
        answer(place, f"  - {{subjects: ['**'], signers: [{{identity: '{IDENTITY}', issuer: '{ISSUER}'}}]}}\n")
    assert "--trusted-root" in caught.value.hint


def test_a_signer_who_cannot_be_known_is_a_usage_error(place: SigningPlace) -> None:
    signed(place, "dist/a.whl")
    for key in ("nobody", "keys/none.pem"):
        with pytest.raises(UsageError):
            answer(place, f"  - {{subjects: ['**'], signers: [{{key: signing}}, {{key: {key}}}]}}\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "must be a mapping"),
        ("- 1", "must be a mapping"),
        ("version: 1\nrules: []", "without a rule"),
        ("version: 2\nrules: []", "version"),
        ("rules: []", "version"),
        ("version: 1\nrules:\n  - {subjects: [a], signer: [{key: b}]}", "3: unknown key signer"),
        ("version: 1\nrules:\n  - {subjects: a, signers: [{key: b}]}", "subjects"),
        ("version: 1\nrules:\n  - {subjects: [a], signers: [{key: b}], require: [quantum]}", "require"),
        ("version: 1\nrules:\n  - {subjects: [a], signers: [{key: b}], predicates: [{type: vsa, bilder: x}]}", "bilder"),
        ("version: 1\nrules:\n  - {subjects: [a], signers: []}", "rule 1"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_a_usage_error_with_its_line(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told) as caught:
        parse_signature_policy(text.encode(), "policy.yml")
    assert caught.value.what.startswith("policy.yml")


def test_the_same_policy_may_stand_in_the_configuration() -> None:
    from pipeline_guard.config import parse

    config = parse(b"version: 1\nverify: {policy: [{subjects: [a], signers: [{key: b}]}]}")
    assert config.verify.policy[0].signers[0].key == "b"
    with pytest.raises(UsageError, match="rule 1"):
        parse(b"version: 1\nverify: {policy: [{subjects: [a], signers: []}]}")


def test_answers_are_told_in_json_by_the_schema(place: SigningPlace) -> None:
    import jsonschema

    from pipeline_guard.model.verification import Verified
    from pipeline_guard.report.as_verification import as_json

    signed(place, "dist/a.whl", pq_key="pq")
    answers = [answer(place, HYBRID), answer(place, ONE), answer(place, "  - {subjects: ['**'], signers: [{key: bob}]}\n")]
    document = json.loads(as_json(Verified(tuple(answers))))
    schema = Path(__file__).parents[2] / "docs" / "schemas" / "verification.v1.json"
    jsonschema.validate(document, json.loads(schema.read_bytes()))
    hybrid, single, refused = document["subjects"]
    assert [each["signer"]["type"] for each in hybrid["signatures"]] == ["ec-p256", "ml-dsa-65"]
    assert (single["signer"]["name"], single["signer"]["version"]) == ("signing", 1)
    assert (refused["verdict"], refused["signer"], refused["verified"]) == ("unknown-key", None, False)


DOCS = Path(__file__).parents[2] / "docs"


def test_the_policy_of_the_documentation_can_be_used() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", (DOCS / "signing.md").read_text(), re.DOTALL)
    rules = parse_signature_policy(text.encode(), "signing.md")
    assert [len(rule.signers) for rule in rules] == [3, 2]


def test_every_verdict_is_in_the_documentation_and_in_the_schema() -> None:
    verdicts = [verdict.value for verdict in SignatureVerdict]
    told = re.findall(
        r"^\| `([a-z-]+)` \|", (DOCS / "signing.md").read_text().partition("## By policy")[0].partition("verdict |")[2], re.MULTILINE
    )
    schema = json.loads((DOCS / "schemas" / "verification.v1.json").read_bytes())
    assert sorted(told) == sorted(verdicts) == sorted(schema["$defs"]["answer"]["properties"]["verdict"]["enum"])


def test_every_field_of_a_rule_is_in_the_documentation() -> None:
    text = (DOCS / "signing.md").read_text()
    fields = [field.encode_name for kind in (SignatureRule, PredicateRule) for field in msgspec.structs.fields(kind)]
    assert [name for name in fields if f"{name}" not in text] == []
