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


def test_a_folder_of_npm_that_nobody_leads_to_fails_also_where_its_name_is_asked_for_elsewhere() -> None:
    extra = '"node_modules/left-pad/node_modules/kind-of": {"version": "1.0.0"}, "node_modules/kind"'
    assert whats(RULE, sample("package-lock.json", ('"node_modules/kind"', extra))) == ["kind-of 1.0.0"]
    assert whats(RULE, sample("package-lock.json", ('"c": "github:o/c"', '"d": "1"'))) == ["c 1.0.0"]
