# SPDX-License-Identifier: Apache-2.0
"""gate-skippable."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.gate_skippable import check
from tests.unit.gate.checking import failing, workflow


def gate(on: str = "pull_request", job: str = "", step: str = "", more: str = "") -> str:
    return f"on: {on}\njobs:\n  gate:\n    {job or 'timeout-minutes: 5'}\n    steps:\n      - uses: $/actions/gate\n        {step or 'with: {}'}\n{more}"


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"job": "if: github.actor != 'x'"}, 4),
        ({"job": "if: false"}, 4),
        ({"job": "needs: [build]"}, 4),
        ({"job": "strategy: {matrix: {v: [1]}}"}, 4),
        ({"step": "if: success()"}, 7),
        ({"on": "{pull_request: {paths: [src/**]}}"}, 1),
        ({"on": "{pull_request: {paths-ignore: [docs/**]}}"}, 1),
    ],
)
def test_what_lets_the_gate_be_passed_over_fails(given: dict[str, str], line: int) -> None:
    assert [place for _, place in failing(check, workflow(gate(**given)))] == [line]


def test_another_job_of_the_same_name_fails() -> None:
    more = "  other:\n    name: gate\n    steps: [{run: x}]\n"
    assert [what for what, _ in failing(check, workflow(gate(more=more)))] == ["gate: another job has its name"]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"job": "if: always()"},
        {"job": "if: '${{ always() }}'\n    needs: a"},
        {"on": "{push: {paths: [a]}, pull_request: }"},
        {"step": "if: ${{ !cancelled() }}"},
    ],
)
def test_a_gate_that_always_runs_passes(given: dict[str, str]) -> None:
    assert failing(check, workflow(gate(**given))) == []


def test_other_jobs_may_be_skipped() -> None:
    assert failing(check, workflow("on: {pull_request: {paths: [a]}}\njobs: {a: {if: false, steps: [{uses: ./actions/scan}]}}")) == []
