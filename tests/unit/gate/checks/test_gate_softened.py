# SPDX-License-Identifier: Apache-2.0
"""gate-softened."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.gate_softened import check
from tests.unit.gate.checking import SHA, failing, job

OURS = f"o/pipeline-guard/actions/gate@{SHA}"


@pytest.mark.parametrize(
    ("steps", "what", "line"),
    [
        (f"- uses: {OURS}\n  continue-on-error: true", "gate: continue-on-error", 6),
        ("- uses: $/actions/scan\n  continue-on-error: true", "scan: continue-on-error", 6),
        ("- run: pipeline-guard gate || true", "gate || true", 5),
        ("- run: |\n    a\n    pipeline-guard scan || echo bad", "scan || echo bad", 7),
        ("- run: python3 -m pipeline_guard gate || exit 0", "gate || exit 0", 5),
        ("- run: pipeline-guard gate | tee log", "gate | tee without pipefail", 5),
        ("- run: |\n    set +e\n    pipeline-guard gate\n    echo done", "gate after set +e", 7),
    ],
)
def test_a_dropped_exit_code_fails(steps: str, what: str, line: int) -> None:
    assert failing(check, job(steps)) == [(what, line)]


def test_so_does_a_job_that_may_fail() -> None:
    assert failing(check, job(f"- uses: {OURS}", head="continue-on-error: true")) == [("gate: continue-on-error of j", 4)]


@pytest.mark.parametrize(
    "steps",
    [
        f"- uses: {OURS}",
        "- run: pipeline-guard gate",
        "- run: pipeline-guard gate && echo fine",
        "- run: pipeline-guard gate | tee log\n  shell: bash",
        "- run: |\n    set -o pipefail\n    pipeline-guard gate | tee log",
        "- run: |\n    set +e\n    pipeline-guard gate\n    code=$?\n    exit $code",
        "- run: make || true",
        "- run: echo pipeline-guard gate || true",
        "- id: s\n  uses: $/actions/scan\n  continue-on-error: true\n- env: {C: '${{ steps.s.outputs.exit-code }}'}\n  run: test $C = 1",
    ],
)
def test_a_failure_that_counts_passes(steps: str) -> None:
    assert failing(check, job(steps)) == []
