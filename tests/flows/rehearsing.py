# SPDX-License-Identifier: Apache-2.0
"""What tests of the dry-run share: files are committed, rehearsed in this process, and the plan is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from pipeline_guard.cli.main import main
from tests.conftest import Repository

SHA = "1a" * 20
OURS = "pipeline-guard/pipeline-guard/actions"
CHECKOUT = "      - uses: actions/checkout@v4\n"


def rehearsal(repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """Return what commits files and gives the plan; ``error`` holds what was said where there is none."""

    def run(files: dict[str, str], *words: str) -> dict[str, Any]:
        repository.commit("all", files)
        monkeypatch.chdir(repository.path)
        code = main(["dry-run", "--format", "json", *words])
        said = capsys.readouterr()
        return {"error": said.err, "exit_code": code} if not said.out else json.loads(said.out)

    return run


def leak() -> str:
    """Return a line with a made-up password."""
    return "password = '" + "kQ7#vLp2" + "Zt9!wXe4" + "'\n"
