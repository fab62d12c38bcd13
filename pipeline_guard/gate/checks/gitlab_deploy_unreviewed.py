# SPDX-License-Identifier: Apache-2.0
"""Deployments to production from pipelines of merge requests."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import GitlabFacts, GitlabJob, GitlabRule
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_PRODUCTION = re.compile(r"(?:.*[/_-])?(?:production|prod|live)(?:[/_-].*)?", re.IGNORECASE)
_REQUEST = re.compile(r"CI_PIPELINE_SOURCE\s*==\s*[\"']merge_request_event[\"']|(?<!!\s)(?<!!)\$CI_MERGE_REQUEST_I?ID\b(?!\s*==\s*null)")


def check(facts: GitlabFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every job that deploys to production and whose rules let the pipeline of a merge request in by itself."""
    for job in facts.jobs:
        rule = _lets_in(job) if _PRODUCTION.fullmatch(job.environment) else None
        if rule is not None:
            fix = "deploy on the default branch or a protected tag: if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"
            yield Problem(Location(facts.path, rule.line), f"{job.name[:80]} to {job.environment[:40]}", fix)


def _lets_in(job: GitlabJob) -> GitlabRule | None:
    for rule in job.rules:
        if _REQUEST.search(rule.condition):
            return rule if rule.when not in ("never", "manual") else None
    return None


RULE = Rule(
    "gitlab-deploy-unreviewed",
    Kind.GITLAB,
    "from a merge request's pipeline",
    "what nobody reviewed yet reaches production, and the job's variables reach whoever opened the request",
    check,
    follows="include-unpinned",
)
