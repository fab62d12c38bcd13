# SPDX-License-Identifier: Apache-2.0
"""gate-file-changed."""

from __future__ import annotations

from pipeline_guard.gate.checks.gate_file_changed import RULE, check
from pipeline_guard.gate.facts import ChangeFacts
from pipeline_guard.model.gate_settings import GateSettings


def test_changed_gate_file_is_shown_and_never_fails() -> None:
    (problem,) = check(ChangeFacts(".pipeline-guard.yml"), GateSettings())
    assert problem.what == problem.location.path == ".pipeline-guard.yml"
    assert RULE.informs
