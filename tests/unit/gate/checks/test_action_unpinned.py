# SPDX-License-Identifier: Apache-2.0
"""action-unpinned."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.action_unpinned import check
from pipeline_guard.gate.ci_file import action, github
from pipeline_guard.gate.rule import Problem
from pipeline_guard.model.gate_settings import GateSettings
from tests.unit.gate.checking import SHA as FULL
from tests.unit.gate.checking import failing as told
from tests.unit.gate.checking import job

SHA, LONG = "0123456789abcdef0123456789abcdef01234567", "a" * 64


def problems(target: str) -> list[Problem]:
    text = f"jobs:\n  a:\n    steps:\n      - uses: {target}\n"
    return list(check(github(text.encode(), "w.yml"), GateSettings()))


@pytest.mark.parametrize(
    "target",
    [
        f"o/r@{SHA}",
        f"o/r/sub/path@{SHA}",
        f"o/r@{LONG}",
        "./own",
        "$/own",
        f"docker://alpine@sha256:{LONG}",
        f"docker://a.example/b:1@sha256:{LONG}",
    ],
)
def test_commits_digests_and_own_paths_pass(target: str) -> None:
    assert problems(target) == []


@pytest.mark.parametrize(
    "target",
    [
        "o/r@v4",
        "o/r@main",
        "o/r",
        f"o/r@{SHA[:12]}",
        f"o/r@{SHA.upper()}",
        f"o/r@{SHA}x",
        f"o/r@{SHA} ",
        f"o/r@x-{SHA}",
        "docker://alpine:3",
        f"docker://alpine@sha256:{LONG[:-1]}",
    ],
)
def test_whatever_can_move_fails(target: str) -> None:
    found = problems(f"'{target}'")
    assert [(problem.what, problem.location.line) for problem in found] == [(target, 4)]


def test_reusable_workflows_and_composite_actions_count() -> None:
    called = github(b"jobs: {a: {uses: o/r/.github/workflows/w.yml@v1}}", "w.yml")
    composite = action(b"runs: {using: composite, steps: [{uses: o/r@v1}]}", "action.yml")
    assert [len(list(check(facts, GateSettings()))) for facts in (called, composite)] == [1, 1]


def test_the_fix_names_the_command_that_finds_the_commit() -> None:
    assert "uses: o/r/sub@FULL_COMMIT # v4 (git ls-remote https://github.com/o/r " in problems("o/r/sub@v4")[0].fix
    assert "docker://alpine:3@sha256:DIGEST" in problems("docker://alpine:3")[0].fix


@pytest.mark.parametrize(
    ("given", "use", "ends"),
    [
        ("repository: o/r, path: t", "./t/a", "./t/a out of o/r@its default branch"),
        ("repository: o/r, path: ./t/, ref: v1", "./t", "./t out of o/r@v1"),
        ("repository: o/r", "./a", "./a out of o/r@its default branch"),
    ],
)
def test_an_action_out_of_another_repository_fails_where_no_commit_fixes_it(given: str, use: str, ends: str) -> None:
    steps = f"- uses: actions/checkout@{FULL}\n  with: {{{given}}}\n- uses: {use}\n"
    assert told(check, job(steps)) == [(ends, 7)]


@pytest.mark.parametrize(
    ("given", "use"),
    [
        (f"repository: o/r, path: t, ref: {FULL}", "./t/a"),
        ("repository: '${{ github.repository }}', path: t", "./t/a"),
        ("repository: o/r, path: t", "./own"),
        ("repository: o/r, path: t", "./ta"),
        ("path: t", "./t/a"),
        ("repository: o/r, path: t, ref: '${{ github.sha }}'", "./t/a"),
    ],
)
def test_fixed_and_own_checkouts_pass(given: str, use: str) -> None:
    steps = f"- uses: actions/checkout@{FULL}\n  with: {{{given}}}\n- uses: {use}\n"
    assert told(check, job(steps)) == []
