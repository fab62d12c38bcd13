# SPDX-License-Identifier: Apache-2.0
"""Expressions that nobody has seen before, by GitHub's own evaluator and by ours."""

from __future__ import annotations

import secrets

from tests.shells.generating import answer, expressions
from tests.shells.outside.asking import github


def test_fresh_expressions_are_answered_alike() -> None:
    seed = secrets.randbits(32)
    theirs = github(seed, 8000)
    different = [
        (source, one, ours) for source, one in zip(expressions(seed, 8000), theirs, strict=True) if (ours := answer(source)) != one
    ]
    assert different == [], f"seed {seed}"
