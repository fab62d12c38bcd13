# SPDX-License-Identifier: Apache-2.0
"""Job identities and secrets in pipelines of merge requests from forks: shown, never a failure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import GitlabFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_MERGE_REQUEST = re.compile(r"merge_request_event|CI_MERGE_REQUEST_IID")
_OWN = re.compile(r"CI_MERGE_REQUEST_SOURCE_PROJECT_(ID|PATH)\s*==\s*[\"']?\$CI_(MERGE_REQUEST_)?PROJECT_(ID|PATH)|CI_COMMIT_REF_PROTECTED")


def check(facts: GitlabFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every job with ``id_tokens`` or ``secrets`` whose rules let merge requests in without asking where they come from."""
    for job in facts.jobs:
        for rule in job.rules if job.tokens else ():
            if rule.when != "never" and _MERGE_REQUEST.search(rule.condition) and not _OWN.search(rule.condition):
                fix = "add && $CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID to the rule"
                yield Problem(Location(facts.path, rule.line), f"{job.name} ({', '.join(job.tokens)[:60]})", fix)


RULE = Rule(
    "gitlab-fork-identity",
    Kind.GITLAB,
    "open to merge requests of forks",
    "a member who starts the parent's pipeline for a fork lends it this project's identity",
    check,
    informs=True,
    follows="include-unpinned",
)
