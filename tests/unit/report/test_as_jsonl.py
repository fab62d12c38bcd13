# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

from pipeline_guard.model.verdict import Unchecked
from pipeline_guard.report import as_jsonl
from tests.unit.report.samples import FAILED, PASSED, finding, scan, verdict


def test_last_line_of_a_scan_holds_counts_and_what_was_not_examined() -> None:
    lines = as_jsonl.render_scan(scan(finding(), unchecked=(Unchecked("x", "y"),))).splitlines()
    assert len(lines) == 2
    assert json.loads(lines[0])["path"] == "src/app.py"
    assert lines[1].startswith('{"schema": "pipeline-guard/scan-stats/v1"')
    closing = json.loads(lines[1])
    assert (closing["new"], closing["files"], closing["unchecked"]) == (1, 12, [{"path": "x", "why": "y"}])


def test_last_line_of_a_verdict_names_the_verdict() -> None:
    lines = as_jsonl.render_verdict(verdict(PASSED, FAILED)).splitlines()
    assert [json.loads(line)["id"] for line in lines[:-1]] == ["requirements-unhashed", "action-unpinned"]
    assert json.loads(lines[-1])["verdict"] == "block"


def test_clean_scan_is_one_line() -> None:
    assert len(as_jsonl.render_scan(scan()).splitlines()) == 1
