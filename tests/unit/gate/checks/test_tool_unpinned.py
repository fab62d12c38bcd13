# SPDX-License-Identifier: Apache-2.0
"""tool-unpinned."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.tool_unpinned import RULE, check
from tests.unit.gate.checking import failing, scripts


@pytest.mark.parametrize(
    "command",
    [
        "pip install ruff",
        "python3 -m pip install -U ruff",
        "uv pip install ruff>=1",
        "pipx install ruff",
        "npm i -g eslint",
        "go install a.example/b@latest",
        "cargo install x",
        "gem install x",
    ],
)
def test_the_newest_version_is_shown_and_never_fails(command: str) -> None:
    assert len(failing(check, scripts(command))) == 1
    assert RULE.informs


@pytest.mark.parametrize(
    "command",
    [
        "pip install ruff==1.0", "pip install -r requirements.txt", "pip install .", "pip install -e .[test]", "pip install --upgrade pip", "npm ci", "npm install",
        "npm i -g eslint@9.1.0", "go install a.example/b@v1.2.3", "cargo install x@1.0.0", "gem install x -v 1.0", "uv sync --locked", 'pip install "$WHEEL"',
    ],
)  # fmt: skip
def test_locks_versions_and_own_files_are_not(command: str) -> None:
    assert failing(check, scripts(command)) == []
