# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from pipeline_guard.flows.report import Kept, overview
from pipeline_guard.report import as_html, as_overview
from tests.fakes.overview import NOW, Book, full
from tests.unit.report.test_as_html import hostile

MIB = 1024 * 1024
SCHEMA = json.loads((Path(__file__).parents[3] / "docs/schemas/report.v1.json").read_text())


def test_markdown_tells_the_numbers_of_the_page() -> None:
    text = as_overview.render_markdown(full())
    for told in (
        "**Not in order.** 40 findings",
        "| 2 | 40 | 1 | 2 of 7 | 4 |",
        "## What to do",
        "## Findings by kind",
        "380 of 365 days | **rotate now**",
        "## Signatures over time",
    ):
        assert told in text
    page = as_html.render(full())
    for word in ("380 of 365 days", "2 of 7", "1 of 2"):
        assert word in page


def test_markdown_of_ten_thousand_of_everything_fits_a_job_summary_and_counts_the_rest() -> None:
    text = as_overview.render_markdown(full(10_000, 10_000, 300))
    assert len(text.encode()) < MIB
    assert "9950 more rows: see the report file" in text


def test_markdown_of_strangers_is_no_markup() -> None:
    text = as_overview.render_markdown(hostile())
    assert "<script" not in text
    assert "](" not in text
    assert not [line for line in text.splitlines() if line.startswith(("::", "##["))]
    for line in text.splitlines():
        assert line.isprintable()


@pytest.mark.parametrize("page", [full(), hostile(), overview([], Kept(Book(), []), (), NOW)], ids=["full", "hostile", "empty"])
def test_json_is_as_its_schema_says(page: object) -> None:
    text = as_overview.render_json(page)  # type: ignore[arg-type]
    jsonschema.validate(json.loads(text), SCHEMA)
    assert text.isascii()


def test_json_lists_are_complete() -> None:
    document = json.loads(as_overview.render_json(full(2000, 900)))
    assert len(document["findings"]) == 900
    assert sum(kind["total"] for kind in document["findings_by_kind"]) == 900
    assert document["audit"]["records"] == 2000
