# SPDX-License-Identifier: Apache-2.0
"""lock-internal-name."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.lock_internal_name import RULE
from pipeline_guard.model.gate_settings import DependencySettings, GateSettings
from tests.unit.gate.checks.deps import PLAIN, sample, whats


def internal(*names: str) -> GateSettings:
    return GateSettings(dependencies=DependencySettings(internal=names))


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("package-lock.json", "left-pad"),
        ("package-lock.json", "left-*"),
        ("uv.lock", "IDNA"),
        ("poetry.lock", "idna"),
        ("Cargo.lock", "any*"),
        ("Gemfile.lock", "rake"),
        ("bun.lock", "ms"),
    ],
)
def test_an_internal_name_from_the_public_registry_fails(path: str, pattern: str) -> None:
    assert len(whats(RULE, sample(path), internal(pattern))) >= 1
    assert whats(RULE, sample(path), PLAIN) == []
    assert whats(RULE, sample(path), internal("acme-*")) == []


def test_the_organisations_own_registry_may_answer() -> None:
    own = ("https://registry.npmjs.org/left-pad", "https://npm.corp.example/left-pad")
    assert whats(RULE, sample("package-lock.json", own), internal("left-pad")) == []
    own = ("https://pypi.org/simple", "https://pypi.corp.example/simple")
    assert len(whats(RULE, sample("uv.lock", own), internal("idna"))) == 1  # its files still come from the public one
