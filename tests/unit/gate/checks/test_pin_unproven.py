# SPDX-License-Identifier: Apache-2.0
"""pin-unproven."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline_guard.gate.checks.pin_unproven import check
from pipeline_guard.gate.facts import PinFacts
from tests.unit.gate.checking import SHA, failing


@pytest.mark.parametrize("state", ["missing", "impostor", "moved"])
def test_what_the_forge_contradicts_fails(state: Any) -> None:
    facts = PinFacts("w.yml", 4, f"o/r@{SHA}", "v1", state, "why")
    assert failing(check, facts) == [(f"o/r@{SHA}: why", 4)]


def test_a_proven_pin_passes() -> None:
    assert failing(check, PinFacts("w.yml", 4, f"o/r@{SHA}", "v1", "proven")) == []
