# SPDX-License-Identifier: Apache-2.0
"""Each setting at GitHub that leaves a way round the gate is named; what was not told is said to be so."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_guard.gate.enforcement.github import ACTIONS_APP, examine
from pipeline_guard.model.forge import ForgeFacts

CHECKS = {"required_status_checks": [{"context": "gate", "integration_id": 99}], "strict_required_status_checks_policy": True}
GOOD: dict[str, Any] = {
    "repository": {"default_branch": "main", "security_and_analysis": {"secret_scanning_push_protection": {"status": "enabled"}}},
    "rules": [
        {"type": "required_status_checks", "parameters": CHECKS},
        {"type": "pull_request", "parameters": {"require_code_owner_review": True}},
        {"type": "non_fast_forward"},
        {"type": "deletion"},
    ],
    "rulesets": [{"id": 1, "name": "main", "enforcement": "active"}],
    "ruleset-details": [{"id": 1, "name": "main", "enforcement": "active", "bypass_actors": []}],
    "actions": {"enabled": True, "allowed_actions": "selected", "sha_pinning_required": True},
    "workflow": {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False},
    "fork-approval": {"approval_policy": "all_external_contributors"},
    "environments": {
        "environments": [{"name": "production", "protection_rules": [], "deployment_branch_policy": {"protected_branches": True}}]
    },
}


def look(answers: dict[str, Any], **silent: str) -> dict[str, str]:
    found = examine(ForgeFacts("github", "acme/app", "main", answers, silent), "gate")
    states: dict[str, str] = {}
    for setting in found:
        assert bool(setting.fix) == (setting.state.value == "fix"), setting
        if states.get(setting.id) != "fix":
            states[setting.id] = setting.state.value
    return states


def changed(path: str, value: Any) -> dict[str, Any]:
    answers: Any = copy.deepcopy(GOOD)
    *parts, last = path.split(".")
    place = answers
    for part in parts:
        place = place[int(part)] if part.isdigit() else place[part]
    place[int(last) if last.isdigit() else last] = value
    return dict(answers)


def test_repository_that_is_set_up_well_is_all_green() -> None:
    assert set(look(GOOD).values()) == {"ok"}


@pytest.mark.parametrize(
    ("path", "value", "setting"),
    [
        ("rules", [], "required-check"),
        ("rules.0.parameters.required_status_checks", [{"context": "other", "integration_id": 99}], "required-check"),
        ("rules.0.parameters.required_status_checks.0.integration_id", None, "check-source"),
        ("rules.0.parameters.required_status_checks.0.integration_id", ACTIONS_APP, "check-source"),
        ("rules.0.parameters.strict_required_status_checks_policy", False, "up-to-date"),
        ("rules.1.type", "other", "reviews"),
        ("rules.1.parameters.require_code_owner_review", False, "reviews"),
        ("rules.2.type", "other", "force-pushes"),
        ("rules.3.type", "other", "deletion"),
        ("rulesets.0.enforcement", "evaluate", "rulesets-active"),
        ("rulesets.0.enforcement", "disabled", "rulesets-active"),
        ("ruleset-details.0.bypass_actors", [{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}], "bypass"),
        ("ruleset-details.0.bypass_actors", [{"actor_id": 1, "actor_type": "Integration", "bypass_mode": "pull_request"}], "bypass"),
        ("workflow.default_workflow_permissions", "write", "workflow-token"),
        ("workflow.can_approve_pull_request_reviews", True, "workflow-approves"),
        ("actions.allowed_actions", "all", "allowed-actions"),
        ("actions.sha_pinning_required", False, "pinned-actions"),
        ("fork-approval.approval_policy", "first_time_contributors", "fork-approval"),
        ("environments.environments.0.deployment_branch_policy", None, "environments"),
        ("repository.security_and_analysis.secret_scanning_push_protection.status", "disabled", "push-protection"),
    ],
)
def test_each_way_round_is_named(path: str, value: Any, setting: str) -> None:
    found = look(changed(path, value))
    assert found[setting] == "fix"
    assert {name for name, state in found.items() if state == "fix"} - {setting} <= {
        "check-source", "up-to-date", "reviews", "force-pushes", "deletion",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("question", "setting"),
    [
        ("rulesets", "rulesets-active"),
        ("workflow", "workflow-token"),
        ("actions", "allowed-actions"),
        ("fork-approval", "fork-approval"),
        ("environments", "environments"),
    ],
)
def test_what_the_token_may_not_see_is_not_called_good(question: str, setting: str) -> None:
    answers = {name: value for name, value in GOOD.items() if name != question}
    assert look(answers, **{question: "GitHub does not allow the token"})[setting] == "unknown"


def test_hidden_bypass_list_is_unknown() -> None:
    assert look(changed("ruleset-details.0", {"id": 1, "name": "main", "enforcement": "active"}))["bypass"] == "unknown"


def test_rules_that_are_not_told_leave_the_check_unknown() -> None:
    answers = {name: value for name, value in GOOD.items() if name not in ("rules", "protection")}
    assert look(answers, rules="no answer")["required-check"] == "unknown"


def test_classic_protection_counts_like_a_ruleset() -> None:
    protection = {
        "required_status_checks": {"strict": True, "checks": [{"context": "gate", "app_id": 99}]},
        "enforce_admins": {"enabled": True},
        "allow_force_pushes": {"enabled": False},
        "allow_deletions": {"enabled": False},
        "required_pull_request_reviews": {"require_code_owner_reviews": True},
    }
    answers = {**GOOD, "rules": [], "rulesets": [], "ruleset-details": [], "protection": protection}
    assert set(look(answers).values()) == {"ok"}
    assert look({**answers, "protection": {**protection, "enforce_admins": {"enabled": False}}})["admins"] == "fix"
    anybody = {**protection, "required_status_checks": {"strict": False, "checks": [{"context": "gate", "app_id": None}]}}
    found = look({**answers, "protection": anybody})
    assert (found["check-source"], found["up-to-date"]) == ("fix", "fix")


def test_merge_queue_checks_on_top_of_the_newest_target() -> None:
    answers = changed("rules.0.parameters.strict_required_status_checks_policy", False)
    answers["rules"].append({"type": "merge_queue", "parameters": {}})
    assert look(answers)["up-to-date"] == "ok"


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "parameters", "required_status_checks", "bypass_actors", "enforcement", "environments"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), _ANY))
def test_no_answer_is_a_bug_and_none_is_all_green(answers: dict[str, Any]) -> None:
    found = examine(ForgeFacts("github", "acme/app", "main", answers, {}), "gate")
    assert any(setting.state.value != "ok" for setting in found)
