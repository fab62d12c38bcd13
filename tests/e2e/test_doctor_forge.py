# SPDX-License-Identifier: Apache-2.0
"""doctor --forge as a command: real HTTP, answers of the forges' own forms, one line a setting."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema

from tests.fakes.forge_server import Fault, Served, serving
from tests.fakes.github import GitHub, Identity, R
from tests.fakes.gitlab import GitLab, Member, P

TOKEN = "ghp_" + "reader"
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "forge-settings.v1.json").read_text())


def github() -> GitHub:
    """A repository that is set up well; every answer is the smallest that the document allows, with what matters filled in."""
    hub = GitHub(tokens={TOKEN: Identity("ann", set())})
    small = hub.api.example

    def rule(kind: str, **parameters: Any) -> dict[str, Any]:
        return {
            "type": kind,
            "ruleset_source_type": "Repository",
            "ruleset_source": "acme/app",
            "ruleset_id": 1,
            **({"parameters": parameters} if parameters else {}),
        }

    repository = small("get", R, 200) | {"default_branch": "main"}
    repository["security_and_analysis"] = {"secret_scanning_push_protection": {"status": "enabled"}}
    review = {"dismiss_stale_reviews_on_push": True, "require_code_owner_review": True, "require_last_push_approval": True}
    ruleset = small("get", f"{R}/rulesets/{{ruleset_id}}", 200) | {"id": 1, "name": "main", "enforcement": "active"}
    hub.settings = {
        R: repository,
        f"{R}/rules/branches/{{branch}}": [
            rule(
                "required_status_checks",
                required_status_checks=[{"context": "pipeline-guard", "integration_id": 99}],
                strict_required_status_checks_policy=True,
            ),
            rule("pull_request", required_approving_review_count=1, required_review_thread_resolution=True, **review),
            rule("non_fast_forward"),
            rule("deletion"),
        ],
        f"{R}/rulesets": [ruleset],
        f"{R}/rulesets/{{ruleset_id}}": ruleset | {"bypass_actors": []},
        f"{R}/actions/permissions": {"enabled": True, "allowed_actions": "selected", "sha_pinning_required": True},
        f"{R}/actions/permissions/workflow": {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False},
        f"{R}/actions/permissions/fork-pr-contributor-approval": {"approval_policy": "all_external_contributors"},
        f"{R}/environments": {"total_count": 0, "environments": []},
    }
    hub.hidden = {f"{R}/branches/{{branch}}/protection": 404}
    return hub


def gitlab() -> GitLab:
    nobody = [{"access_level": 0, "access_level_description": "No one"}]
    maintainers = [{"access_level": 40, "access_level_description": "Maintainers"}]
    lab = GitLab(tokens={TOKEN: Member(1, "ann", may_write=False)})
    lab.settings = {
        P: {
            "id": 5,
            "path_with_namespace": "acme/app",
            "default_branch": "main",
            "only_allow_merge_if_pipeline_succeeds": True,
            "allow_merge_on_skipped_pipeline": None,
            "only_allow_merge_if_all_discussions_are_resolved": True,
            "ci_allow_fork_pipelines_to_run_in_parent_project": False,
            "ci_pipeline_variables_minimum_override_role": "no_one_allowed",
        },
        f"{P}/protected_branches": [
            {"id": 1, "name": "main", "push_access_levels": nobody, "merge_access_levels": maintainers, "allow_force_push": False}
        ],
        f"{P}/protected_tags": [{"name": "v*", "create_access_levels": maintainers}],
        f"{P}/job_token_scope": {"inbound_enabled": True, "outbound_enabled": False},
    }
    lab.hidden = dict.fromkeys((f"{P}/approvals", f"{P}/approval_rules", f"{P}/push_rule", f"{P}/external_status_checks"), 404)
    return lab


def doctor(guard: Callable[..., Any], forge: str, served: Served, *words: str, **env: str) -> Any:
    variables = {"GITHUB_API_URL": served.url, "CI_SERVER_URL": served.url, "MY_TOKEN": TOKEN, **env}
    done = guard("doctor", "--forge", forge, "--repository", "acme/app", "--forge-token", "env:MY_TOKEN", *words, env=variables)
    assert "Traceback" not in done.err, done.err
    assert TOKEN not in done.out + done.err
    assert served.writes() == []
    return done


def test_github_repository_that_is_set_up_well_is_clean(guard: Callable[..., Any]) -> None:
    with serving(github()) as served:
        done = doctor(guard, "github", served)
    assert (done.code, "0 fix, 0 could not tell" in done.out) == (0, True), done.out + done.err


def test_each_open_way_is_a_line_with_its_fix(guard: Callable[..., Any]) -> None:
    hub = github()
    hub.settings[f"{R}/rules/branches/{{branch}}"] = []
    hub.settings[f"{R}/actions/permissions/workflow"]["default_workflow_permissions"] = "write"
    with serving(hub) as served:
        done = doctor(guard, "github", served)
        found = doctor(guard, "github", served, "--format", "json")
    assert done.code == 1
    assert "fix      required-check         pipeline-guard is not a required check of main" in done.out
    assert "fix: Settings > Actions > General: Workflow permissions" in done.out
    document = json.loads(found.out)
    jsonschema.validate(document, SCHEMA)
    assert {each["id"] for each in document["settings"] if each["state"] == "fix"} >= {"required-check", "workflow-token", "force-pushes"}


def test_what_a_token_may_not_see_makes_it_incomplete(guard: Callable[..., Any]) -> None:
    hub = github()
    hub.hidden |= {f"{R}/actions/permissions": 403, f"{R}/actions/permissions/workflow": 403}
    del hub.settings[f"{R}/rulesets/{{ruleset_id}}"]["bypass_actors"]
    with serving(hub) as served:
        done = doctor(guard, "github", served)
    assert done.code == 6, done.out
    assert "unknown  bypass" in done.out
    assert "GitHub does not allow the token: workflow (403)" in done.out


def test_gitlab_project_is_told_what_its_tier_lacks(guard: Callable[..., Any]) -> None:
    with serving(gitlab()) as served:
        done = doctor(guard, "gitlab", served)
        lab = served.forge
        lab.settings[P]["only_allow_merge_if_pipeline_succeeds"] = False
        open_way = doctor(guard, "gitlab", served, "--format", "json")
    assert (done.code, "0 fix" in done.out, "unknown  push-rules" in done.out) == (6, True, True), done.out
    assert open_way.code == 1
    document = json.loads(open_way.out)
    jsonschema.validate(document, SCHEMA)
    assert [each["id"] for each in document["settings"] if each["state"] == "fix"] == ["pipelines-must-succeed"]


def test_trouble_is_one_line_with_the_right_code(guard: Callable[..., Any]) -> None:
    with serving(github()) as served:
        assert "does not know the token" in doctor(guard, "github", served, MY_TOKEN="ghp_" + "old").err
        served.faults = [Fault("GET .*", 500, b"<html>", times=99)]
        assert doctor(guard, "github", served).code == 5
        assert doctor(guard, "github", served, "--repository", "../x").code == 2
        assert doctor(guard, "gitlab", served, "--repository", "acme").code == 2
    done = guard("doctor", "--forge", "github", "--repository", "acme/app")
    assert (done.code, "GITHUB_TOKEN is not set" in done.err) == (4, True)
