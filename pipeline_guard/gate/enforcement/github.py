# SPDX-License-Identifier: Apache-2.0
"""Every way round the gate that a repository's settings at GitHub leave open.

Sources: GitHub "Available rules for rulesets", "Protected branches", REST descriptions of rules, rulesets, Actions permissions.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.enforcement.answer import is_told, rows, switch, table, text, unknown
from pipeline_guard.model.forge import ForgeFacts, Setting, SettingState

ACTIONS_APP = 15368  # GitHub Actions itself, on github.com: every workflow's own token
_OK, _FIX, _UNKNOWN = SettingState.OK, SettingState.FIX, SettingState.UNKNOWN
_RULES = "Settings > Rules > Rulesets"
_ACTIONS = "Settings > Actions > General"
_STRICT_APPROVAL = "all_external_contributors"


def examine(facts: ForgeFacts, check: str) -> list[Setting]:
    """Judge every setting; ``check`` is the name under which verdicts are published."""
    return [
        *_required(facts, check),
        _rule(facts, "non_fast_forward", "force-pushes", "force pushes are blocked", "allow_force_pushes"),
        _rule(facts, "deletion", "deletion", "the branch cannot be deleted", "allow_deletions"),
        _pull_request(facts),
        *_rulesets(facts),
        *_bypass(facts),
        *_actions(facts),
        *_environments(facts),
        _scanning(facts),
    ]


def _active(facts: ForgeFacts, kind: str) -> list[dict[str, object]]:
    return [rule for rule in rows(facts.answers.get("rules")) if text(rule, "type") == kind]


def _required(facts: ForgeFacts, check: str) -> Iterator[Setting]:
    """Is the check required, from our App alone, and on top of the newest target."""
    if not is_told(facts, "rules") and not is_told(facts, "protection"):
        yield unknown(facts, "rules", "required-check", f"is {check} a required check")
        return
    classic = table(facts.answers.get("protection"), "required_status_checks")
    found = [  # (the App's number, strict)
        (each.get("integration_id"), table(rule, "parameters").get("strict_required_status_checks_policy"))
        for rule in _active(facts, "required_status_checks")
        for each in rows(rule, "parameters", "required_status_checks")
        if text(each, "context") == check
    ]
    found += [(each.get("app_id"), classic.get("strict")) for each in rows(classic, "checks") if text(each, "context") == check]
    if not found:
        yield Setting(
            "required-check",
            _FIX,
            f"{check} is not a required check of {facts.branch}",
            f"{_RULES}: Require status checks to pass: {check}",
        )
        return
    yield Setting("required-check", _OK, f"{check} is a required check of {facts.branch}")
    apps = [app for app, _ in found if isinstance(app, int) and app > 0]
    fix = f"{_RULES}: choose your own App as the source of {check}"
    if any(app != ACTIONS_APP for app in apps):
        yield Setting("check-source", _OK, f"{check} counts only from one App")
    elif apps:
        yield Setting("check-source", _FIX, "the check counts from GitHub Actions: any workflow of the repository can set it", fix)
    else:
        yield Setting("check-source", _FIX, "the check counts from any source: whoever may write statuses can set it", fix)
    is_strict = any(strict is True for _, strict in found) or bool(_active(facts, "merge_queue"))
    if is_strict:
        yield Setting("up-to-date", _OK, "what is merged was checked on top of the newest target")
    else:
        fix = f"{_RULES}: Require branches to be up to date before merging, or Require merge queue"
        yield Setting("up-to-date", _FIX, "a change may be merged that was checked against an older target", fix)


def _rule(facts: ForgeFacts, kind: str, name: str, ok: str, classic: str) -> Setting:
    if _active(facts, kind) or table(facts.answers.get("protection"), classic).get("enabled") is False:
        return Setting(name, _OK, ok)
    if not is_told(facts, "rules"):
        return unknown(facts, "rules", name, ok)
    words = "Block force pushes" if kind == "non_fast_forward" else "Restrict deletions"
    return Setting(name, _FIX, f"not so: {ok}", f"{_RULES}: {words}")


def _pull_request(facts: ForgeFacts) -> Setting:
    rules = [table(rule, "parameters") for rule in _active(facts, "pull_request")]
    classic = table(facts.answers.get("protection"), "required_pull_request_reviews")
    if not rules and not classic:
        if not is_told(facts, "rules"):
            return unknown(facts, "rules", "reviews", "changes come by pull request only")
        return Setting("reviews", _FIX, "commits can be pushed without a pull request", f"{_RULES}: Require a pull request before merging")
    if any(each.get("require_code_owner_review") is True for each in rules) or classic.get("require_code_owner_reviews") is True:
        return Setting("reviews", _OK, "changes come by pull request, and code owners approve theirs")
    fix = f"{_RULES}: Require review from Code Owners, with the gate's files in CODEOWNERS"
    return Setting("reviews", _FIX, "nobody in particular has to approve a change of workflows or policy", fix)


def _rulesets(facts: ForgeFacts) -> Iterator[Setting]:
    """Rulesets that only watch, or are off, protect nothing."""
    if not is_told(facts, "rulesets"):
        yield unknown(facts, "rulesets", "rulesets-active", "all rulesets are active")
        return
    idle = [each for each in rows(facts.answers.get("rulesets")) if text(each, "enforcement") not in ("", "active")]
    if not idle:
        yield Setting("rulesets-active", _OK, "no ruleset is switched off or only watching")
    for each in idle[:20]:
        name = text(each, "name")[:80]
        yield Setting(
            "rulesets-active",
            _FIX,
            f"the ruleset {name!r} is {text(each, 'enforcement')[:20]}",
            f"{_RULES}: {name}: Enforcement status: Active",
        )


def _bypass(facts: ForgeFacts) -> Iterator[Setting]:
    """Who may pass by all of it."""
    details = [each for each in rows(facts.answers.get("ruleset-details")) if text(each, "enforcement") == "active"]
    hidden = [each for each in details if not isinstance(each.get("bypass_actors"), list)]
    actors = [(text(each, "name"), actor) for each in details for actor in rows(each, "bypass_actors")]
    for name, actor in actors[:20]:
        who = f"{text(actor, 'actor_type')} {actor.get('actor_id')}"
        yield Setting(
            "bypass", _FIX, f"the ruleset {name[:80]!r} can be bypassed by {who[:80]}", f"{_RULES}: {name[:80]}: Bypass list: remove it"
        )
    if hidden or "ruleset-details" in facts.silent or not is_told(facts, "rulesets"):
        yield Setting(
            "bypass",
            _UNKNOWN,
            "who may bypass the rulesets: could not tell: it is shown only to whoever may change them (administration: write)",
        )
    elif not actors and details:
        yield Setting("bypass", _OK, "nobody may bypass the active rulesets")
    protection = facts.answers.get("protection")
    if table(protection) and not details:
        enforced = table(protection, "enforce_admins").get("enabled")
        fix = "Settings > Branches: Do not allow bypassing the above settings"
        yield switch(
            "admins",
            enforced,
            wanted=True,
            ok="the protection binds administrators, too",
            bad="administrators may pass by the protection",
            fix=fix,
        )


def _actions(facts: ForgeFacts) -> Iterator[Setting]:
    if is_told(facts, "workflow"):
        workflow = table(facts.answers.get("workflow"))
        is_read = text(workflow, "default_workflow_permissions") == "read"
        fix = f"{_ACTIONS}: Workflow permissions: Read repository contents"
        what = "workflows get a token that reads only" if is_read else "workflows get a token that may write, unless they say otherwise"
        yield Setting("workflow-token", _OK if is_read else _FIX, what, "" if is_read else fix)
        yield switch(
            "workflow-approves",
            workflow.get("can_approve_pull_request_reviews"),
            wanted=False,
            ok="workflows cannot approve pull requests",
            bad="workflows can create and approve pull requests",
            fix=f"{_ACTIONS}: Allow GitHub Actions to create and approve pull requests: off",
        )
    else:
        yield unknown(facts, "workflow", "workflow-token", "workflows get a token that reads only")
    if is_told(facts, "actions"):
        actions = table(facts.answers.get("actions"))
        if actions.get("enabled") is False:
            yield Setting("allowed-actions", _OK, "GitHub Actions is off")
        else:
            allowed = text(actions, "allowed_actions")
            is_narrow = allowed in ("local_only", "selected")
            fix = f"{_ACTIONS}: Actions permissions: allow selected actions only"
            what = "only selected actions may be used" if is_narrow else "any action of anybody may be used"
            yield Setting("allowed-actions", _OK if is_narrow else _FIX, what, "" if is_narrow else fix)
            yield switch(
                "pinned-actions",
                actions.get("sha_pinning_required"),
                wanted=True,
                ok="actions must be pinned to a commit",
                bad="actions need not be pinned to a commit",
                fix=f"{_ACTIONS}: Require actions to be pinned to a full-length commit SHA",
            )
    else:
        yield unknown(facts, "actions", "allowed-actions", "only selected actions may be used")
    if is_told(facts, "fork-approval"):
        is_all = text(table(facts.answers.get("fork-approval")), "approval_policy") == _STRICT_APPROVAL
        fix = f"{_ACTIONS}: Approval for running fork pull request workflows: all external contributors"
        what = "workflows of forks wait for an approval" if is_all else "workflows of some forks run without an approval"
        yield Setting("fork-approval", _OK if is_all else _FIX, what, "" if is_all else fix)
    else:
        yield unknown(facts, "fork-approval", "fork-approval", "workflows of forks wait for an approval")


def _environments(facts: ForgeFacts) -> Iterator[Setting]:
    if not is_told(facts, "environments"):
        yield unknown(facts, "environments", "environments", "environments are for protected branches or reviewed")
        return
    environments = rows(facts.answers.get("environments"), "environments")
    loose = [text(each, "name")[:80] for each in environments if not each.get("deployment_branch_policy") and not _is_reviewed(each)]
    if not loose:
        yield Setting(
            "environments",
            _OK,
            "environments are for chosen branches, or wait for a reviewer" if environments else "there is no environment",
        )
    for name in loose[:20]:
        fix = f"Settings > Environments > {name}: Deployment branches: protected branches; Required reviewers"
        yield Setting("environments", _FIX, f"any branch may use the environment {name!r} and its secrets", fix)


def _is_reviewed(environment: dict[str, object]) -> bool:
    return any(text(rule, "type") == "required_reviewers" for rule in rows(environment, "protection_rules"))


def _scanning(facts: ForgeFacts) -> Setting:
    protection = table(facts.answers.get("repository"), "security_and_analysis", "secret_scanning_push_protection")
    status = text(protection, "status")
    if not status:
        return Setting("push-protection", _UNKNOWN, "pushed secrets are refused: could not tell: it is shown to administrators only")
    fix = "Settings > Advanced Security: Secret Protection: Push protection"
    if status == "enabled":
        return Setting("push-protection", _OK, "pushed secrets are refused")
    return Setting("push-protection", _FIX, "pushed secrets are not refused", fix)
