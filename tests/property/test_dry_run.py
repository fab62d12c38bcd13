# SPDX-License-Identifier: Apache-2.0
"""The dry-run answers what the pipeline does: repositories at random, each step's real command beside its rehearsal."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from pipeline_guard.cli.main import main
from pipeline_guard.errors import ExitCode, weightiest
from tests.conftest import Repository

SHA = "1a" * 20
OURS = "pipeline-guard/pipeline-guard/actions"
_PLANTED = {
    "leak.py": "password = '" + "kQ7#vLp2" + "Zt9!wXe4" + "'\n",
    "requirements.txt": "flask\n",
    "model.pkl": "cos\nsystem\n(S'echo no'\ntR.",
    "notes.md": "nothing to see\n",
    "src/app.py": "x = 1\n",
    ".gitlab-ci.yml": "include: https://example.org/x.yml\n",
}
_INPUTS: dict[str, tuple[dict[str, str], ...]] = {
    "scan": ({}, {"paths": "src"}, {"paths": "absent"}, {"threshold": "critical"}, {"threshold": "awful"}, {"history": "true"}, {"history": "maybe"}, {"exclude": "leak.py"}),
    "gate": ({}, {"base": "HEAD~1"}, {"base": "nowhere"}, {"config": "absent.yml"}),
}  # fmt: skip


def steps(source: random.Random) -> list[tuple[str, dict[str, str]]]:
    return [(verb, source.choice(_INPUTS[verb])) for verb in source.choices(("scan", "gate"), k=source.randint(1, 2))]


def workflow(chosen: list[tuple[str, dict[str, str]]]) -> str:
    """One job a step, so that none is left out because of another."""
    jobs = "".join(
        f"  j{number}: {{runs-on: x, steps: [{{uses: actions/checkout@v4}}, {{uses: {OURS}/{verb}@{SHA}, with: {json.dumps(inputs)}}}]}}\n"
        for number, (verb, inputs) in enumerate(chosen)
    )
    return f"on: push\npermissions: {{}}\njobs:\n{jobs}"


@pytest.mark.parametrize("seed", range(12))
def test_exit_codes_are_those_of_the_commands(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    source = random.Random(seed)
    chosen = steps(source)
    files = {name: text for name, text in _PLANTED.items() if source.random() < 0.4}
    repository.commit("first", {"README.md": "x\n"})
    repository.commit("second", {**files, ".github/workflows/ci.yml": workflow(chosen)})
    monkeypatch.chdir(repository.path)
    codes = []
    for verb, inputs in chosen:
        with monkeypatch.context() as patch:
            for name, value in inputs.items():
                patch.setenv(f"PIPELINE_GUARD_{name.upper().replace('-', '_')}", value)
            codes.append(main([verb]))
    capsys.readouterr()
    code = main(["dry-run", "--format", "json", "--event", "push"])
    said = capsys.readouterr()
    if not said.out:  # GitLab refuses nothing here; the repository's own file may
        pytest.fail(said.err)
    plan: dict[str, Any] = json.loads(said.out)
    assert [step["exit_code"] for step in plan["steps"]] == codes, (chosen, sorted(files))
    assert code == plan["exit_code"] == weightiest([ExitCode(each) for each in codes])
    assert not Path(repository.path, "pipeline-guard-scan.json").exists()
