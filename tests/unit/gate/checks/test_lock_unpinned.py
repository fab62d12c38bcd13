# SPDX-License-Identifier: Apache-2.0
"""lock-unpinned."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.lock_unpinned import RULE
from tests.unit.gate.checks.deps import sample, whats
from tests.unit.gate.locks import COMMIT, SAMPLES


@pytest.mark.parametrize("path", [one.path for one in SAMPLES])
def test_sound_locks_pass(path: str) -> None:
    assert whats(RULE, sample(path)) == []


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("package-lock.json", f"#{COMMIT}", "#main"),
        ("package-lock.json", f"#{COMMIT}", f"#{COMMIT[:12]}"),
        ("package-lock.json", f"#{COMMIT}", ""),
        ("package-lock.json", '"resolved": "packages/w"', '"resolved": "../outside"'),
        ("package-lock.json", '"resolved": "packages/w"', '"resolved": "/tmp/w"'),
        ("yarn.lock", f"#{COMMIT}", "#v1"),
        ("Cargo.lock", f"?branch=main#{COMMIT}", "?branch=main"),
        ("Gemfile.lock", COMMIT, "main"),
        ("mix.lock", COMMIT, "main"),
        ("Package.resolved", COMMIT, "1.3.0"),
        ("go.mod", "./sys", "../../sys"),
        ("flake.lock", COMMIT, "main"),
        ("pom.xml", "<version>${junit.version}</version>", "<version>[33,)</version>"),
        ("pom.xml", "<version>${junit.version}</version>", "<version>LATEST</version>"),
    ],
)
def test_what_can_move_or_lies_outside_fails(path: str, old: str, new: str) -> None:
    assert len(whats(RULE, sample(path, (old, new)))) == 1
