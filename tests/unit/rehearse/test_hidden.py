# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from pipeline_guard.rehearse.hidden import calls_us, hidden

FILES = {
    "scripts/ci.sh": "#!/bin/sh\nset -e\npipeline-guard scan\n",
    "scripts/other.sh": "pip install pipeline-guard\n",
    "Makefile": "all: lint\nlint: deps\n\truff check\nsecurity: lint\n\tpipeline-guard scan\nrelease: \\\n  security\ndeps:\n\tpip install pipeline-guard\n",
    "package.json": '{"scripts": {"guard": "pipeline-guard scan", "test": "jest"}}',
    ".pre-commit-config.yaml": "repos:\n- repo: x\n  hooks:\n  - id: pipeline-guard-scan\n",
    "sub/makefile": "x:\n\tpython -m pipeline_guard scan\n",
    "act/action.yml": "runs: {using: node24, main: index.js}\n",
    "act/index.js": "spawn('pipeline-guard scan')\n",
    "loop/Makefile": "a: b\nb: a\n",
    "broken/package.json": '{"scripts": [',
}


def read(path: str) -> bytes | None:
    return FILES[path].encode() if path in FILES else None


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("./scripts/ci.sh", ["./scripts/ci.sh"]),
        ("bash -x scripts/ci.sh fast", ["scripts/ci.sh"]),
        ("env X=1 ./scripts/ci.sh && echo done", ["./scripts/ci.sh"]),
        (". scripts/ci.sh", ["scripts/ci.sh"]),
        ("./scripts/other.sh", []),
        ("make", []),
        ("make lint", []),
        ("make V=1 release", ["make security"]),
        ("make -C sub x", ["make x"]),
        ("npm run guard", ["npm run guard"]),
        ("yarn guard", ["yarn guard"]),
        ("npm test", []),
        ("npm ci", []),
        ("pre-commit run --all-files", ["pre-commit run"]),
        ("pre-commit install", []),
        ("echo ./scripts/ci.sh", []),
        ("cat <<EOF\n./scripts/ci.sh\nEOF", []),
        ("./../outside.sh; ./missing.sh; './unclosed", []),
    ],
)
def test_calls_by_way_of_a_file_are_found(script: str, found: list[str]) -> None:
    assert hidden(script, "", read) == found


def test_folder_is_where_the_script_stands() -> None:
    assert hidden("make x", "sub", read) == ["make x"]
    assert hidden("make x", "", read) == []


def test_circles_and_broken_files_end() -> None:
    assert hidden("make -C loop a", "", read) == []
    assert hidden("npm run guard", "broken", read) == []


def test_action_that_starts_a_file_which_calls_us_is_seen() -> None:
    assert calls_us("act/action.yml", FILES["act/action.yml"].replace(", main", "\n  main").encode(), read)
    assert not calls_us("act/action.yml", b"runs: {using: composite}\n", read)
