# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.signature import Judgement, SignatureVerdict, SignedBy
from pipeline_guard.model.statement import VerifiedStatement
from pipeline_guard.model.subject import Subject
from pipeline_guard.model.trusted_time import TrustedTime
from pipeline_guard.policy.signatures import PredicateRule, SignatureRule, SignerRule, check
from pipeline_guard.sign.demand import Candidate, rules_for, unmet
from pipeline_guard.sign.pattern import matches
from pipeline_guard.sign.predicate import TEST_RESULT, VSA
from pipeline_guard.sign.statement import BLOB, PROVENANCE

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DIGEST = Digest.sha256(b"x")
BUILT: dict[str, Any] = {
    "buildDefinition": {
        "buildType": "https://actions.github.io/buildtypes/workflow/v1",
        "externalParameters": {
            "workflow": {"ref": "refs/tags/v1", "repository": "https://github.com/acme/app", "path": ".github/workflows/release.yml"}
        },
    },
    "runDetails": {"builder": {"id": "https://github.com/acme/shared/.github/workflows/build.yml@refs/heads/main"}},
}
SUMMARY: dict[str, Any] = {
    "verifier": {"id": "https://guard.example.org/gate"},
    "resourceUri": "pkg:pypi/app@1",
    "verificationResult": "PASSED",
    "verifiedLevels": ["SLSA_BUILD_LEVEL_3"],
}


def said(
    signer: str = "ci", predicate_type: str = BLOB, predicate: dict[str, Any] | None = None, *, pq: bool = False, payload: bytes = b"p",
    days: int | None = None, signed_as: str = "",
) -> Candidate:  # fmt: skip
    time = None if days is None else TrustedTime(NOW - timedelta(days=days), "rfc3161:tsa")
    judgement = Judgement(SignatureVerdict.VALID, "fine", time=time, by=SignedBy(signer, "ml-dsa-65" if pq else "ec-p256"))
    statement = VerifiedStatement((Subject("a", DIGEST),), predicate_type, predicate or {}, Digest.sha256(payload), signer, judgement)
    return Candidate("b", signer, statement, signed_as)


def rule(**changed: Any) -> SignatureRule:
    given: dict[str, Any] = {"subjects": ("dist/*.whl",), "signers": tuple(SignerRule(key=name) for name in ("ci", "ada", "bob"))}
    (checked,) = check((SignatureRule(**{**given, **changed}),), "policy")
    return checked


def why(found: list[Candidate], **changed: Any) -> str:
    """Return what is lacking; "" where nothing is."""
    lack = unmet(rule(**changed), found, NOW)
    assert lack is None or (lack.why and lack.hint)
    return lack.why if lack else ""


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("dist/*.whl", "dist/a.whl", True),
        ("dist/*.whl", "dist/sub/a.whl", False),
        ("dist/**.whl", "dist/sub/a.whl", True),
        ("dist/*.whl", "dist/a.whl.exe", False),
        ("dist/*.whl", "x/dist/a.whl", False),
        ("a.c", "abc", False),
        ("a", "a\n", False),
        ("**", "anything/at\nall", True),
        ("https://github.com/acme/*", "https://github.com/acme/app", True),
        ("https://github.com/acme/*", "https://github.com/acme/app/x", False),
        ("refs/tags/v*", "refs/tags/v1.2", True),
        ("(a|b)", "a", False),
    ],
)
def test_patterns_match_the_whole_text(pattern: str, text: str, fits: bool) -> None:
    assert matches(pattern, text) is fits


def test_a_pattern_without_a_slash_is_about_the_last_part_of_the_path() -> None:
    known = [rule(subjects=("*.whl",)), rule(subjects=("dist/*",)), rule(subjects=("other/*",))]
    assert rules_for("dist/a.whl", known) == known[:2]
    assert rules_for("a.txt", known) == []


def test_no_signature_of_anybody_named_is_refused() -> None:
    assert "nobody" not in why([])
    assert "no signature by anybody" in why([])
    assert why([said()]) == ""


