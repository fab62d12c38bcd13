# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline_guard.model.situation import Situation
from pipeline_guard.model.staged import JobNames
from pipeline_guard.rehearse.claims import claims

NOW = datetime(2026, 11, 24, tzinfo=UTC)
# What the forges' documents list for every job; an environment adds its own.
GITHUB = """iss aud sub exp iat nbf jti repository repository_id repository_owner repository_owner_id repository_visibility actor actor_id event_name
ref ref_type ref_protected sha base_ref head_ref workflow workflow_ref workflow_sha job_workflow_ref job_workflow_sha run_id run_number run_attempt
check_run_id runner_environment"""
GITLAB = """iss aud sub exp iat nbf jti project_id project_path namespace_id namespace_path job_project_id job_project_path job_namespace_id
job_namespace_path project_visibility user_id user_login user_email user_access_level pipeline_id pipeline_source job_id job_source ref ref_type
ref_path ref_protected sha runner_id runner_environment ci_config_ref_uri ci_config_sha"""


def issued(forge: str, event: str, ref: str = "refs/heads/dev", environment: str = "") -> dict[str, object]:
    job = JobNames(forge, ".github/workflows/ci.yml", "deploy", event, environment)
    return claims(job, Situation(event, "c" * 40, ref, "main", "acme/app", "b" * 40), audience="x", assumed={"repository_id": "7"}, now=NOW)


@pytest.mark.parametrize(("forge", "names"), [("github", GITHUB), ("gitlab", GITLAB)])
def test_every_claim_of_the_forge_is_there(forge: str, names: str) -> None:
    assert set(issued(forge, "push")) == set(names.split())
    assert "environment" in issued(forge, "push", environment="prod")


@pytest.mark.parametrize(
    ("event", "ref", "environment", "subject"),
    [
        ("push", "refs/heads/dev", "", "repo:acme/app:ref:refs/heads/dev"),
        ("tag", "refs/tags/v1", "", "repo:acme/app:ref:refs/tags/v1"),
        ("fork", "refs/heads/dev", "", "repo:acme/app:pull_request"),
        ("pull-request", "refs/heads/dev", "a:b", "repo:acme/app:environment:a%3Ab"),
        ("schedule", "refs/heads/dev", "", "repo:acme/app:ref:refs/heads/main"),
    ],
)
def test_subject_has_the_form_of_its_event(event: str, ref: str, environment: str, subject: str) -> None:
    found = issued("github", event, ref, environment)
    assert found["sub"] == subject
    assert found["repository_id"] == "7"


def test_merge_request_of_a_fork_names_the_fork_and_the_target_s_file() -> None:
    found = issued("gitlab", "fork", "refs/heads/main")
    assert (found["project_path"], found["pipeline_source"]) == ("somebody/app", "merge_request_event")
    assert str(found["ci_config_ref_uri"]).endswith("@refs/heads/main")
    assert "acme/app//" in str(found["ci_config_ref_uri"])
    assert isinstance(found["runner_id"], int)


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_only_the_default_branch_is_taken_as_protected(forge: str) -> None:
    assert issued(forge, "push", "refs/heads/main")["ref_protected"] == "true"
    assert issued(forge, "push")["ref_protected"] == "false"
