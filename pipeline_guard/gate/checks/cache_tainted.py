# SPDX-License-Identifier: Apache-2.0
"""Releases built from a cache that other jobs fill."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import Step, WorkflowFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.gate.shell import commands
from pipeline_guard.gate.workflow_parts import action_of, is_false, is_true
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_PUBLISHERS = {
    "actions/attest", "actions/attest-build-provenance", "actions/create-release", "changesets/action", "cycjimmy/semantic-release-action",
    "goreleaser/goreleaser-action", "js-devtools/npm-publish", "ncipollo/release-action", "pypa/gh-action-pypi-publish",
    "rubygems/release-gem", "softprops/action-gh-release", "svenstaro/upload-release-action",
}  # fmt: skip
_COMMANDS = re.compile(
    r"(npm|yarn|pnpm|bun|lerna) (npm )?publish|twine upload|(uv|poetry|flit|hatch|pdm) publish|cargo publish|gem push|mvn\b.* deploy"
    r"|(\./)?gradlew?\b.* publish.*|docker (buildx build .*--push|push)|gh release (create|upload)|goreleaser release"
    r"|dotnet nuget push|helm push"
)
# Which input turns a cache on, and with which action it is on without one ("").
_ASKED = {"actions/setup-node": "cache", "actions/setup-python": "cache", "actions/setup-java": "cache", "ruby/setup-ruby": "bundler-cache"}
_DEFAULT = {"actions/setup-go": "cache", "astral-sh/setup-uv": "enable-cache", "pnpm/action-setup": ""}
_CACHES = {"actions/cache", "actions/cache/restore", "swatinem/rust-cache", "hendrikmuhs/ccache-action", "mozilla-actions/sccache-action"}


def check(facts: WorkflowFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every cache that a publishing job restores."""
    for job in facts.jobs:
        steps = facts.of(job.id)
        publisher = next((name for step in steps if (name := _publishes(step))), "")
        for step in steps if publisher else ():
            if _restores(step):
                place = Location(facts.path, step.lines.get("uses", step.line))
                yield Problem(place, f"{action_of(step)} in {job.id}, which runs {publisher},", _fix(step))


def _publishes(step: Step) -> str:
    name = action_of(step)
    if name in _PUBLISHERS:
        return name
    if name == "docker/build-push-action" and is_true(step.inputs.get("push", "")):
        return name
    for command in commands(step.run) if step.run else ():
        line = " ".join(command.names)
        if "--dry-run" not in line and _COMMANDS.match(line):
            return " ".join(command.names[:2])
    return ""


def _restores(step: Step) -> bool:
    name = action_of(step)
    if name in _CACHES:
        return not is_true(step.inputs.get("lookup-only", ""))
    if name in _ASKED:
        value = step.inputs.get(_ASKED[name], "")
        return bool(value) and not is_false(value) and "${{" not in value
    if name == "docker/build-push-action":
        return "type=gha" in step.inputs.get("cache-from", "")
    value = step.inputs.get(_DEFAULT.get(name, ""), "true" if _DEFAULT.get(name) else "")
    return bool(value) and not is_false(value) and "${{" not in value


def _fix(step: Step) -> str:
    name = action_of(step)
    if _DEFAULT.get(name):
        return f"add {_DEFAULT[name]}: false under with:"
    return "build releases without a cache: take it out of this job"


RULE = Rule(
    "cache-tainted",
    Kind.WORKFLOW,
    "restores a cache",
    "any job of the default branch can fill that cache, so code of a lesser job ends up in what is published",
    check,
    follows="action-unpinned",
)
