# SPDX-License-Identifier: Apache-2.0
"""runner-self-hosted."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.runner_self_hosted import check
from tests.unit.gate.checking import failing, job


@pytest.mark.parametrize(
    "head",
    [
        "runs-on: self-hosted",
        "runs-on: [self-hosted, linux]",
        "runs-on: {group: g, labels: [self-hosted]}",
        "strategy: {matrix: {m: [self-hosted, x]}}\nruns-on: '${{ matrix.m }}'",
    ],
)
def test_pull_requests_on_ones_own_machines_fail(head: str) -> None:
    assert len(failing(check, job("- run: x", on="[pull_request]", head=head))) == 1


@pytest.mark.parametrize(
    ("on", "head"),
    [
        ("push", "runs-on: self-hosted"),
        ("pull_request", "runs-on: ubuntu-latest"),
        ("pull_request", "runs-on: self-hosted\nif: github.event.pull_request.head.repo.full_name == github.repository"),
        ("pull_request", "runs-on: ubuntu-latest\nstrategy: {matrix: {m: [self-hosted]}}"),
    ],
)
def test_other_events_and_hosted_machines_pass(on: str, head: str) -> None:
    assert failing(check, job("- run: x", on=on, head=head)) == []
