# SPDX-License-Identifier: Apache-2.0
"""Packages that nobody publishes."""

from __future__ import annotations

from pipeline_guard.gate.checks.package_unpublished import check
from tests.unit.gate.checks.published import GOOD, package, problems, published


def test_what_is_not_published_is_a_problem() -> None:
    assert problems(check, package(GOOD), None) == [(3, "a 1")]
    assert problems(check, package(GOOD), published()) == []
