# SPDX-License-Identifier: Apache-2.0
"""From a file's text to what one check says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pipeline_guard.gate.ci_facts import GitlabFacts, ScriptFacts, WorkflowFacts
from pipeline_guard.gate.ci_file import action, github, gitlab
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.inventory import keep, look
from pipeline_guard.gate.related import PipelineFiles, related
from pipeline_guard.gate.rule import Problem
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.verdict import Unchecked

SHA = "0123456789abcdef0123456789abcdef01234567"
PLAIN = GateSettings()
Check = Callable[[Any, GateSettings], Iterable[Problem]]


def workflow(text: str) -> WorkflowFacts:
    return github(text.encode(), ".github/workflows/w.yml")


def composite(text: str) -> WorkflowFacts:
    return action(text.encode(), "action.yml")


def pipeline(text: str) -> GitlabFacts:
    return gitlab(text.encode(), ".gitlab-ci.yml")


def job(steps: str, *, on: str = "push", head: str = "") -> WorkflowFacts:
    """One job with these steps; they begin at line 5, or further down behind the lines of ``head``, which belong to the job."""
    lines = "".join(f"    {line}\n" for line in head.splitlines())
    body = "".join(f"      {line}\n" for line in steps.splitlines())
    return workflow(f"on: {on}\njobs:\n  j:\n{lines}    steps:\n{body}")


def whole(files: dict[str, str | bytes]) -> list[tuple[Kind, Any]]:
    """All facts of a tree, those that only several files together give included."""
    kept = PipelineFiles()
    found: list[tuple[Kind, Any]] = []
    missing: list[tuple[Kind, Any]] = []
    for path, text in files.items():
        content = text.encode() if isinstance(text, str) else text
        keep(path, content, kept)
        for kind, item in look(path, content):
            (missing if isinstance(item, Unchecked) else found).append((kind, item))
    return [*related(found, kept, None), *missing]


def scripts(text: str) -> ScriptFacts:
    """The script of a workflow's one step; its first line is line 6."""
    block = "".join(f"          {line}\n" for line in text.splitlines())
    tree = whole({".github/workflows/w.yml": f"on: push\njobs:\n  j:\n    steps:\n      - run: |\n{block}"})
    return next(item for kind, item in tree if kind is Kind.SCRIPT)


def failing(check: Check, facts: Any) -> list[tuple[str, int]]:
    """What fails, and on which line; each failure names its way out."""
    problems = list(check(facts, PLAIN))
    assert all(problem.fix for problem in problems)
    return [(problem.what, problem.location.line) for problem in problems]


def lines(check: Check, facts: Any) -> list[int]:
    return [line for _, line in failing(check, facts)]
