# SPDX-License-Identifier: Apache-2.0
"""What docs/enforcement.md points to exists: every test it names, every line of doctor; and every line of doctor is on the page."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "enforcement.md").read_text()


def _ids() -> set[str]:
    """Return the ids of all settings that doctor --forge judges: what its source calls so, and so much only."""
    found: set[str] = set()
    for path in (ROOT / "pipeline_guard" / "gate" / "enforcement").glob("*.py"):
        text = path.read_text()
        found |= set(re.findall(r'(?:Setting|switch)\(\s*"([a-z-]+)"', text))
        found |= set(re.findall(r'unknown\(\s*facts,\s*"[a-z-]+",\s*"([a-z-]+)"', text))
        found |= set(re.findall(r'\(\s*"([a-z-]+)",\s*"[a-z_]+",\s*(?:True|False),', text))
        found |= set(re.findall(r'_rule\(facts, "[a-z_]+", "([a-z-]+)"', text))
    return found


def test_every_test_that_the_page_names_exists() -> None:
    sources = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    named = set(re.findall(r"`(test_[a-z0-9_]+)`", PAGE))
    assert len(named) > 15
    assert {name for name in named if f"def {name}(" not in sources} == set()
    assert {path for path in re.findall(r"`(tests/[a-z0-9_/.]+)`", PAGE) if not (ROOT / path).exists()} == set()


def test_every_line_of_doctor_is_on_the_page_and_no_other() -> None:
    named: set[str] = set()
    for cell in re.findall(r"doctor ((?:`[a-z-]+`(?: \(`--branch`\))?(?:, )?)+)", PAGE):
        named |= set(re.findall(r"`([a-z][a-z-]+)`", cell))
    ids = _ids()
    assert len(ids) > 30
    assert named - ids == set()
    assert ids - set(re.findall(r"`([a-z-]+)`", PAGE)) == set()
