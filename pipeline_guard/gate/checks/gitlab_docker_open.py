# SPDX-License-Identifier: Apache-2.0
"""Docker daemons beside a job that listen without TLS."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import GitlabFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location


def check(facts: GitlabFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every docker-in-docker service whose daemon is told to do without certificates."""
    for job in facts.jobs:
        if not any("dind" in service for service in job.services):
            continue
        variables = {**facts.variables, **job.variables}
        open_ = "DOCKER_TLS_CERTDIR" in variables and not variables["DOCKER_TLS_CERTDIR"]
        if open_ or any(text in ("--tls=false", "--tlsverify=false") for text in job.commands):
            place = Location(facts.path, job.lines.get("services", job.line))
            yield Problem(
                place,
                f"{job.name}: docker:dind",
                'set DOCKER_TLS_CERTDIR: "/certs" and use port 2376, or build without a daemon (buildah, kaniko)',
            )


RULE = Rule(
    "gitlab-docker-open",
    Kind.GITLAB,
    "without TLS",
    "whatever reaches that port is root in a privileged container, and so on the runner's machine",
    check,
    follows="include-unpinned",
)
