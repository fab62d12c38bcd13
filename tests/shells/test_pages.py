# SPDX-License-Identifier: Apache-2.0
"""Pages that repeat what the code says."""

from __future__ import annotations

import re

from pipeline_guard.errors import ExitCode
from tests.shells.reading import ROOT, VERBS, action


def test_page_of_exit_codes_lists_every_code() -> None:
    rows = re.findall(r"^\| (\d+) \| (\w+) \|", (ROOT / "docs" / "exit-codes.md").read_text(), re.MULTILINE)
    assert {(int(number), name) for number, name in rows} == {(code.value, code.name.lower()) for code in ExitCode}


def test_actions_name_only_real_exit_codes() -> None:
    known = {code.value for code in ExitCode}
    for verb in VERBS:
        text = action(verb)["outputs"]["exit-code"]["description"]
        assert {int(number) for number in re.findall(r"\b\d+\b", text)} <= known
