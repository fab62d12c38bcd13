# SPDX-License-Identifier: Apache-2.0
"""version-conflict."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.version_conflict import check
from pipeline_guard.gate.facts import Kind
from tests.unit.gate.checking import SHA, failing, whole

OTHER = "f" * 40


def conflicts(*uses: str) -> list[tuple[str, int]]:
    files = {f".github/workflows/{number}.yml": f"jobs:\n  a:\n    steps:\n      - uses: {use}\n" for number, use in enumerate(uses)}
    return [found for kind, item in whole(files) if kind is Kind.WORKFLOW for found in failing(check, item)]


@pytest.mark.parametrize(
    "uses",
    [
        (f"o/r@{SHA} # v4.1.2", f"O/R/sub@{OTHER} # v4.1.2"),
        ("o/r@v3 # v4",),
        ("o/r@v4.1.0 # v4.1.2",),
    ],
)
def test_two_commits_of_one_version_and_two_versions_of_one_ref_fail(uses: tuple[str, ...]) -> None:
    assert len(conflicts(*uses)) == 1


@pytest.mark.parametrize(
    "uses",
    [
        (f"o/r@{SHA} # v4.1.2", f"o/r@{SHA} # v4.1.2"),
        (f"o/r@{SHA} # v4", f"o/r@{OTHER} # v4"),
        (f"o/r@{SHA} # v4.1.2", f"o/other@{OTHER} # v4.1.2"),
        (f"o/r@{SHA} # v4.1.2", f"o/r@{OTHER} # v4.1.3"),
        (f"o/r@{SHA} # see below", f"o/r@{OTHER} # see below"),
        ("o/r@v4 # v4.1.2",),
    ],
)
def test_what_can_be_true_passes(uses: tuple[str, ...]) -> None:
    assert conflicts(*uses) == []
