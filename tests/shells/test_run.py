# SPDX-License-Identifier: Apache-2.0
"""The step script and the launcher: exit codes, outputs, summary, signals."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.shells.reading import ROOT

# Stands where the command would be: notes its words and writes every file it is asked for.
COMMAND = """#!/usr/bin/env bash
printf '%s\\n' "$@" >"{notes}"
env >"{notes}.env"
while [ $# -gt 0 ]; do
    case "$1 $2" in
        "--output ${{LACKS:-nothing}}="*) ;;
        "--output "*) echo "as ${{2%%=*}}" >"${{2#*=}}" ;;
    esac
    shift
done
exit "${{CODE:-0}}"
"""


class Step:
    """One step of a job: a copy of the actions whose set-up gives a command that takes notes."""

    def __init__(self, folder: Path) -> None:
        self.actions = folder / "actions"
        shutil.copytree(ROOT / "actions", self.actions)
        self.notes = folder / "notes"
        self.outputs = folder / "outputs"
        self.summary = folder / "summary.md"
        self.command(COMMAND.format(notes=self.notes))
        (self.actions / "_setup" / "setup.sh").write_text(f"echo {folder}/bin\n")
        self.env = {
            **os.environ,
            "RUNNER_TEMP": str(folder),
            "GITHUB_OUTPUT": str(self.outputs),
            "GITHUB_STEP_SUMMARY": str(self.summary),
        }

    def command(self, text: str) -> None:
        path = self.actions.parent / "bin" / "pipeline-guard"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def run(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        script = str(self.actions / "_setup" / "run.sh")
        return subprocess.run(["bash", script, *words], capture_output=True, text=True, env={**self.env, **env})

    def node(self, phase: str, **env: str) -> subprocess.CompletedProcess[str]:
        script = str(self.actions / "inject" / phase)
        return subprocess.run(["node", script], capture_output=True, text=True, env={**self.env, **env})

    def given(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in self.outputs.read_text().splitlines())


@pytest.fixture
def step(tmp_path: Path) -> Step:
    return Step(tmp_path)


def test_results_are_asked_for_and_named_as_outputs_and_markdown_is_the_summary(step: Step) -> None:
    done = step.run("scan")
    assert done.returncode == 0, done.stderr
    given = step.given()
    assert given.pop("exit-code") == "0"
    assert {name: Path(path).read_text() for name, path in given.items()} == {
        "json": "as json\n",
        "sarif": "as sarif\n",
        "markdown": "as markdown\n",
    }
    assert step.summary.read_text() == "as markdown\n"
    assert step.notes.read_text().splitlines()[0] == "scan"
    assert done.stdout.splitlines()[-1] == "as github"


def test_second_step_does_not_overwrite_the_first_ones_results(step: Step) -> None:
    step.run("scan")
    first = step.given()["json"]
    step.outputs.unlink()
    step.run("scan")
    assert step.given()["json"] != first


@pytest.mark.parametrize("code", ["1", "2", "3", "4", "5", "6", "70"])
def test_exit_code_of_the_command_is_the_steps_and_an_output(step: Step, code: str) -> None:
    assert step.run("gate", CODE=code).returncode == int(code)
    assert step.given()["exit-code"] == code


def test_file_that_was_not_written_is_no_output(step: Step) -> None:
    step.run("scan", LACKS="sarif")
    assert set(step.given()) == {"exit-code", "json", "markdown"}


def test_failed_set_up_ends_with_its_code_and_runs_nothing(step: Step) -> None:
    (step.actions / "_setup" / "setup.sh").write_text("echo 'no python3 here' >&2; exit 2\n")
    done = step.run("scan")
    assert done.returncode == 2
    assert "::error title=pipeline-guard scan::an input, the configuration or the runner" in done.stdout
    assert step.given() == {"exit-code": "2"}
    assert not step.notes.exists()


@pytest.mark.parametrize("verb", ["", "keys", "scan\n", "../scan"])
def test_only_verbs_of_a_job_are_run(step: Step, verb: str) -> None:
    assert step.run(verb).returncode == 2
    assert not step.notes.exists()


def test_main_injects_and_post_revokes_with_the_inputs_as_variables(step: Step) -> None:
    inputs = {"INPUT_TARGET": "env", "INPUT_HOLDER": "", "INPUT_SOME-FLAG": "a b"}
    for phase, verb in (("main.cjs", "inject"), ("post.cjs", "revoke")):
        done = step.node(phase, **inputs)
        assert done.returncode == 0, done.stderr
        assert step.notes.read_text() == f"{verb}\n"
        variables = Path(f"{step.notes}.env").read_text().splitlines()
        assert {"PIPELINE_GUARD_TARGET=env", "PIPELINE_GUARD_HOLDER=", "PIPELINE_GUARD_SOME_FLAG=a b"} <= set(variables)


def test_launcher_ends_with_the_commands_code(step: Step) -> None:
    assert step.node("main.cjs", CODE="4").returncode == 4


def test_launcher_without_bash_says_so(step: Step, tmp_path: Path) -> None:
    node = shutil.which("node")
    assert node
    (tmp_path / "only").mkdir()
    script = str(step.actions / "inject" / "main.cjs")
    done = subprocess.run([node, script], capture_output=True, text=True, env={**step.env, "PATH": str(tmp_path / "only")})
    assert done.returncode == 70
    assert done.stderr == "pipeline-guard: error: cannot start bash: ENOENT\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_launcher_hands_signals_to_the_command_and_waits_for_it(step: Step, number: signal.Signals) -> None:
    done = step.actions.parent / "done"
    step.command(
        "#!/usr/bin/env python3\n"
        "import pathlib, signal, sys, time\n"
        f"def end(*_):\n    pathlib.Path({str(done)!r}).write_text('cleaned up')\n    sys.exit(3)\n"
        "signal.signal(signal.SIGINT, end)\nsignal.signal(signal.SIGTERM, end)\n"
        f"pathlib.Path({str(step.notes)!r}).write_text('ready')\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen(["node", str(step.actions / "inject" / "main.cjs")], env=step.env, stdout=subprocess.DEVNULL)
    for _ in range(300):
        if step.notes.exists():
            break
        time.sleep(0.05)
    process.send_signal(number)
    assert process.wait(timeout=20) != 0
    for _ in range(100):
        if done.exists():
            break
        time.sleep(0.05)
    assert done.read_text() == "cleaned up"
