# SPDX-License-Identifier: Apache-2.0
"""lock-unreachable."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.lock_unreachable import RULE
from tests.unit.gate.checks.deps import sample, whats
from tests.unit.gate.locks import SAMPLES


@pytest.mark.parametrize("path", [one.path for one in SAMPLES])
def test_sound_locks_pass(path: str) -> None:
    assert whats(RULE, sample(path)) == []


def test_an_extra_entry_fails() -> None:
    assert whats(RULE, sample("uv.lock", ('dependencies = [\n    { name = "idna" },\n]\n', ""))) == ["idna 3.10"]
    assert whats(RULE, sample("Cargo.lock", (' "anyhow",\n', ""))) == ["anyhow 1.0.86"]
