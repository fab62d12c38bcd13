# SPDX-License-Identifier: Apache-2.0
"""requirement-unpinned."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.requirement_unpinned import check
from pipeline_guard.gate.manifest.requirements import parse
from pipeline_guard.model.gate_settings import GateSettings

COMMIT, DIGEST = "0123456789abcdef0123456789abcdef01234567", "a" * 64


def failing(text: str, path: str = "requirements.txt") -> list[str]:
    return [problem.what for problem in check(parse(text.encode(), path), GateSettings())]


@pytest.mark.parametrize(
    "text",
    [
        "a==1.0",
        "a===1.0",
        "a == 1.0, != 2",
        "a[x]==1 ; python_version>'3'",
        f"a @ git+https://h.example/a@{COMMIT}",
        f"-e git+https://h.example/a@{COMMIT}#egg=a",
        f"a @ https://h.example/a.whl#sha256={DIGEST}",
        f"a @ https://h.example/a.whl --hash=sha256:{DIGEST}",
        "./vendor/a",
        "-e .",
    ],
)
def test_what_cannot_change_passes(text: str) -> None:
    assert failing(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "a>=1",
        "a==1.*",
        "a~=1.0",
        "a<2,>1",
        "a @ git+https://h.example/a",
        "a @ git+https://h.example/a@main",
        f"a @ git+https://h.example/a@{COMMIT[:12]}",
        f"a @ git+https://h.example/a@{COMMIT.upper()}",
        f"a @ svn+https://h.example/a@{COMMIT}",
        "a @ https://h.example/a.whl",
        "a @ file:///srv/a.whl",
        "a @ https://[broken",
    ],
)
def test_what_can_change_fails(text: str) -> None:
    assert failing(text) == ["a"]


@pytest.mark.parametrize("text", ["../a", "/srv/a", "./x/../../a", "-e ../..", "~/a"])
def test_a_path_that_leaves_the_repository_fails(text: str) -> None:
    assert len(failing(text)) == 1


def test_a_path_inside_it_passes_from_a_folder() -> None:
    assert failing("../lib", "app/requirements.txt") == []


def test_constraints_are_ranges_by_nature() -> None:
    assert failing("a<2", "constraints-dev.txt") == []
