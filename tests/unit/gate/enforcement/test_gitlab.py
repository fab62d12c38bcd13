# SPDX-License-Identifier: Apache-2.0
"""Each setting at GitLab that leaves a way round the gate is named; what was not told is said to be so."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_guard.gate.enforcement.gitlab import examine
from pipeline_guard.model.forge import ForgeFacts

BRANCH = {
    "name": "main",
    "push_access_levels": [{"access_level": 0, "access_level_description": "No one"}],
    "merge_access_levels": [{"access_level": 30, "access_level_description": "Developers"}],
    "allow_force_push": False,
    "code_owner_approval_required": True,
}
GOOD: dict[str, Any] = {
    "project": {
        "only_allow_merge_if_pipeline_succeeds": True,
        "allow_merge_on_skipped_pipeline": None,
        "only_allow_merge_if_all_discussions_are_resolved": True,
        "only_allow_merge_if_all_status_checks_passed": True,
        "ci_allow_fork_pipelines_to_run_in_parent_project": False,
        "ci_pipeline_variables_minimum_override_role": "no_one_allowed",
    },
    "protected-branches": [BRANCH],
    "protected-tags": [{"name": "v*", "create_access_levels": [{"access_level": 40}]}],
    "approvals": {
        "reset_approvals_on_push": True,
        "disable_overriding_approvers_per_merge_request": True,
        "merge_requests_author_approval": False,
        "merge_requests_disable_committers_approval": True,
    },
    "approval-rules": [{"id": 1, "name": "any", "approvals_required": 1}],
    "push-rule": {"prevent_secrets": True},
    "job-token-scope": {"inbound_enabled": True},
    "status-checks": [{"id": 1, "name": "gate", "hmac": True}],
}


def look(answers: dict[str, Any], **silent: str) -> dict[str, str]:
    found = examine(ForgeFacts("gitlab", "acme/app", "main", answers, silent), "gate")
    for setting in found:
        assert bool(setting.fix) == (setting.state.value == "fix"), setting
    return {setting.id: setting.state.value for setting in found}


def changed(path: str, value: Any) -> dict[str, Any]:
    answers: Any = copy.deepcopy(GOOD)
    *parts, last = path.split("/")
    place = answers
    for part in parts:
        place = place[int(part)] if part.isdigit() else place[part]
    place[int(last) if last.isdigit() else last] = value
    return dict(answers)


def test_project_that_is_set_up_well_is_all_green() -> None:
    assert set(look(GOOD).values()) == {"ok"}


@pytest.mark.parametrize(
    ("path", "value", "setting"),
    [
        ("project/only_allow_merge_if_pipeline_succeeds", False, "pipelines-must-succeed"),
        ("project/allow_merge_on_skipped_pipeline", True, "skipped-pipelines"),
        ("project/only_allow_merge_if_all_discussions_are_resolved", False, "threads"),
        ("project/only_allow_merge_if_all_status_checks_passed", False, "status-checks-block"),
        ("project/ci_allow_fork_pipelines_to_run_in_parent_project", True, "fork-pipelines"),
        ("project/ci_pipeline_variables_minimum_override_role", "developer", "pipeline-variables"),
        ("protected-branches", [], "protected-branch"),
        ("protected-branches/0/name", "release/*", "protected-branch"),
        ("protected-branches/0/push_access_levels", [{"access_level": 40, "access_level_description": "Maintainers"}], "pushes"),
        ("protected-branches/0/push_access_levels", [{"access_level": None, "user_id": 5}], "pushes"),
        ("protected-branches/0/allow_force_push", True, "force-pushes"),
        ("protected-branches/0/code_owner_approval_required", False, "code-owners"),
        ("protected-tags", [], "protected-tags"),
        ("protected-tags/0/create_access_levels", [{"access_level": 30}], "protected-tags"),
        ("approval-rules", [], "approvals"),
        ("approvals/merge_requests_author_approval", True, "approvals-author"),
        ("approvals/merge_requests_disable_committers_approval", False, "approvals-committers"),
        ("approvals/reset_approvals_on_push", False, "approvals-reset"),
        ("approvals/disable_overriding_approvers_per_merge_request", False, "approvals-fixed"),
        ("push-rule/prevent_secrets", False, "push-rules"),
        ("job-token-scope/inbound_enabled", False, "job-token"),
        ("status-checks", [], "status-check"),
        ("status-checks/0/hmac", False, "status-check-secret"),
    ],
)
def test_each_way_round_is_named(path: str, value: Any, setting: str) -> None:
    found = look(changed(path, value))
    assert [name for name, state in found.items() if state == "fix"] == [setting]


def test_looser_entry_for_the_same_branch_counts() -> None:
    wild = {**BRANCH, "name": "ma*", "allow_force_push": True, "code_owner_approval_required": False}
    found = look({**GOOD, "protected-branches": [BRANCH, wild]})
    assert (found["force-pushes"], found["code-owners"]) == ("fix", "fix")


@pytest.mark.parametrize(
    ("question", "setting"),
    [
        ("protected-branches", "protected-branch"),
        ("protected-tags", "protected-tags"),
        ("approvals", "approvals"),
        ("push-rule", "push-rules"),
        ("job-token-scope", "job-token"),
        ("status-checks", "status-check"),
    ],
)
def test_what_the_token_may_not_see_is_not_called_good(question: str, setting: str) -> None:
    answers = {name: value for name, value in GOOD.items() if name != question}
    assert look(answers, **{question: "GitLab does not allow the token"})[setting] == "unknown"


def test_settings_that_a_tier_lacks_are_unknown() -> None:
    found = look({**GOOD, "project": {}})
    assert {found[name] for name in ("pipelines-must-succeed", "skipped-pipelines", "threads", "pipeline-variables")} == {"unknown"}


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "push_access_levels", "access_level", "approvals_required", "hmac"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), _ANY))
def test_no_answer_is_a_bug_and_none_is_all_green(answers: dict[str, Any]) -> None:
    found = examine(ForgeFacts("gitlab", "acme/app", "main", answers, {}), "gate")
    assert any(setting.state.value != "ok" for setting in found)
