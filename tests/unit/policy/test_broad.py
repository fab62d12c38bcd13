# SPDX-License-Identifier: Apache-2.0
"""A grant is called too broad only with a token that the decision lets in; one that says enough is left alone."""

from __future__ import annotations

import pytest

from pipeline_guard.config import parse
from pipeline_guard.model.identity import JobIdentity
from pipeline_guard.policy.broad import broad, example
from pipeline_guard.policy.decide import decide
from pipeline_guard.policy.parse import Policy

FILE = "o/r/.github/workflows/d.yml@refs/heads/main"
TIGHT = f'repository_id: "1", ref: refs/heads/main, event_name: push, workflow_ref: "{FILE}", job_workflow_ref: "{FILE}", runner_environment: github-hosted'
LAB = 'project_id: "7", ref_path: refs/heads/main, pipeline_source: push, ci_config_ref_uri: "g.example/a/b//c.yml@refs/heads/main", runner_environment: gitlab-hosted'


def policy(claims: str, more: str = "", issuer: str = "https://token.actions.githubusercontent.com") -> Policy:
    text = f"version: 1\npolicy:\n  grants:\n    - {{name: g, secrets: [db], issuer: {issuer}, claims: {{{claims}}}{more}}}\n"
    return parse(text.encode()).policy


def words(found: Policy) -> str:
    return "\n".join(each.what for each in broad(found))


@pytest.mark.parametrize("claims", [TIGHT, LAB])
def test_grant_that_says_enough_is_left_alone(claims: str) -> None:
    assert words(policy(claims)) == ""


@pytest.mark.parametrize(
    ("claims", "gone", "instead", "word"),
    [
        (TIGHT, 'repository_id: "1"', 'repository_owner_id: "2"', "any repository"),
        (TIGHT, f'ref: refs/heads/main, event_name: push, workflow_ref: "{FILE}", job_workflow_ref: "{FILE}"', "event_name: push", "any branch"),
        (TIGHT, f'workflow_ref: "{FILE}", job', "job", "any workflow file"),
        (TIGHT, f', job_workflow_ref: "{FILE}"', "", "some other reusable workflow"),
        (TIGHT, ", runner_environment: github-hosted", "", "self-hosted"),
        (TIGHT, "event_name: push", "event_name: [push, pull_request_target]", "pull_request_target"),
        (LAB, 'project_id: "7"', 'namespace_id: "7"', "any project"),
        (LAB, 'ref_path: refs/heads/main, pipeline_source: push, ci_config_ref_uri: "g.example/a/b//c.yml@refs/heads/main"', "pipeline_source: push", "any branch"),
        (LAB, "pipeline_source: push", "pipeline_source: merge_request_event", "merge_request_event"),
        (LAB, ', ci_config_ref_uri: "g.example/a/b//c.yml@refs/heads/main"', "", "another file"),
    ],
)  # fmt: skip
def test_each_hole_is_shown_by_a_token_that_gets_in(claims: str, gone: str, instead: str, word: str) -> None:
    found = policy(claims.replace(gone, instead))
    assert gone in claims
    ways = [each for each in broad(found) if word in each.what]
    assert ways
    for each in broad(found):
        identity = JobIdentity("x", each.token["iss"], each.token["aud"], "", each.token)
        assert decide(found, identity, "db").allowed


def test_pattern_on_a_branch_is_a_hole_unless_it_was_accepted_in_words() -> None:
    loose = TIGHT.replace("ref: refs/heads/main, ", "").replace(f'workflow_ref: "{FILE}", job_workflow_ref: "{FILE}", ', "")
    found = broad(policy(loose, ", patterns: {ref: refs/heads/release-*}"))
    assert any("release-attacker" in each.what for each in found)
    accepted = broad(policy(loose, ", patterns: {ref: refs/heads/release-*}, accept-broad: release branches are protected"))
    assert {each.accepted for each in accepted} == {"release branches are protected"}


def test_example_of_a_grant_is_allowed_by_it() -> None:
    for claims in (TIGHT, LAB):
        (grant,) = policy(claims).grants
        assert decide(Policy(grants=(grant,)), JobIdentity("x", grant.issuer, grant.audience, "", example(grant)), "db").allowed
