# SPDX-License-Identifier: Apache-2.0
"""Calls in scripts: found wherever they stand, and counted as a real bash counts them."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest

from pipeline_guard.rehearse.calls import calls, expand


@pytest.mark.parametrize(
    ("script", "commands"),
    [
        ("pipeline-guard rules list && pipeline-guard gate", [("rules", "list"), ("gate",)]),
        ("true; pipeline-guard gate", [("gate",)]),
        ("if pipeline-guard gate; then echo ok; fi", [("gate",)]),
        ("PIPELINE_X=1 ./venv/bin/pipeline-guard gate 2>&1 | tee log", [("gate",)]),
        ("uvx pipeline-guard scan > out.txt", [("scan",)]),
        ("python3.12 -m pipeline_guard scan 'a b' # x", [("scan", "a b")]),
        ("pipeline-guard scan \\\n  --history", [("scan", "--history")]),
        ("pip install pipeline-guard", []),
        ("# pipeline-guard scan", []),
        ("pipeline-guard --version\npipeline-guard dry-run", []),
    ],
)
def test_calls_are_found_wherever_they_stand(script: str, commands: list[tuple[str, ...]]) -> None:
    found, unclear = calls(script, pipefail=False)
    assert [call.words for call in found] == commands
    assert unclear == []


@pytest.mark.parametrize("script", ["xargs pipeline-guard scan < files", "bash -c 'pipeline-guard scan'", "pipeline-guard scan 'unclosed"])
def test_call_that_is_not_understood_is_said(script: str) -> None:
    assert calls(script, pipefail=False) == ([], [script])


def line(source: random.Random) -> str:
    ours = "pipeline-guard gate"
    return source.choice(
        (
            "true", ours, ours, f"{ours} || true", f"{ours} || exit 1", f"{ours} && echo fine", f"true && {ours}", f"{ours} | cat", f"true; {ours}",
            f"! {ours}", f"if {ours}; then echo a; fi", f"{ours} > out 2>&1", f"{ours}; true", f"{ours} && true || true", f"true | {ours}",
            f"if ! {ours}; then echo bad; exit 3; fi", f"{ours} || {{ echo bad; exit 1; }}", f"{ours} || {{ echo bad; }}", f"{ours} || echo bad",
            f"{ours} || {{\n  echo bad\n  exit 1\n}}", f"({ours}) || exit $?", f"set +e\n{ours}\ncode=$?\nset -e\nexit $code",
            f"set +e\n{ours}\nset -e", f"code=0\n{ours} || code=$?\nexit $code", f"(cd . && {ours})", f"cat <<END\n{ours}\nEND",
        )
    )  # fmt: skip


def test_scripts_fail_as_they_do_in_bash(tmp_path: Path) -> None:
    """What counts is what ends a real shell: every script here is run by bash, its calls answered with 1."""
    command = tmp_path / "pipeline-guard"
    command.write_text("#!/bin/sh\nexit 1\n")
    command.chmod(0o755)
    source = random.Random(7)
    wrong = []
    for number in range(300):
        script = "\n".join(line(source) for _ in range(source.randint(1, 2)))
        pipefail = number % 2 == 0
        words = ["bash", "--noprofile", "--norc", "-e", *(["-o", "pipefail"] if pipefail else []), "-c", script]
        done = subprocess.run(words, cwd=tmp_path, env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}, capture_output=True)
        found, unclear = calls(script, pipefail=pipefail)
        assert unclear == []
        assert all(call.certain for call in found)
        if any(call.counts for call in found) is not (done.returncode != 0):
            wrong.append((script, pipefail, done.returncode))
    assert wrong == []


def test_variables_are_expanded_and_missing_ones_told() -> None:
    missing: list[str] = []
    assert expand("$A-${B}-$C", {"A": "1", "B": "2"}, missing) == "1-2-"
    assert missing == ["$C"]
