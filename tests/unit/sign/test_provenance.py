# SPDX-License-Identifier: Apache-2.0
"""Every field against the table of Fulcio's object identifiers (oid-info.md) and the claims behind them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline_guard.errors import Denied
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.identity import VerifiedClaims
from pipeline_guard.model.subject import Subject
from pipeline_guard.sign.provenance import build_facts, provenance_payload, provenance_predicate

SHA = "c" * 40
GITHUB = {
    "ref": "refs/tags/v1",
    "sha": SHA,
    "repository": "acme/app",
    "repository_owner": "acme",
    "event_name": "push",
    "job_workflow_ref": "acme/shared/.github/workflows/build.yml@refs/heads/main",
    "job_workflow_sha": "d" * 40,
    "workflow_ref": "acme/app/.github/workflows/release.yml@refs/tags/v1",
    "workflow_sha": SHA,
    "repository_id": "11",
    "repository_owner_id": "12",
    "repository_visibility": "private",
    "environment": "production",
    "runner_environment": "github-hosted",
    "run_id": "13",
    "run_attempt": "2",
}
GITLAB = {
    "project_path": "group/sub/app",
    "project_id": "21",
    "namespace_path": "group/sub",
    "namespace_id": "22",
    "ref": "main",
    "ref_type": "branch",
    "sha": SHA,
    "ci_config_ref_uri": "gitlab.example.org/group/sub/app//.gitlab-ci.yml@refs/heads/main",
    "ci_config_sha": "e" * 40,
    "pipeline_source": "push",
    "runner_environment": "self-hosted",
    "job_id": "23",
    "project_visibility": "internal",
}


def claims(found: dict[str, str], issuer: str) -> VerifiedClaims:
    moment = datetime(2026, 11, 24, tzinfo=UTC)
    return VerifiedClaims(issuer, "pipeline-guard", "the subject", "id", moment, moment, found)


def github(**changed: str) -> VerifiedClaims:
    return claims(GITHUB | changed, "https://token.actions.githubusercontent.com")


def gitlab(**changed: str) -> VerifiedClaims:
    return claims(GITLAB | changed, "https://gitlab.example.org")


def test_every_extension_of_github_comes_from_its_claim() -> None:
    assert build_facts(github()).extensions() == {
        8: "https://token.actions.githubusercontent.com",
        9: "https://github.com/acme/shared/.github/workflows/build.yml@refs/heads/main",
        10: "d" * 40,
        11: "github-hosted",
        12: "https://github.com/acme/app",
        13: SHA,
        14: "refs/tags/v1",
        15: "11",
        16: "https://github.com/acme",
        17: "12",
        18: "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1",
        19: SHA,
        20: "push",
        21: "https://github.com/acme/app/actions/runs/13/attempts/2",
        22: "private",
        23: "production",
        24: "the subject",
    }


def test_every_extension_of_gitlab_comes_from_its_claim() -> None:
    config = "https://gitlab.example.org/group/sub/app//.gitlab-ci.yml@refs/heads/main"
    assert build_facts(gitlab()).extensions() == {
        8: "https://gitlab.example.org",
        9: config,
        10: "e" * 40,
        11: "self-hosted",
        12: "https://gitlab.example.org/group/sub/app",
        13: SHA,
        14: "refs/heads/main",
        15: "21",
        16: "https://gitlab.example.org/group/sub",
        17: "22",
        18: config,
        19: "e" * 40,
        20: "push",
        21: "https://gitlab.example.org/group/sub/app/-/jobs/23",
        22: "internal",
        24: "the subject",
    }
    assert build_facts(gitlab(ref_type="tag", ref="v1")).ref == "refs/tags/v1"


def test_the_predicate_of_github_has_slsas_fields() -> None:
    assert provenance_predicate(github()) == {
        "buildDefinition": {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters": {
                "workflow": {"ref": "refs/tags/v1", "repository": "https://github.com/acme/app", "path": ".github/workflows/release.yml"}
            },
            "internalParameters": {
                "github": {
                    "event_name": "push",
                    "repository_id": "11",
                    "repository_owner_id": "12",
                    "runner_environment": "github-hosted",
                }
            },
            "resolvedDependencies": [{"uri": "git+https://github.com/acme/app@refs/tags/v1", "digest": {"gitCommit": SHA}}],
        },
        "runDetails": {
            "builder": {"id": "https://github.com/acme/shared/.github/workflows/build.yml@refs/heads/main"},
            "metadata": {"invocationId": "https://github.com/acme/app/actions/runs/13/attempts/2"},
        },
    }


def test_the_predicate_of_gitlab_says_the_same_of_its_job() -> None:
    predicate = provenance_predicate(gitlab())
    assert predicate["buildDefinition"]["externalParameters"]["workflow"] == {
        "ref": "refs/heads/main",
        "repository": "https://gitlab.example.org/group/sub/app",
        "path": ".gitlab-ci.yml",
    }
    dependency = {"uri": "git+https://gitlab.example.org/group/sub/app@refs/heads/main", "digest": {"gitCommit": SHA}}
    assert predicate["buildDefinition"]["resolvedDependencies"] == [dependency]
    assert predicate["runDetails"]["builder"]["id"] == "https://gitlab.example.org/group/sub/app//.gitlab-ci.yml@refs/heads/main"
    assert predicate["runDetails"]["metadata"]["invocationId"].endswith("/-/jobs/23")


@pytest.mark.parametrize(
    ("issuer", "server"),
    [
        ("https://token.actions.githubusercontent.com", "https://github.com"),
        ("https://token.actions.githubusercontent.com/acme", "https://github.com"),
        ("https://github.example.org/_services/token", "https://github.example.org"),
        ("https://token.actions.acme.ghe.com", "https://acme.ghe.com"),
        ("https://token.actions.githubusercontent.com.example.org", "https://githubusercontent.com.example.org"),
    ],
)
def test_the_server_follows_from_the_issuer_and_not_from_a_claim(issuer: str, server: str) -> None:
    facts = build_facts(claims(GITHUB | {"server_url": "https://evil.example.org"}, issuer))
    assert facts.source == f"{server}/acme/app"


@pytest.mark.parametrize("missing", ["ref", "sha", "job_workflow_ref", "workflow_ref", "runner_environment", "run_id", "run_attempt"])
def test_a_github_token_without_a_claim_gives_no_provenance(missing: str) -> None:
    with pytest.raises(Denied, match=missing):
        provenance_predicate(github(**{missing: ""}))


@pytest.mark.parametrize("missing", ["ref", "ref_type", "sha", "ci_config_ref_uri", "ci_config_sha", "pipeline_source", "job_id"])
def test_a_gitlab_token_without_a_claim_gives_no_provenance(missing: str) -> None:
    with pytest.raises(Denied, match=missing):
        provenance_predicate(gitlab(**{missing: ""}))


@pytest.mark.parametrize(
    "changed",
    [
        github(workflow_ref="evil/app/.github/workflows/release.yml@refs/heads/main"),
        github(workflow_ref="acme/app/.github/workflows/release.yml"),
        github(job_workflow_ref="nothing"),
        gitlab(job_project_id="99"),
        gitlab(ref_type="other"),
        gitlab(ci_config_ref_uri="gitlab.example.org/group/sub/app/.gitlab-ci.yml"),
        claims({}, "https://example.org"),
    ],
)
def test_claims_that_contradict_each_other_give_no_provenance(changed: VerifiedClaims) -> None:
    with pytest.raises(Denied) as caught:
        provenance_predicate(changed)
    assert caught.value.hint


def test_the_same_claims_give_the_same_payload() -> None:
    subjects = [Subject("app.whl", Digest.sha256(b"x"))]
    payload = provenance_payload(subjects, github())
    assert payload == provenance_payload(subjects, claims(dict(reversed(GITHUB.items())), github().issuer))
    read: dict[str, Any] = json.loads(payload)
    assert (read["predicateType"], read["subject"][0]["name"]) == ("https://slsa.dev/provenance/v1", "app.whl")
