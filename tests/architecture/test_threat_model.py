# SPDX-License-Identifier: Apache-2.0
"""docs/threat-model.md names tests that exist, and every attack that is tested."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "threat-model.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[a-z0-9_/]+\.py)(?:::(\w+))?`", PAGE)))


def names_in(path: Path) -> set[str]:
    return {
        node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


@pytest.mark.parametrize(("path", "name"), NAMED, ids=str)
def test_named_test_exists(path: str, name: str) -> None:
    assert not name or name in names_in(ROOT / path)
    assert (ROOT / path).is_file()


def test_every_tested_attack_is_named() -> None:
    told = {name for path, name in NAMED if path == "tests/e2e/test_attacks.py"}
    assert names_in(ROOT / "tests" / "e2e" / "test_attacks.py") - told == set()
    assert len(NAMED) > 30
