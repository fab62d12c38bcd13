# SPDX-License-Identifier: Apache-2.0
"""compose-unpinned."""

from __future__ import annotations

from pipeline_guard.gate.checks.compose_unpinned import RULE, check
from pipeline_guard.gate.facts import Kind
from tests.unit.gate.checking import failing, whole

TEXT = "services:\n  a:\n    image: ${I:-redis:7}\n  b: {build: ., image: mine:latest}\n"


def of(path: str) -> list[tuple[str, int]]:
    return [found for kind, item in whole({path: TEXT}) if kind is Kind.IMAGE for found in failing(check, item)]


def test_images_of_compose_files_are_shown_and_never_fail() -> None:
    assert of("docker-compose.yml") == [("redis:7", 3)]
    assert of("compose.yaml") == [("redis:7", 3)]
    assert RULE.informs


def test_a_digest_and_other_files_are_not_its_subject() -> None:
    assert of("other.yml") == []
    pinned = TEXT.replace("redis:7", "redis:7@sha256:" + "a" * 64)
    assert not [found for kind, item in whole({"compose.yml": pinned}) if kind is Kind.IMAGE for found in failing(check, item)]
