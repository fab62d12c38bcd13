# SPDX-License-Identifier: Apache-2.0
"""dry-run as a person types it: the same answers as the commands, nothing written."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Guard = Callable[..., Any]
SHA = "1a" * 20


def workflow(*steps: str, on: str = "push", permissions: str = "{}") -> str:
    return f"on: {on}\npermissions: {permissions}\njobs:\n  guard:\n    runs-on: ubuntu-latest\n    steps:\n" + "".join(
        f"      - uses: pipeline-guard/pipeline-guard/actions/{step}\n" for step in steps
    )


def leak() -> str:
    return "password = '" + "kQ7#vLp2" + "Zt9!wXe4" + "'\n"


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_clean_repository_is_clean_and_nothing_is_written(guard: Guard, repository: Any) -> None:
    repository.commit("all", {".github/workflows/ci.yml": workflow(f"scan@{SHA}", f"gate@{SHA}"), "a.py": "x = 1\n"})
    before = snapshot(repository.path)
    outcome = guard("dry-run", cwd=repository.path)
    assert outcome.code == 0, outcome
    assert outcome.out.endswith("verdict: exit 0 clean\n0 writes made\n")
    assert snapshot(repository.path) == before
    assert not Path(os.environ["PIPELINE_GUARD_HOME"]).exists()


def test_verdict_equals_that_of_the_commands(guard: Guard, repository: Any) -> None:
    repository.commit("all", {".github/workflows/ci.yml": workflow(f"scan@{SHA}", "gate@v1"), "a.py": leak()})
    document = json.loads(guard("dry-run", "--format", "json", cwd=repository.path).out)
    codes = {step["verb"]: step["exit_code"] for step in document["steps"]}
    assert codes == {"scan": guard("scan", cwd=repository.path).code, "gate": guard("gate", cwd=repository.path).code}
    assert codes == {"scan": 1, "gate": 1}
    assert (document["exit_code"], document["writes"]) == (1, 0)


def test_inputs_of_the_step_are_used(guard: Guard, repository: Any) -> None:
    text = workflow(f"scan@{SHA}") + "        with:\n          paths: src\n"
    repository.commit("all", {".github/workflows/ci.yml": text, "a.py": leak(), "src/b.py": "x = 1\n"})
    assert guard("dry-run", cwd=repository.path).code == 0


def test_sign_then_verify_through_memory(guard: Guard, repository: Any) -> None:
    steps = workflow(f"sign@{SHA}") + "        with: {subjects: a.txt, key: release}\n"
    steps += f"      - uses: pipeline-guard/pipeline-guard/actions/verify@{SHA}\n        with: {{subjects: a.txt, key: release}}\n"
    repository.commit("all", {".github/workflows/ci.yml": steps, "a.txt": "data"})
    outcome = guard("dry-run", cwd=repository.path)
    assert outcome.code == 0, outcome
    assert "ok   a.txt" in outcome.out
    assert "simulated    sign: a throw-away software key" in outcome.out
    assert not (repository.path / "a.txt.sigstore.json").exists()


@pytest.mark.parametrize(("ref", "code", "word"), [("main", 0, "granted"), ("dev", 4, "DENIED")])
def test_secrets_are_decided_by_policy_with_canaries(guard: Guard, repository: Any, ref: str, code: int, word: str) -> None:
    configuration = (
        "version: 1\nsecrets: {DB: {from: db}}\npolicy:\n  grants:\n    - secrets: [db]\n"
        "      issuer: https://token.actions.githubusercontent.com\n      claims: {repository_id: '5', ref: refs/heads/main}\n"
    )
    repository.git("checkout", "-q", "-b", "x")
    repository.commit(
        "all",
        {".github/workflows/ci.yml": workflow(f"inject@{SHA}", permissions="{id-token: write}"), ".pipeline-guard.yml": configuration},
    )
    repository.git("branch", "-q", "-M", ref)
    outcome = guard("dry-run", cwd=repository.path)
    assert outcome.code == code, outcome
    assert f"db: {word}" in outcome.out
    assert "job identity: signed here by a local issuer" in outcome.out


def test_command_of_run_is_not_started(guard: Guard, repository: Any, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    text = f"on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: pipeline-guard run -- touch {mark}\n"
    repository.commit("all", {".github/workflows/ci.yml": text})
    outcome = guard("dry-run", cwd=repository.path)
    assert (outcome.code, mark.exists()) == (0, False)
    assert "not started" in outcome.out


def test_nothing_to_rehearse_is_exit_three(guard: Guard, repository: Any) -> None:
    assert guard("dry-run", cwd=repository.path).code == 3
    repository.commit("none", {".github/workflows/ci.yml": "on: push\njobs: {a: {runs-on: x, steps: [{run: make}]}}\n"})
    outcome = guard("dry-run", cwd=repository.path)
    assert outcome.code == 3
    assert "hint:" in outcome.err


def test_mistake_in_an_input_is_the_step_s_usage_error(guard: Guard, repository: Any) -> None:
    text = workflow(f"scan@{SHA}") + "        with: {threshold: awful}\n"
    repository.commit("all", {".github/workflows/ci.yml": text})
    outcome = guard("dry-run", cwd=repository.path)
    assert outcome.code == 2
    assert "unknown value for PIPELINE_GUARD_THRESHOLD" in outcome.out


def test_readme_s_examples_work_as_they_stand(guard: Guard, repository: Any) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", (Path(__file__).parents[2] / "README.md").read_text(), re.DOTALL)
    github, gitlab, configuration = (block.replace("FULL_COMMIT_SHA", SHA) for block in blocks)
    keys = "gate:\n  artifacts:\n    - {path: models/classifier, key: keys/release.pem}\n"
    assert keys in configuration  # the example names a model that an empty repository does not have
    files = {".github/workflows/guard.yml": github, ".gitlab-ci.yml": gitlab, ".pipeline-guard.yml": configuration.replace(keys, "")}
    repository.commit("readme", files)
    outcome = guard("dry-run", cwd=repository.path)
    assert outcome.code == 0, outcome
    assert "dry-run of 4 steps" in outcome.out
