# SPDX-License-Identifier: Apache-2.0
"""Judges from outside find nothing in our workflows, actions, templates and examples, and something in bad ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.shells.examples import examples, write
from tests.shells.reading import ACTIONS, ROOT, TEMPLATES, WORKFLOWS, WRAPPERS

BIN = Path(sys.executable).parent
UNSAFE = "on: pull_request_target\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: echo ${{ github.event.pull_request.title }}\n"


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in words], cwd=ROOT, capture_output=True, text=True, timeout=120)


def zizmor(*places: Path) -> subprocess.CompletedProcess[str]:
    return run(BIN / "zizmor", "--offline", "--no-progress", "--persona", "auditor", "--strict-collection", *places)


def schema(kind: str, *files: Path) -> subprocess.CompletedProcess[str]:
    transform = ["--data-transform", "gitlab-ci"] if kind == "gitlab-ci" else []
    return run(BIN / "check-jsonschema", "--builtin-schema", f"vendor.{kind}", *transform, *files)


def documents(paths: list[Path], folder: Path) -> list[Path]:
    """Write head and body of each template as files of their own: the judge takes one document a file."""
    written = []
    for path in paths:
        head, _, body = path.read_text().partition("\n---\n")
        for part, text in (("head", head), ("body", body)):
            written.append(folder / f"{path.parent.name}-{path.stem}-{part}.yml")
            written[-1].write_text(f"{text}\n")
    return written


def test_there_are_examples_to_judge() -> None:
    names = [name for name, _ in examples("jobs")]
    assert {f"actions-{verb}-readme-1" for verb in ("scan", "gate", "sign", "verify", "inject", "_setup")} <= set(names)
    assert len(list(examples("gitlab"))) >= 3


def test_zizmor_finds_nothing_in_our_workflows_and_actions() -> None:
    done = zizmor(ROOT / ".github", ROOT / "actions", ROOT / "action.yml")
    assert done.returncode == 0, done.stdout


def test_zizmor_finds_nothing_in_an_example_of_a_workflow(tmp_path: Path) -> None:
    write(tmp_path, "jobs")
    done = zizmor(tmp_path)
    assert done.returncode == 0, done.stdout


def test_zizmor_would_have_found_something(tmp_path: Path) -> None:
    path = tmp_path / ".github" / "workflows" / "unsafe.yml"
    path.parent.mkdir(parents=True)
    path.write_text(UNSAFE)
    assert zizmor(tmp_path).returncode in range(11, 15)


@pytest.mark.parametrize(
    ("kind", "paths"), [("github-workflows", WORKFLOWS), ("github-actions", ACTIONS), ("dependabot", [ROOT / ".github" / "dependabot.yml"])]
)
def test_files_for_github_follow_its_schema(kind: str, paths: list[Path]) -> None:
    done = schema(kind, *paths)
    assert done.returncode == 0, done.stdout


def test_examples_of_workflows_follow_the_schema(tmp_path: Path) -> None:
    done = schema("github-workflows", *write(tmp_path, "jobs"))
    assert done.returncode == 0, done.stdout


def test_templates_and_their_wrappers_follow_gitlabs_schema(tmp_path: Path) -> None:
    done = schema("gitlab-ci", *documents(TEMPLATES + WRAPPERS, tmp_path))
    assert done.returncode == 0, done.stdout


def test_examples_for_gitlab_follow_its_schema(tmp_path: Path) -> None:
    done = schema("gitlab-ci", *write(tmp_path, "gitlab"))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("github-workflows", "on: push\njobs: {a: {steps: []}}\n"),
        ("github-actions", "name: a\ndescription: b\nruns: {using: composite, steps: [{run: echo}]}\n"),
        ("gitlab-ci", "job: {script: 5}\n"),
    ],
)
def test_schema_would_have_found_something(kind: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.yml"
    path.write_text(text)
    assert schema(kind, path).returncode == 1
