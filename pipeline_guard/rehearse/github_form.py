# SPDX-License-Identifier: Apache-2.0
"""What GitHub refuses of a workflow before anything runs: a key that it does not know, a job without a runner, a step without work.

The keys are those of "Workflow syntax" and of the workflow parser that GitHub publishes (MIT).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection

from pipeline_guard.errors import UsageError
from pipeline_guard.model.document import Node

_TOP = frozenset(("name", "description", "run-name", "on", "defaults", "env", "permissions", "concurrency", "jobs"))
_BOTH = frozenset(("name", "needs", "if", "strategy", "permissions", "concurrency"))
_CALLER = _BOTH | {"uses", "with", "secrets"}
_JOB = _BOTH | {
    "runs-on", "timeout-minutes", "cancel-timeout-minutes", "continue-on-error", "container", "services", "env", "environment", "outputs",
    "defaults", "steps", "snapshot",
}  # fmt: skip
_STEP = frozenset(("name", "id", "if", "timeout-minutes", "continue-on-error", "env", "background"))
_RUN = _STEP | {"run", "working-directory", "shell"}
_USES = _STEP | {"uses", "with"}
_WAITS = frozenset(("name", "id", "continue-on-error", "wait", "wait-all", "cancel"))
_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def check_workflow(root: Node, path: str) -> None:
    """Raise UsageError for what GitHub would refuse."""
    _keys(root, _TOP, path, "a workflow")
    if root.get("on") is None:
        raise UsageError(f"{path}:{root.line}: nothing starts this workflow", "write on: with the events that do")
    jobs = root.get("jobs")
    for name, job in jobs.items() if jobs is not None else ():
        if not _ID.fullmatch(name):
            raise UsageError(f"{path}:{job.line}: no name for a job: {name[:60]}", "letters, digits, - and _, beginning with a letter or _")
        if job.get("uses") is not None:
            _keys(job, _CALLER, path, f"the job {name}, which calls a workflow")
            continue
        _keys(job, _JOB, path, f"the job {name}")
        if job.get("runs-on") is None:
            raise UsageError(f"{path}:{job.line}: the job {name} has no runs-on", "write runs-on: ubuntu-24.04")
        _steps(job.get("steps"), path, in_action=False)


def check_action(root: Node, path: str) -> None:
    """Raise UsageError for what GitHub would refuse of a composite action."""
    runs = root.get("runs")
    _steps(runs.get("steps") if runs is not None else None, path, in_action=True)


def _steps(listed: Node | None, path: str, *, in_action: bool) -> None:
    seen: set[str] = set()
    for step in listed.elements() if listed is not None else ():
        if not isinstance(step.value, dict):  # the reader of the file has told that already
            continue
        if step.get("parallel") is not None:
            _keys(step, ("parallel",), path, "a parallel step")
            _steps(step.get("parallel"), path, in_action=in_action)
            continue
        if any(step.get(key) is not None for key in ("wait", "wait-all", "cancel")):
            _keys(step, _WAITS, path, "a step that waits")
            continue
        runs, uses = step.get("run") is not None, step.get("uses") is not None
        if runs is uses:
            known = ["uses", "run"]
            near = next((word for key in step.value for word in difflib.get_close_matches(key, known, n=1)), "")
            both = "both run and uses" if runs else "neither run nor uses"
            raise UsageError(
                f"{path}:{step.line}: a step has {both}", f"did you mean {near}:?" if near and not runs else "write one of them"
            )
        _keys(step, _RUN if runs else _USES, path, "a step")
        if in_action and runs and step.get("shell") is None:
            raise UsageError(f"{path}:{step.line}: a run step of an action has no shell", "write shell: bash")
        named = step.get("id")
        if named is not None and named.text.lower() in seen:
            raise UsageError(f"{path}:{named.line}: two steps have the id {named.text[:60]}", "give each its own")
        seen |= {named.text.lower()} if named is not None else set()


def _keys(node: Node, known: Collection[str], path: str, what: str) -> None:
    for key in node.value if isinstance(node.value, dict) else ():
        if key not in known:
            near = difflib.get_close_matches(key, sorted(known), n=1)
            line = (node.key_lines or {}).get(key, node.line)
            raise UsageError(
                f"{path}:{line}: {what} has no key {key[:60]}",
                f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}",
            )
