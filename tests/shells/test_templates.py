# SPDX-License-Identifier: Apache-2.0
"""GitLab's jobs, their scripts run for real by bash as the runner does it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Repository
from tests.shells.reading import job

COMMAND = """#!/bin/sh
echo "$@" >>"$NOTES"
if [ "$1" = inject ]; then echo "export DEPLOY_KEY=given" >"$NOTES.sh"; echo "$NOTES.sh"; fi
exit "${CODE:-0}"
"""


class Runner:
    """Runs a template's scripts: before_script and script in one shell, after_script in another."""

    def __init__(self, folder: Path) -> None:
        self.tool = Repository(folder / "tool")
        self.tool.write("bin/pipeline-guard", COMMAND).chmod(0o755)
        self.commit = self.tool.commit(files={"actions/_setup/setup.sh": 'echo "$(cd "$(dirname "$0")/../.." && pwd)/bin"\n'})
        self.project = folder / "project"
        self.project.mkdir()
        self.notes = folder / "notes"
        self.env = {
            **os.environ,
            "CI_PROJECT_DIR": str(self.project),
            "CI_JOB_ID": "17",
            "GUARD_SOURCE": str(self.tool.path),
            "GUARD_COMMIT": self.commit,
            "NOTES": str(self.notes),
        }

    def run(self, verb: str, *more: str, **env: str) -> subprocess.CompletedProcess[str]:
        found = job(verb)
        return self.shell([*found["before_script"], *found.get("script", []), *more], **env)

    def after(self, verb: str) -> subprocess.CompletedProcess[str]:
        return self.shell(job(verb)["after_script"])

    def shell(self, lines: list[str], **env: str) -> subprocess.CompletedProcess[str]:
        script = "set -eo pipefail\n" + "\n".join(lines)
        return subprocess.run(["bash", "-c", script], cwd=self.project, capture_output=True, text=True, env={**self.env, **env})

    def asked(self) -> list[str]:
        return self.notes.read_text().splitlines() if self.notes.exists() else []


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


@pytest.mark.parametrize(
    ("verb", "reports"),
    [("scan", ("junit", "codequality", "secret_detection")), ("gate", ("junit", "codequality", "sast", "dependency_scanning"))],
)
def test_job_asks_for_exactly_the_reports_that_it_uploads(runner: Runner, verb: str, reports: tuple[str, ...]) -> None:
    done = runner.run(verb)
    assert done.returncode == 0, done.stderr
    (asked,) = runner.asked()
    artifacts = job(verb)["artifacts"]
    assert tuple(artifacts["reports"]) == ("annotations", *reports)
    assert artifacts["when"] == "always"
    files = dict(word.split("=") for word in asked.split() if "=" in word)
    dependency = {"gitlab-dependency": artifacts["reports"]["dependency_scanning"]} if verb == "gate" else {}
    assert files == dependency | {
        "json": artifacts["paths"][0],
        "junit": artifacts["reports"]["junit"],
        "codequality": artifacts["reports"]["codequality"],
        "gitlab": artifacts["reports"][reports[2]],
    }


@pytest.mark.parametrize("verb", ["scan", "gate"])
def test_page_of_the_job_links_to_its_result(runner: Runner, verb: str) -> None:
    done = runner.shell(job(verb)["after_script"], CI_JOB_URL="https://gitlab.example/a/-/jobs/17")
    assert done.returncode == 0, done.stderr
    artifacts = job(verb)["artifacts"]
    (link,) = json.loads((runner.project / artifacts["reports"]["annotations"]).read_text())["pipeline-guard"]
    assert link["external_link"]["url"] == f"https://gitlab.example/a/-/jobs/17/artifacts/file/{artifacts['paths'][0]}"


@pytest.mark.parametrize("verb", ["sign", "verify"])
def test_job_runs_its_verb(runner: Runner, verb: str) -> None:
    assert runner.run(verb).returncode == 0
    assert runner.asked() == [verb]


@pytest.mark.parametrize("verb", ["scan", "gate", "sign", "verify", "inject"])
def test_job_fails_with_the_commands_code(runner: Runner, verb: str) -> None:
    assert runner.run(verb, CODE="6").returncode == 6


def test_tool_runs_at_the_pinned_commit_and_not_at_the_newest(runner: Runner) -> None:
    runner.tool.commit(files={"bin/pipeline-guard": "#!/bin/sh\nexit 99\n"})
    assert runner.run("verify").returncode == 0
    guard = Path(f"{runner.project}.tmp") / "pipeline-guard-17" / "guard"
    head = subprocess.run(["git", "-C", str(guard), "rev-parse", "HEAD"], capture_output=True, text=True).stdout.strip()
    assert head == runner.commit


def test_commit_that_is_not_there_fails_before_anything_of_it_runs(runner: Runner) -> None:
    assert runner.run("verify", GUARD_COMMIT="0" * 40).returncode != 0
    assert runner.asked() == []


def test_nothing_is_put_into_the_project(runner: Runner) -> None:
    runner.run("verify")
    assert list(runner.project.iterdir()) == []


def test_injected_values_reach_the_script_and_are_revoked_afterwards(runner: Runner) -> None:
    done = runner.run("inject", 'test "$DEPLOY_KEY" = given', "false")
    assert done.returncode == 1
    assert runner.after("inject").returncode == 0
    assert runner.asked() == ["inject", "revoke"]
