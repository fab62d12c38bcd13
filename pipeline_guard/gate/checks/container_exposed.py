# SPDX-License-Identifier: Apache-2.0
"""Containers of jobs that hold the machine they run on, or whose password lies in the workflow."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import Container, Job, WorkflowFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_OPTION = re.compile(
    r"(?:^|\s)(--privileged(?!=false)\b"
    r"|--(?:pid|ipc|userns|uts|network|net)[= ]host\b|--cap-add[= ](?:ALL|(?:CAP_)?SYS_(?:ADMIN|PTRACE|MODULE))\b"
    r"|--security-opt[= ]\S*unconfined|--device[= ]/dev/(?:mem|kmem|sd\S*|nvme\S*))",
    re.IGNORECASE,
)
_MOUNT = re.compile(
    r"(?:^|[\s=,\"'])(?:source=|src=)?"
    r"(/var/run/docker\.sock|/run/docker\.sock|/run/containerd/\S*\.sock|/(?:etc|root|proc|sys|dev)?(?=:))"
)
_HOSTED = re.compile(r"(ubuntu|windows|macos)-(latest|slim|[\d.]+)(-\w+)*", re.IGNORECASE)


def check(facts: WorkflowFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give both. A machine that GitHub hosts ends with the job, so there is nothing to hold."""
    for job in facts.jobs:
        for container in job.containers:
            place = Location(facts.path, container.line)
            held = "" if _is_hosted(job) else _held(container)
            if held:
                yield Problem(
                    place,
                    f"{job.id}: {held}",
                    "remove it; build images with a builder that needs no daemon (buildah, kaniko), or on a one-time runner",
                )
            if container.password and "${{" not in container.password:
                yield Problem(place, f"{job.id}: the password of a registry", "write password: ${{ secrets.NAME }}, and change it")


def _is_hosted(job: Job) -> bool:
    labels = list(job.runs_on)
    for label in job.runs_on:
        if label.startswith("${{") and "matrix." in label:
            labels = [value for values in job.matrix.values() for value in values if _HOSTED.fullmatch(value) or "self-hosted" in value]
    return bool(labels) and all(_HOSTED.fullmatch(label) for label in labels)


def _held(container: Container) -> str:
    found = _OPTION.search(container.options) or _MOUNT.search(container.options)
    if found:
        return found[1]
    return next((volume for volume in container.volumes if _MOUNT.match(volume)), "")


RULE = Rule(
    "container-exposed",
    Kind.WORKFLOW,
    "in a container of a job",
    "whatever runs in that container has the runner's machine with its other jobs, or whoever reads the file has the registry",
    check,
    follows="action-unpinned",
)
