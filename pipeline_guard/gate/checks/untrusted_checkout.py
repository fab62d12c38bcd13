# SPDX-License-Identifier: Apache-2.0
"""Code of a pull request, checked out where a run has the secrets and the token of the base repository."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import Step, WorkflowFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.gate.workflow_parts import action_of, job_of, only_own, privileged
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_HEAD = re.compile(
    r"github\.head_ref|pull_request\.(head\.(sha|ref)|merge_commit_sha)|head\.repo\.|workflow_run\.(head_(sha|branch|commit\.id)|pull_requests)"
    r"|refs/pull/|pull/\$|steps\.[\w-]+\.outputs\.[\w-]*(sha|ref|head|commit|branch)",
    re.IGNORECASE,
)
_COMMAND = re.compile(
    r"gh\s+pr\s+checkout|git\s+fetch\s[^\n]{0,300}\bpull/|git\s+(checkout|switch|reset)\s[^\n]{0,300}FETCH_HEAD|hub\s+(pr\s+)?checkout"
    r"|git\s+(clone|fetch|pull|remote\s+add)\s[^\n]{0,300}(head\.repo\.|head_repository\.|pull_request\.head\.(ref|sha)|github\.head_ref)"
)


def check(facts: WorkflowFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every such checkout in a job that does anything behind it."""
    events = [event for event in privileged(facts) if event in ("pull_request_target", "workflow_run", "issue_comment", "issues")]
    for step in facts.steps if events else ():
        if not _fetches_head(step) or only_own(step.condition, job_of(facts, step).condition):
            continue
        steps = facts.of(step.job)
        later = steps[steps.index(step) + 1 :]
        if later or step.run:
            line = step.lines.get("ref") or step.lines.get("repository") or step.line
            fix = "run the pull request's code under on: pull_request, and hand results to this workflow as data"
            yield Problem(Location(facts.path, line), f"the pull request's code under {events[0]}", fix)


def _fetches_head(step: Step) -> bool:
    if action_of(step) == "actions/checkout":
        return bool(_HEAD.search(step.inputs.get("ref", "")) or _HEAD.search(step.inputs.get("repository", "")))
    return bool(_COMMAND.search(step.run))


RULE = Rule(
    "untrusted-checkout",
    Kind.WORKFLOW,
    "checked out",
    "anybody's build scripts then run with this repository's secrets and write token",
    check,
    follows="action-unpinned",
)
