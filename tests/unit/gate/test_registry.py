# SPDX-License-Identifier: Apache-2.0
"""One identifier, four places: the check's file, its id, its test file, its anchor in the documentation."""

from __future__ import annotations

import re
from pathlib import Path

from pipeline_guard.gate.registry import RULES

ROOT = Path(__file__).parents[3]
IDS = [rule.id for rule in RULES]
FILES = {identifier.replace("-", "_") for identifier in IDS}


def test_every_check_is_a_file_and_every_file_a_check() -> None:
    assert {path.stem for path in (ROOT / "pipeline_guard" / "gate" / "checks").glob("*.py")} - {"__init__"} == FILES
    assert all(rule.check.__module__.rpartition(".")[2] == rule.id.replace("-", "_") for rule in RULES)
    assert len(set(IDS)) == len(IDS)


def test_every_check_has_a_test_file_of_its_name() -> None:
    assert {path.stem for path in (ROOT / "tests" / "unit" / "gate" / "checks").glob("test_*.py")} == {f"test_{name}" for name in FILES}


def test_every_check_has_an_anchor_in_the_documentation() -> None:
    text = (ROOT / "docs" / "rules.md").read_text()
    headings = re.findall(r"^### (\S+)$", text, re.MULTILINE)
    assert [heading for heading in headings if heading in IDS] == IDS


def test_every_check_says_why_it_matters() -> None:
    assert all(rule.why and rule.why[0].islower() and not rule.why.endswith(".") for rule in RULES)
