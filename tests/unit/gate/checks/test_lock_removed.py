# SPDX-License-Identifier: Apache-2.0
"""lock-removed."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.lock_removed import RULE
from pipeline_guard.gate.inventory import former_lock
from pipeline_guard.gate.manifest.project import LostLock
from pipeline_guard.gate.projects import lost
from tests.unit.gate.checks.deps import whats
from tests.unit.gate.locks import BY_PATH


def gone(*known: str, removed: str = "package-lock.json") -> list[LostLock]:
    content = BY_PATH[removed].content
    return list(lost([removed], known, lambda _: content, former_lock))


def test_lock_whose_manifest_stays_fails() -> None:
    (found,) = gone("package.json")
    assert whats(RULE, found) == ["package-lock.json is gone"]


@pytest.mark.parametrize("known", [(), ("other/package.json",), ("package.json", "pnpm-lock.yaml"), ("package.json", "package-lock.json")])
def test_lock_that_goes_with_its_project_or_is_replaced_passes(known: tuple[str, ...]) -> None:
    assert gone(*known) == []


def test_name_in_other_letters_is_no_replacement() -> None:
    assert gone("package.json", "Package-Lock.json") != []
