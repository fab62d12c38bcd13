# SPDX-License-Identifier: Apache-2.0
"""Every way round the gate that a project's settings at GitLab leave open.

Sources: GitLab "Projects API", "Protected branches API", "Merge request approvals API", "External status checks API",
"CI/CD job token", "Push rules".
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from pipeline_guard.gate.enforcement.answer import is_told, rows, switch, table, text, unknown
from pipeline_guard.model.forge import ForgeFacts, Setting, SettingState

_OK, _FIX, _UNKNOWN = SettingState.OK, SettingState.FIX, SettingState.UNKNOWN
_MERGE = "Settings > Merge requests"
_REPOSITORY = "Settings > Repository"
_CI = "Settings > CI/CD"
_MAINTAINER = 40


def examine(facts: ForgeFacts, check: str) -> list[Setting]:
    """Judge every setting; ``check`` is the name of the external status check, where the tier has them."""
    project = table(facts.answers.get("project"))
    return [
        switch(
            "pipelines-must-succeed",
            project.get("only_allow_merge_if_pipeline_succeeds"),
            wanted=True,
            ok="pipelines must succeed",
            bad="changes may be merged whose pipeline failed, or that had none",
            fix=f"{_MERGE}: Merge checks: Pipelines must succeed",
        ),
        switch(
            "skipped-pipelines",
            project.get("allow_merge_on_skipped_pipeline") or False if "allow_merge_on_skipped_pipeline" in project else None,
            wanted=False,
            ok="a skipped pipeline is no success",
            bad="[skip ci] in a message is enough to merge",
            fix=f"{_MERGE}: Merge checks: Skipped pipelines are considered successful: off",
        ),
        switch(
            "threads",
            project.get("only_allow_merge_if_all_discussions_are_resolved"),
            wanted=True,
            ok="all threads must be resolved",
            bad="changes may be merged while the gate's thread is open",
            fix=f"{_MERGE}: Merge checks: All threads must be resolved",
        ),
        *_status_checks(facts, project, check),
        *_branches(facts),
        _tags(facts),
        *_approvals(facts),
        *_pipelines(facts, project),
        *_push_rules(facts),
    ]


def _status_checks(facts: ForgeFacts, project: dict[str, object], check: str) -> Iterator[Setting]:
    if not is_told(facts, "status-checks"):
        yield unknown(facts, "status-checks", "status-check", f"{check} is an external status check (Ultimate)")
        return
    found = [each for each in rows(facts.answers.get("status-checks")) if text(each, "name") == check]
    if not found:
        yield Setting("status-check", _FIX, f"there is no external status check {check}", f"{_MERGE}: Status checks: Add status check")
        return
    yield Setting("status-check", _OK, f"{check} is an external status check")
    yield switch(
        "status-check-secret",
        found[0].get("hmac"),
        wanted=True,
        ok="what GitLab sends to the check is authenticated",
        bad="anybody can send the responder what looks like GitLab's",
        fix=f"{_MERGE}: Status checks: {check}: HMAC shared secret",
    )
    yield switch(
        "status-checks-block",
        project.get("only_allow_merge_if_all_status_checks_passed"),
        wanted=True,
        ok="status checks must succeed",
        bad="external status checks are shown, and block nothing",
        fix=f"{_MERGE}: Merge checks: Status checks must succeed",
    )


def _branches(facts: ForgeFacts) -> Iterator[Setting]:
    """Ask whether the merge target takes merges only: what is pushed is not checked before."""
    if not is_told(facts, "protected-branches"):
        yield unknown(facts, "protected-branches", "protected-branch", f"{facts.branch} is protected")
        return
    # a branch's settings are the loosest of all entries that match it
    found = [each for each in rows(facts.answers.get("protected-branches")) if fnmatchcase(facts.branch, text(each, "name"))]
    place = f"{_REPOSITORY}: Protected branches: {facts.branch}"
    if not found:
        yield Setting("protected-branch", _FIX, f"{facts.branch} is not protected", place)
        return
    yield Setting("protected-branch", _OK, f"{facts.branch} is protected")
    pushers = [level for each in found for level in rows(each, "push_access_levels") if level.get("access_level") != 0]
    if pushers:
        who = ", ".join(text(level, "access_level_description")[:40] or "somebody" for level in pushers[:5])
        yield Setting("pushes", _FIX, f"commits can be pushed past the gate by: {who}", f"{place}: Allowed to push and merge: No one")
    else:
        yield Setting("pushes", _OK, "nobody pushes past the gate")
    is_forced = any(each.get("allow_force_push") is True for each in found)
    yield switch(
        "force-pushes",
        is_forced,
        wanted=False,
        ok="force pushes are blocked",
        bad="force pushes are allowed",
        fix=f"{place}: Allowed to force push: off",
    )
    owners = [each.get("code_owner_approval_required") for each in found]
    yield switch(
        "code-owners",
        all(owner is True for owner in owners) if all(isinstance(owner, bool) for owner in owners) else None,
        wanted=True,
        ok="code owners approve changes of their files",
        bad="nobody in particular has to approve a change of CI files or policy",
        fix=f"{place}: Code owner approval, with the gate's files in CODEOWNERS (Premium)",
    )


def _tags(facts: ForgeFacts) -> Setting:
    if not is_told(facts, "protected-tags"):
        return unknown(facts, "protected-tags", "protected-tags", "tags are protected")
    for each in rows(facts.answers.get("protected-tags")):
        levels = [level.get("access_level") for level in rows(each, "create_access_levels")]
        if all(not isinstance(level, int) or level == 0 or level >= _MAINTAINER for level in levels):
            return Setting("protected-tags", _OK, f"tags {text(each, 'name')[:60]} are for maintainers")
    return Setting("protected-tags", _FIX, "developers can make and move release tags", f"{_REPOSITORY}: Protected tags: v*: Maintainers")


def _approvals(facts: ForgeFacts) -> Iterator[Setting]:
    if not is_told(facts, "approvals"):
        yield unknown(facts, "approvals", "approvals", "changes are approved by somebody else than their author (Premium)")
        return
    approvals = table(facts.answers.get("approvals"))
    needed = [each.get("approvals_required") for each in rows(facts.answers.get("approval-rules"))]
    count = max([number for number in needed if isinstance(number, int)], default=0)
    if count or not is_told(facts, "approval-rules"):
        what = f"changes need {count} approval{'s' if count > 1 else ''}" if count else "changes need approvals: could not tell how many"
        yield Setting("approvals", _OK if count else _UNKNOWN, what)
    else:
        yield Setting("approvals", _FIX, "changes need no approval", f"{_MERGE}: Approval rules: at least 1")
    settings = (
        (
            "approvals-author",
            "merge_requests_author_approval",
            False,
            "authors cannot approve their own changes",
            "Prevent approval by merge request creator",
        ),
        (
            "approvals-committers",
            "merge_requests_disable_committers_approval",
            True,
            "who added commits cannot approve",
            "Prevent approvals by users who add commits",
        ),
        (
            "approvals-reset",
            "reset_approvals_on_push",
            True,
            "new commits take approvals back",
            "When a commit is added: Remove all approvals",
        ),
        (
            "approvals-fixed",
            "disable_overriding_approvers_per_merge_request",
            True,
            "authors cannot change the approval rules",
            "Prevent editing approval rules in merge requests",
        ),
    )
    for name, field, wanted, ok, words in settings:
        yield switch(name, approvals.get(field), wanted=wanted, ok=ok, bad=f"not so: {ok}", fix=f"{_MERGE}: Approval settings: {words}")


def _pipelines(facts: ForgeFacts, project: dict[str, object]) -> Iterator[Setting]:
    if is_told(facts, "job-token-scope"):
        yield switch(
            "job-token",
            table(facts.answers.get("job-token-scope")).get("inbound_enabled"),
            wanted=True,
            ok="only chosen projects' job tokens reach this project",
            bad="job tokens of every project reach this one",
            fix=f"{_CI}: Job token permissions: Only this project and any groups and projects in the allowlist",
        )
    else:
        yield unknown(facts, "job-token-scope", "job-token", "only chosen projects' job tokens reach this project")
    yield switch(
        "fork-pipelines",
        project.get("ci_allow_fork_pipelines_to_run_in_parent_project"),
        wanted=False,
        ok="pipelines of forks do not run here with this project's variables",
        bad="members can run a fork's pipeline here, with this project's variables",
        fix=f"{_CI}: General pipelines: Run pipelines in the parent project for merge requests from a forked project: off",
    )
    role = text(project, "ci_pipeline_variables_minimum_override_role")
    fix = f"{_CI}: Variables: Minimum role to use pipeline variables: No one allowed"
    if not role:
        yield Setting(
            "pipeline-variables", _UNKNOWN, "who may set variables of a pipeline: could not tell: the forge does not say it to this token"
        )
    elif role in ("no_one_allowed", "owner", "maintainer"):
        yield Setting("pipeline-variables", _OK, "developers cannot set variables of a pipeline")
    else:
        yield Setting("pipeline-variables", _FIX, "developers can set variables of a pipeline, and so the gate's own", fix)


def _push_rules(facts: ForgeFacts) -> Iterator[Setting]:
    if not is_told(facts, "push-rule"):
        yield unknown(facts, "push-rule", "push-rules", "pushed secrets are refused (Premium)")
        return
    yield switch(
        "push-rules",
        table(facts.answers.get("push-rule")).get("prevent_secrets"),
        wanted=True,
        ok="files that look like keys are refused when pushed",
        bad="files that look like keys are not refused when pushed",
        fix=f"{_REPOSITORY}: Push rules: Prevent pushing secret files",
    )
