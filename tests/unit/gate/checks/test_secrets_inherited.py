# SPDX-License-Identifier: Apache-2.0
"""secrets-inherited."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.secrets_inherited import check
from tests.unit.gate.checking import SHA, failing, workflow


def test_every_secret_to_another_repository_fails() -> None:
    facts = workflow(f"on: push\njobs:\n  j:\n    uses: o/r/.github/workflows/w.yml@{SHA}\n    secrets: inherit\n")
    assert failing(check, facts) == [(f"secrets: inherit to o/r/.github/workflows/w.yml@{SHA}", 5)]


@pytest.mark.parametrize(
    "job", ["{uses: ./.github/workflows/own.yml, secrets: inherit}", f"{{uses: o/r/w.yml@{SHA}, secrets: {{A: '${{{{ secrets.A }}}}'}}}}"]
)
def test_own_workflows_and_named_secrets_pass(job: str) -> None:
    assert failing(check, workflow(f"on: push\njobs: {{j: {job}}}")) == []