def test_a_threshold_counts_signers_and_not_signatures() -> None:
    assert "1 of the 2" in why([said("ci"), said("ci", payload=b"q")], threshold=2)
    assert why([said("ci"), said("ada")], threshold=2) == ""
    assert "2 of the 3" in why([said("ci"), said("ada")], threshold=3)


def test_hybrid_means_both_kinds_over_one_payload() -> None:
    both: dict[str, Any] = {"require": ("classical", "pq")}
    assert why([said("ci"), said("ada", pq=True)], **both) == ""
    assert "no pq signature" in why([said("ci"), said("ada")], **both)
    assert "no classical signature" in why([said("ada", pq=True)], **both)
    assert "different payloads" in why([said("ci"), said("ada", pq=True, payload=b"q")], **both)


def test_a_name_that_differs_is_refused_unless_allowed() -> None:
    assert "another name (b)" in why([said(signed_as="b")])
    assert why([said(signed_as="b")], allow_renamed=True) == ""
    assert why([said(signed_as="b"), said("ada")]) == ""
    assert "1 of the 2" in why([said(signed_as="b"), said("ada")], threshold=2)


def test_an_age_must_be_proven() -> None:
    assert "nothing proves" in why([said()], max_age_days=30)
    assert "nothing proves" in why([said(days=30)], max_age_days=30)
    assert why([said(days=29)], max_age_days=30) == ""
    assert "1 of the 2" in why([said(days=1), said("ada", days=31)], max_age_days=30, threshold=2)


@pytest.mark.parametrize(
    ("wanted", "lack"),
    [
        ({}, ""),
        ({"builder": "https://github.com/acme/shared/**"}, ""),
        ({"builder": "https://github.com/acme/*"}, "its builder is"),
        ({"source": "https://github.com/acme/app"}, ""),
        ({"source": "https://github.com/acme/ap"}, "its source is"),
        ({"workflow": ".github/workflows/release.yml", "ref": "refs/tags/v*"}, ""),
        ({"ref": "refs/heads/main"}, "its ref is"),
        ({"build_type": "https://actions.github.io/**"}, ""),
        ({"build_type": "urn:x"}, "its build type is"),
        ({"fields": {"runDetails.builder.id": "https://**"}}, ""),
        ({"fields": {"runDetails.builder.other": "**"}}, "not there"),
        ({"verifier": "**"}, "only a verification summary"),
        ({"by": ("ada",)}, "by ci, who does not count"),
        ({"by": ("ci",)}, ""),
    ],
)
def test_provenance_must_be_what_policy_wants(wanted: dict[str, Any], lack: str) -> None:
    found = why([said("ci", PROVENANCE, BUILT)], predicates=(PredicateRule(type="provenance", **wanted),))
    assert lack in found if lack else found == ""


def test_provenance_of_gitlabs_own_type_tells_its_source_too() -> None:
    own = {"buildDefinition": {"externalParameters": {"source": "https://gitlab.com/a/b", "entryPoint": "job"}}}
    assert why([said("ci", PROVENANCE, own)], predicates=(PredicateRule(type="provenance", source="https://gitlab.com/a/b"),)) == ""


@pytest.mark.parametrize("broken", [{}, {"runDetails": []}, {"runDetails": {"builder": {"id": 7}}}, {"buildDefinition": None}], ids=str)
def test_a_predicate_that_lacks_a_field_does_not_meet_it(broken: dict[str, Any]) -> None:
    assert "its builder is not there" in why([said("ci", PROVENANCE, broken)], predicates=(PredicateRule(type="provenance", builder="**"),))


def test_a_statement_that_is_wanted_must_be_there() -> None:
    wanted = (PredicateRule(type="test-result"), PredicateRule(type="https://example.org/scanned/v1", fields={"result": "clean"}))
    passed = said("ada", TEST_RESULT, {"result": "PASSED"})
    assert "no statement of type test-result" in why([said()], predicates=wanted)
    assert "its result is FAILED" in why([said("ada", TEST_RESULT, {"result": "FAILED"})], predicates=wanted)
    assert "scanned/v1" in why([passed], predicates=wanted)
    scanned = said("ci", "https://example.org/scanned/v1", {"result": "clean"})
    assert why([passed, scanned], predicates=wanted) == ""
    assert why([said("ci", "https://cyclonedx.org/bom/v1.7")], predicates=(PredicateRule(type="cyclonedx"),)) == ""
    assert why([said("ci", "https://cyclonedx.org/bomb")], predicates=(PredicateRule(type="cyclonedx"),))


