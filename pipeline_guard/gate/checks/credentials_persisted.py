# SPDX-License-Identifier: Apache-2.0
"""Checkouts that leave the token in the work tree, which is then uploaded."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import Step, WorkflowFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.gate.workflow_parts import action_of, is_false, is_true
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_WHOLE = re.compile(r"\.?/?(\*\*?(/\*)?)?|\./|\$\{\{\s*github\.workspace\s*\}\}/?(\*\*?)?|(.*/)?\.git(/.*)?")
_VERSION = re.compile(r"v?(\d+)(?:\.(\d+))?.*")


def check(facts: WorkflowFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every upload of the whole work tree, hidden files included, behind a checkout that keeps its token there."""
    versions = {use.line: _version(use.target, use.comment) for use in facts.uses}
    kept: dict[str, Step] = {}
    for step in facts.steps:
        version = versions.get(step.lines.get("uses", 0), ())
        if action_of(step) == "actions/checkout" and not is_false(step.inputs.get("persist-credentials", "")):
            if not version or version < (6, 0):  # from v6 on the token lies outside the work tree
                kept[step.job] = step
        elif action_of(step) == "actions/upload-artifact" and step.job in kept and _uploads_hidden(step, version):
            fix = f"add persist-credentials: false to the checkout at line {kept[step.job].line}, or upload only what is needed"
            yield Problem(Location(facts.path, step.lines.get("path", step.line)), "the work tree with .git/config", fix)


def _uploads_hidden(step: Step, version: tuple[int, ...]) -> bool:
    paths = [line.strip() for line in step.inputs.get("path", "").splitlines() if line.strip()]
    if any(line.lstrip("!") != line and ".git" in line for line in paths):
        return False
    if any(re.fullmatch(r"(.*/)?\.git(/.*)?", line) for line in paths):
        return True
    # from v4.4 on hidden files stay out unless asked for
    hidden = is_true(step.inputs.get("include-hidden-files", "")) or (bool(version) and version < (4, 4))
    return hidden and any(_WHOLE.fullmatch(line) for line in paths)


def _version(target: str, comment: str) -> tuple[int, ...]:
    for text in (target.rpartition("@")[2], comment.split(" ", maxsplit=1)[0]):
        found = _VERSION.fullmatch(text)
        if found and len(text) < 20:
            return (int(found[1]), 99 if found[2] is None else int(found[2]))
    return ()


RULE = Rule(
    "credentials-persisted",
    Kind.WORKFLOW,
    "uploaded",
    "the job's token is in there, and everybody who can read the artifact can use it while the job runs",
    check,
    follows="action-unpinned",
)
