# SPDX-License-Identifier: Apache-2.0
"""artifact-untrusted."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.artifact_untrusted import check
from tests.unit.gate.checking import SHA, failing, job


def steps(command: str, path: str = "") -> str:
    return f"- uses: actions/download-artifact@{SHA}\n  with: {{run-id: '${{{{ github.event.workflow_run.id }}}}', path: '{path}'}}\n- run: |\n    true\n    {command}"


@pytest.mark.parametrize(
    ("command", "path"),
    [
        ("cat env.txt >> $GITHUB_ENV", ""),
        ('echo "N=$(cat n.txt)" >> "$GITHUB_ENV"', ""),
        ("source ./vars.sh", ""),
        ("bash out/run.sh", "out"),
        ("./out/run", "out"),
        ("python3 out/report.py", "./out"),
        ('echo "$PWD/out/bin" >> "$GITHUB_PATH"', "out"),
        ("npm run publish", ""),
        ("./scripts/own.sh", ""),
    ],
)
def test_running_or_reading_it_into_the_environment_fails(command: str, path: str) -> None:
    assert [line for _, line in failing(check, job(steps(command, path), on="workflow_run"))] == [9]


@pytest.mark.parametrize(
    ("command", "path", "on", "head"),
    [
        ("cat env.txt >> $GITHUB_ENV", "", "push", ""),
        ("cat env.txt >> $GITHUB_ENV", "", "workflow_run", "if: github.event.workflow_run.event == 'push'"),
        ("bash scripts/own.sh", "out", "workflow_run", ""),
        ("jq .number out/pr.json", "out", "workflow_run", ""),
        ("make", "out", "workflow_run", ""),
        ("node scripts/post.js out/report.json", "out", "workflow_run", ""),
        ('echo "$HOME/layout/bin" >> "$GITHUB_PATH"', "out", "workflow_run", ""),
        ("./scripts/own.sh", "${{ runner.temp }}/x", "workflow_run", ""),
        ('echo "N=1" >> "$GITHUB_ENV"', "", "workflow_run", ""),
    ],
)
def test_data_and_own_code_pass(command: str, path: str, on: str, head: str) -> None:
    assert failing(check, job(steps(command, path), on=on, head=head)) == []


def test_a_download_within_the_script_counts_for_the_commands_behind_it() -> None:
    script = "- run: |\n    ./before.sh\n    gh run download 1 -n build -D out\n    ./out/deploy.sh\n    ./after.sh"
    assert [line for _, line in failing(check, job(script, on="workflow_run"))] == [8]


def test_a_checkout_behind_it_wipes_the_work_tree() -> None:
    wiped = steps("true").partition("- run")[0] + f"- uses: actions/checkout@{SHA}\n- run: ./scripts/own.sh"
    assert failing(check, job(wiped, on="workflow_run")) == []
    assert len(failing(check, job(wiped.replace(SHA + "\n- run", SHA + "\n  with: {path: x}\n- run"), on="workflow_run"))) == 1


@pytest.mark.parametrize(
    ("into", "command", "number"), [("", "node own.js", 1), ("-d out", "node own.js", 0), ("-d out", "node out/x.js", 1)]
)
def test_an_artifact_fetched_from_the_api_counts(into: str, command: str, number: int) -> None:
    script = f"- run: |\n    gh api repos/o/r/actions/artifacts/1/zip > a.zip\n    unzip {into} a.zip\n    {command}"
    assert len(failing(check, job(script, on="workflow_run"))) == number
