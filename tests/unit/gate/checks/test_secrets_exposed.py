# SPDX-License-Identifier: Apache-2.0
"""secrets-exposed."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.secrets_exposed import check
from tests.unit.gate.checking import failing, job


@pytest.mark.parametrize(
    ("step", "line"),
    [
        ("- run: x\n  env:\n    ALL: ${{ toJSON(secrets) }}", 6),
        ("- uses: o/r@v1\n  with:\n    a: ${{ toJson( secrets ) }}", 7),
        ("- run: echo ${{ secrets[matrix.name] }}", 5),
        ("- run: echo ${{ secrets[format('{0}_KEY', inputs.name)] }}", 5),
    ],
)
def test_all_of_them_or_any_of_them_fails(step: str, line: int) -> None:
    assert [place for _, place in failing(check, job(step))] == [line]


@pytest.mark.parametrize(
    "step",
    ["- run: x\n  env: {A: '${{ secrets.A }}'}", "- run: echo ${{ secrets['A'] }}", "- run: echo secrets", "- if: env.secrets\n  run: x"],
)
def test_one_named_secret_passes(step: str) -> None:
    assert failing(check, job(step)) == []
