# SPDX-License-Identifier: Apache-2.0
"""GitHub's own language service finds nothing in our workflows, actions and examples, and something in bad ones."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.shells.examples import COMMIT, write
from tests.shells.outside.conftest import FETCHED, NODE
from tests.shells.reading import ACTIONS, ROOT, WORKFLOWS


def judge(*files: Path) -> list[dict[str, Any]]:
    command = [str(NODE), str(FETCHED / "judge.mjs"), str(ROOT), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_workflows_and_actions_of_this_repository_are_right() -> None:
    assert judge(*WORKFLOWS, *ACTIONS) == []


def test_examples_are_right_and_give_our_actions_only_inputs_that_they_have(tmp_path: Path) -> None:
    files = write(tmp_path, "jobs")
    assert files
    assert judge(*files) == []


WORKFLOW = "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: pipeline-guard/pipeline-guard/actions/scan@%s\n        with:\n          %s: x\n"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (".github/workflows/a.yml", WORKFLOW % (COMMIT, "pathes"), "pathes"),
        (".github/workflows/b.yml", "on: push\njobs:\n  a:\n    needs: [b]\n    runs-on: x\n    steps: [{run: 'true'}]\n", "b"),
        (".github/workflows/c.yml", "on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{run: '${{ foo.bar }}'}]\n", "foo"),
        ("action.yml", "name: a\ndescription: b\nruns: {using: composite, steps: [{run: echo}]}\n", "shell"),
    ],
)
def test_service_would_have_found_something(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    assert any(message in found["message"] for found in judge(path))


def test_right_inputs_of_our_actions_are_accepted(tmp_path: Path) -> None:
    path = tmp_path / ".github" / "workflows" / "a.yml"
    path.parent.mkdir(parents=True)
    path.write_text(WORKFLOW % (COMMIT, "paths"))
    assert judge(path) == []
