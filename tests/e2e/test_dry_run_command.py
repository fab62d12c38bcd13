# SPDX-License-Identifier: Apache-2.0
"""dry-run as a person types it: the same answers as the commands, nothing written."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

Guard = Callable[..., Any]
SHA = "1a" * 20
ROOT = Path(__file__).parents[2]


def workflow(*steps: str, on: str = "push", permissions: str = "{}") -> str:
    return (
        f"on: {on}\npermissions: {permissions}\njobs:\n  guard:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@{SHA}\n        with: {{persist-credentials: false}}\n"
        + "".join(f"      - uses: pipeline-guard/pipeline-guard/actions/{step}\n" for step in steps)
    )


def leak() -> str:
    return "password = '" + "kQ7#vLp2" + "Zt9!wXe4" + "'\n"


SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "dry-run.v1.json").read_bytes())


def snapshot(*folders: Path) -> dict[str, tuple[int, int, bytes]]:
    """Everything below folders: kind and permissions, time of the last change, content."""
    found = {}
    for path in sorted(path for folder in folders for path in [folder, *folder.rglob("*")]):
        status = path.lstat()
        found[str(path)] = (status.st_mode, status.st_mtime_ns, path.read_bytes() if path.is_file() else b"")
    return found


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder of the test's own, with a name short enough for a socket's path."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="t") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


def test_nothing_is_written_whatever_the_steps_would_write(guard: Guard, repository: Any, temporary: Path) -> None:
    """Each verb that leaves something behind, on both forges; repository, home and temporary folder are as before."""
    home = Path(os.environ["HOME"])
    (home / ".gitconfig").write_text("[user]\n\tname = Ada\n")
    steps = workflow(f"sign@{SHA}", permissions="{id-token: write}") + "        with: {subjects: a.txt, key: release}\n"
    steps += f"      - uses: pipeline-guard/pipeline-guard/actions/inject@{SHA}\n        with: {{target: env}}\n"
    steps += f"      - uses: pipeline-guard/pipeline-guard/actions/scan@{SHA}\n        with: {{write-baseline: known.json}}\n"
    steps += "      - run: pipeline-guard secrets put x\n      - run: pipeline-guard keys create y --type aes-256\n      - run: pipeline-guard seal a.txt\n"
    steps += "      - run: pipeline-guard run -- touch mark\n      - run: pipeline-guard gate --fix\n"
    gitlab = f"include: {{component: 'gitlab.com/pipeline-guard/pipeline-guard/scan@{SHA}'}}\n"
    files = {
        ".github/workflows/ci.yml": steps,
        ".gitlab-ci.yml": gitlab,
        "a.txt": "data",
        ".pipeline-guard.yml": "version: 1\nsecrets: {DB: {from: db}}\n",
    }
    repository.commit("all", files)
    before = snapshot(repository.path, home)
    outcome = guard("dry-run", "--format", "json", cwd=repository.path)
    document = json.loads(outcome.out)
    assert [step["verb"] for step in document["steps"]][:3] == ["sign", "inject", "scan"]
    assert {"a.txt.sigstore.json", "known.json", "pipeline-guard-scan.json"} <= set(document["would_write"])
    assert snapshot(repository.path, home) == before
    assert list(temporary.iterdir()) == []
    jsonschema.validate(document, SCHEMA)


def test_broken_repositories_are_one_clear_line(guard: Guard, repository: Any) -> None:
    for text, code, word in (
        ("on: push\njobs: [\n", 2, "ci.yml:"),
        (
            f"on: push\njobs: {{a: {{runs-on: x, steps: [{{uses: pipeline-guard/pipeline-guard/actions/scan@{SHA}, if: '(('}}]}}}}\n",
            2,
            "ci.yml:2",
        ),
        (
            "on: push\njobs: {a: {runs-on: x, needs: b, steps: []}, b: {runs-on: x, needs: a, steps: []}}\n",
            2,
            "needs one that is not there, or itself",
        ),
        ("on: push\njobs: {a: {uses: ./.github/workflows/ci.yml}}\n", 2, "which nobody can call"),
    ):
        repository.commit("x", {".github/workflows/ci.yml": text})
        outcome = guard("dry-run", cwd=repository.path)
        assert (outcome.code, outcome.out) == (code, ""), outcome
        assert word in outcome.err
        assert "bug" not in outcome.err


def test_watch_rehearses_again_after_a_change(repository: Any, temporary: Path) -> None:
    repository.commit("all", {".github/workflows/ci.yml": workflow(f"scan@{SHA}"), "a.py": "x = 1\n"})
    # a shell's background job ignores interrupts, and so would its children
    words = ["env", "--default-signal=INT", sys.executable, "-m", "pipeline_guard", "dry-run", "--watch"]
    child = subprocess.Popen(
        words,
        cwd=repository.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert child.stdout is not None
    try:
        assert "exit 0" in next(line for line in child.stdout if line.startswith("verdict"))
        repository.write("a.py", leak())
        assert "exit 1" in next(line for line in child.stdout if line.startswith("verdict"))
    finally:
        child.send_signal(signal.SIGINT)
        child.wait(timeout=60)
        child.stdout.close()
    assert child.returncode == 130
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_dry_run_that_is_ended_leaves_nothing_behind(repository: Any, temporary: Path, number: signal.Signals) -> None:
    """The signal comes while a shell runs: the shells are there, and gone when the process is."""
    repository.commit("all", {".github/workflows/ci.yml": workflow(*([f"scan@{SHA}", f"gate@{SHA}"] * 20)), "a.py": "x = 1\n"})
    words = ["env", "--default-signal=INT,TERM,HUP", sys.executable, "-m", "pipeline_guard", "dry-run", "--watch"]
    child = subprocess.Popen(words, cwd=repository.path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(6000):
        if list(temporary.glob("pg-*/files/*-said")):
            break
        time.sleep(0.01)
    child.send_signal(number)
    code = child.wait(timeout=120)
    assert list(temporary.iterdir()) == []
    assert code == (130 if number == signal.SIGINT else -number)


def test_installed_package_finds_its_shells_without_a_checkout(tmp_path: Path, repository: Any) -> None:
    shutil.copytree(ROOT / "pipeline_guard", tmp_path / "site" / "pipeline_guard", ignore=shutil.ignore_patterns("__pycache__"))
    repository.commit("all", {".github/workflows/ci.yml": workflow(f"scan@{SHA}"), "a.py": leak()})
    words = [sys.executable, "-m", "pipeline_guard", "dry-run"]
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run(words, cwd=repository.path, env=env, capture_output=True, text=True)
    assert done.returncode == 1, done
    assert "a.py:1:" in done.stdout


def test_without_node_the_launcher_s_act_is_done_all_the_same(guard: Guard, repository: Any, tmp_path: Path) -> None:
    for program in ("bash", "sh", "git", "mktemp", "dirname", "cat", "mkdir", "rm", "env", "od", "tr"):
        (tmp_path / program).symlink_to(str(shutil.which(program)))
    repository.commit(
        "all", {".github/workflows/ci.yml": workflow(f"inject@{SHA}"), ".pipeline-guard.yml": "version: 1\nsecrets: {DB: {from: db}}\n"}
    )
    outcome = guard("dry-run", cwd=repository.path, env={"PATH": str(tmp_path)})
    assert outcome.code == 0, outcome
    assert "no node here" in outcome.out
    assert "revoked 1 lease" in outcome.out


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


def test_hook_is_not_stopped_where_there_is_nothing_to_rehearse(guard: Guard, repository: Any) -> None:
    outcome = guard("dry-run", "--allow-nothing", cwd=repository.path)
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == "pipeline-guard: the repository has no commit yet: nothing was rehearsed\n"
    repository.commit("ours", {".github/workflows/ci.yml": workflow(f"scan@{SHA}"), "key.txt": leak()})
    assert guard("dry-run", "--allow-nothing", cwd=repository.path).code == 1, "what there is, is rehearsed"


def test_outside_a_repository_the_hint_fits(guard: Guard, tmp_path: Path) -> None:
    outcome = guard("dry-run", cwd=tmp_path)
    assert (outcome.code, "inside a clone: a dry-run reads" in outcome.err) == (2, True)


def test_mistake_in_an_input_is_the_step_s_usage_error(guard: Guard, repository: Any) -> None:
    text = workflow(f"scan@{SHA}") + "        with: {threshold: awful}\n"
    repository.commit("all", {".github/workflows/ci.yml": text})
    outcome = guard("dry-run", cwd=repository.path)
    assert outcome.code == 2
    assert "unknown value for PIPELINE_GUARD_THRESHOLD" in outcome.out


@pytest.mark.parametrize("file", [".github/workflows/guard.yml", ".gitlab-ci.yml"])
def test_readme_s_examples_work_as_they_stand(guard: Guard, repository: Any, file: str) -> None:
    """Each, copied to the letter into an empty repository."""
    text = (Path(__file__).parents[2] / "README.md").read_text()
    github, gitlab, _configuration = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    repository.commit("readme", {file: gitlab if "gitlab" in file else github})
    outcome = guard("dry-run", cwd=repository.path)
    assert outcome.code == 0, outcome
    assert "dry-run of 2 steps" in outcome.out
    assert outcome.out.count("exit 0 clean") == 3


def test_readme_s_configuration_is_one(guard: Guard, repository: Any) -> None:
    text = (Path(__file__).parents[2] / "README.md").read_text()
    github, gitlab, configuration = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    keys = "gate:\n  artifacts:\n    - {path: models/classifier, key: keys/release.pem}\n"
    assert keys in configuration  # the example names a model that an empty repository does not have
    files = {".github/workflows/guard.yml": github, ".gitlab-ci.yml": gitlab, ".pipeline-guard.yml": configuration.replace(keys, "")}
    repository.commit("readme", files)
    outcome = guard("dry-run", cwd=repository.path)
    assert outcome.code == 0, outcome
    assert "dry-run of 4 steps" in outcome.out
