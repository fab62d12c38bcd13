# SPDX-License-Identifier: Apache-2.0
"""Faults of archives."""

from __future__ import annotations

from pipeline_guard.gate.archive import ArchiveFacts
from pipeline_guard.gate.checks.archive_unsafe import check
from pipeline_guard.model.gate_settings import GateSettings


def test_every_fault_is_a_problem() -> None:
    found = list(check(ArchiveFacts("x.whl", (("../a", "leads out"), ("", "is odd"))), GateSettings()))
    assert [problem.what for problem in found] == ["../a leads out", "is odd"]
    assert list(check(ArchiveFacts("x.whl"), GateSettings())) == []
