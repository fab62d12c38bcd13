# SPDX-License-Identifier: Apache-2.0
"""tool-remote."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.tool_remote import check
from tests.unit.gate.checking import SHA, failing, lines, scripts


@pytest.mark.parametrize(
    "command",
    [
        "pip install https://h.example/a.whl",
        "python -m pip install -U https://h.example/a/archive/main.zip",
        "pip install git+https://h.example/a/b",
        "pip install 'a @ git+https://h.example/a/b@main'",
        "pip install a@git+ssh://git@h.example/a/b.git@v1",
        "uv pip install git+https://h.example/a/b@0123456",
        "uvx --from git+https://h.example/a/b tool",
        "pipx install git+https://h.example/a/b",
        "npm install -g https://h.example/a.tgz",
        "npm i github:a/b",
        "npx https://h.example/a.tgz",
        "yarn add git+https://h.example/a/b.git#main",
        "cargo install --git https://h.example/a/b tool",
        "sudo apt-get install -y https://h.example/a.deb",
        "deno run https://h.example/x.ts",
    ],
)
def test_installing_from_an_address_without_content_fails(command: str) -> None:
    assert lines(check, scripts(f"true\n{command}")) == [7]


@pytest.mark.parametrize(
    "command",
    [
        "pip install a==1",
        f"pip install git+https://h.example/a/b@{SHA}",
        f"pip install 'a @ git+https://h.example/a/b@{SHA}#subdirectory=x'",
        "pip install https://h.example/a.whl#sha256=" + "a" * 64,
        "pip install --index-url https://h.example/simple a==1",
        "pip install --index-url=https://h.example/simple a==1",
        "pip install -r requirements.txt -i https://h.example/simple -f https://h.example/links",
        'pip install "git+https://h.example/$GITHUB_REPOSITORY@$GITHUB_SHA"',
        "pip install git+file:///x",
        "npm install --registry https://h.example/",
        f"npm install github:a/b#{SHA}",
        f"cargo install --git https://h.example/a/b --rev {SHA} tool",
        "kubectl apply -f https://h.example/a/v1/install.yaml",
        "npm install",
        "git clone https://h.example/a/b",
        "echo pip install https://h.example/a.whl",
    ],
)
def test_fixed_content_settings_and_other_commands_pass(command: str) -> None:
    assert failing(check, scripts(command)) == []
