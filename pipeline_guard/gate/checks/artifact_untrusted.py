# SPDX-License-Identifier: Apache-2.0
"""Artifacts of a pull request's run that a privileged run executes, or copies into its own environment."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import Step, WorkflowFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.gate.run_artifact import FETCHES, downloads
from pipeline_guard.gate.shell import Command, commands
from pipeline_guard.gate.workflow_parts import action_of, job_of, only_own
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_SAFE = re.compile(r"\$\{\{\s*runner\.temp\s*\}\}|/tmp/|\$RUNNER_TEMP")
_RUNNERS = {"bash", "sh", "zsh", "python", "python3", "node", "ruby", "perl", "source", ".", "make", "npm", "yarn", "pnpm", "npx"}
_INTO = re.compile(r"(?:\bgh run download\b[^\n;|&]*?\s(?:-D|--dir)|\bunzip\b[^\n;|&]*?\s-d)[ =]\s*[\"']?([^\s\"']+)")
_BUILDERS = {"make", "npm", "yarn", "pnpm", "npx"}
_FILES = {"GITHUB_ENV", "GITHUB_PATH"}


def check(facts: WorkflowFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give what runs files of such an artifact, or of a work tree that it was unpacked over, or sets variables from them."""
    if "workflow_run" not in facts.events:
        return
    for job in facts.jobs:
        folder: str | None = None
        for step in facts.of(job.id):
            if action_of(step) == "actions/checkout" and folder is not None and not folder.startswith("/"):
                folder = None if not step.inputs.get("path") else folder  # it wipes the work tree
            if downloads(step) and not only_own(step.condition, job_of(facts, step).condition):
                folder = "" if folder == "" else _folder(step)
                if not step.run:
                    continue
            fetched = not FETCHES.search(step.run)
            for command in commands(step.run) if folder is not None and step.run else ():
                what = _misuse(command, folder or "") if fetched else ""
                fetched = fetched or FETCHES.search(" ".join(command.names)) is not None
                if what:
                    place = Location(facts.path, (step.run_line or step.line) + command.line)
                    fix = "download into ${{ runner.temp }}/artifact, treat it as data, and check its form before use"
                    yield Problem(place, what, fix)


def _folder(step: Step) -> str:
    """Return where the files go; "" for the work tree itself."""
    asked = _INTO.search(step.run)
    place = (asked[1] if asked else step.inputs.get("path", "")).strip().rstrip("/")
    return "" if place in (".", "./") else place.removeprefix("./")


def _misuse(command: Command, folder: str) -> str:
    variables = {name for word in command.words for name, _quoted in word.variables}
    names = command.names
    line = " ".join(names)
    if variables & _FILES and names[:1] != ["echo"] and (names[:1] == ["cat"] or "$(" in line):
        return f"{min(variables & _FILES)} written from a file"
    if variables & _FILES and "$()" in line:
        return f"{min(variables & _FILES)} written from a file"
    if (
        "GITHUB_PATH" in variables
        and names[:1] == ["echo"]
        and folder
        and re.search(rf"(?:^|[\s/\"'.]){re.escape(folder)}(?:/|[\s\"']|$)", line)
    ):
        return "GITHUB_PATH led into the artifact"
    # of an interpreter only the program counts: files behind it are data
    touches = not folder or folder in (line if names and names[0] in _BUILDERS else " ".join(names[1:2]))
    if names and names[0] in _RUNNERS and len(names) > 1 and not names[1].startswith("-") and touches and not _SAFE.search(line):
        return f"{names[0]} {names[1]}"[:60]
    if not names or _SAFE.search(line):
        return ""
    if folder and names[0].removeprefix("./").startswith(folder + "/"):
        return names[0][:60]
    # in the work tree itself an artifact replaces whatever file is run afterwards
    return names[0][:60] if not folder and (names[0].startswith("./") or names[0] == "make") else ""


RULE = Rule(
    "artifact-untrusted",
    Kind.WORKFLOW,
    "with an artifact of the run before",
    "a pull request from anywhere filled that artifact, and this run has the secrets",
    check,
    follows="action-unpinned",
)