@pytest.mark.parametrize(
    ("wanted", "lack"),
    [
        ({}, ""),
        ({"verifier": "https://guard.example.org/gate", "resource": "pkg:pypi/app@*", "levels": ("SLSA_BUILD_LEVEL_2",)}, ""),
        ({"verifier": "https://other.example.org/**"}, "its verifier is"),
        ({"resource": "pkg:pypi/other"}, "its resource is"),
        ({"levels": ("SLSA_SOURCE_LEVEL_1",)}, "does not vouch for SLSA_SOURCE_LEVEL_1"),
        ({"result": "FAILED"}, "its result is PASSED"),
    ],
)
def test_a_summary_must_be_what_policy_wants(wanted: dict[str, Any], lack: str) -> None:
    predicates = (
        PredicateRule(type="vsa", **{name: value for name, value in wanted.items() if name != "result"}, result=wanted.get("result", "")),
    )
    found = why([said("ci", VSA, SUMMARY)], predicates=predicates)
    assert lack in found if lack else found == ""
    failed = SUMMARY | {"verificationResult": "FAILED"}
    assert "its result is FAILED" in why([said("ci", VSA, failed)], predicates=(PredicateRule(type="vsa"),))


def test_a_level_is_proven_by_a_builder_or_a_verifier_that_policy_names() -> None:
    builders = {"https://github.com/acme/shared/**": 3, "https://github.com/acme/**": 2}
    built, summed = said("ci", PROVENANCE, BUILT), said("ci", VSA, SUMMARY)
    assert why([built], slsa_level=3, builders=builders) == ""
    other = BUILT | {"runDetails": {"builder": {"id": "https://github.com/acme/other/x@y"}}}
    assert "level 3" in why([said("ci", PROVENANCE, other)], slsa_level=3, builders=builders)
    assert why([said("ci", PROVENANCE, other)], slsa_level=2, builders=builders) == ""
    local = {"runDetails": {"builder": {"id": "urn:pipeline-guard:local-builder:v1"}}}
    assert "level 1" in why([said("ci", PROVENANCE, local)], slsa_level=1, builders=builders)
    assert why([summed], slsa_level=3, verifiers=("https://guard.example.org/*",)) == ""
    assert "level 3" in why([summed], slsa_level=3, verifiers=("https://other.example.org/*",))
    low = SUMMARY | {"verifiedLevels": ["SLSA_BUILD_LEVEL_2", 7]}
    assert "level 3" in why([said("ci", VSA, low)], slsa_level=3, verifiers=("**",))
    failed = SUMMARY | {"verificationResult": "FAILED"}
    assert "level 1" in why([said("ci", VSA, failed)], slsa_level=1, verifiers=("**",))


@pytest.mark.parametrize(
    "changed",
    [
        {"subjects": ()},
        {"subjects": ("",)},
        {"signers": ()},
        {"signers": (SignerRule(),)},
        {"signers": (SignerRule(key="a", identity="b", issuer="https://c"),)},
        {"signers": (SignerRule(key="a", issuer="https://c"),)},
        {"signers": (SignerRule(identity="b"),)},
        {"signers": (SignerRule(identity="b", issuer="http://c"),)},
        {"signers": (SignerRule(identity="**", issuer="https://c"),)},
        {"signers": (SignerRule(key="a"), SignerRule(key="a"))},
        {"threshold": 0},
        {"threshold": 4},
        {"require": ("pq", "pq")},
        {"predicates": (PredicateRule(type="vsa", by=("nobody",)),)},
        {"slsa_level": 4, "builders": {"**": 3}},
        {"slsa_level": 2},
        {"slsa_level": 3, "builders": {"**": 2}},
        {"builders": {"**": 0}},
        {"max_age_days": -1},
    ],
    ids=str,
)
def test_a_rule_that_cannot_be_meant_is_a_usage_error(changed: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="policy: rule 1"):
        rule(**changed)
