# SPDX-License-Identifier: Apache-2.0
"""Provenance that was there before."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.provenance_lost import check
from tests.unit.gate.checks.published import GOOD, package, problems, published


@pytest.mark.parametrize(
    ("now", "before", "count"), [(False, True, 1), (True, True, 0), (False, False, 0), (True, False, 0), (None, None, 0)]
)
def test_only_a_loss_is_a_problem(now: bool | None, before: bool | None, count: int) -> None:
    assert len(problems(check, package(GOOD), published(attested=now, attested_before=before))) == count


def test_what_is_not_published_is_another_checks_business() -> None:
    assert problems(check, package(GOOD), None) == []
