# SPDX-License-Identifier: Apache-2.0
"""The page about foreign software shows the tables that `make interop` proves."""

from __future__ import annotations

from pathlib import Path

from tests.interop.matrix import CERTIFIED, CERTIFIED_JUDGES, KEY_JUDGES, KEYS, table

PAGE = Path(__file__).parents[2] / "docs" / "interop.md"


def test_the_page_shows_what_is_proved() -> None:
    page = PAGE.read_text()
    assert table(KEYS, KEY_JUDGES, "key") in page
    assert table(CERTIFIED, CERTIFIED_JUDGES, "content") in page
