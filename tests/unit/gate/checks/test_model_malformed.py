# SPDX-License-Identifier: Apache-2.0
"""model-malformed."""

from __future__ import annotations

from pipeline_guard.gate.checks import model_code, model_malformed, pickle_unsafe
from pipeline_guard.gate.checks.model_malformed import check
from pipeline_guard.gate.model_file import inspect
from pipeline_guard.gate.rule import Problem
from pipeline_guard.model.gate_settings import GateSettings
from tests.unit.gate.models import safetensors


def problems(content: bytes, path: str) -> list[Problem]:
    found = inspect(content, path)
    assert found is not None
    return list(check(found, GateSettings()))


def test_ordinary_model_passes() -> None:
    assert problems(safetensors({}, b""), "m.safetensors") == []


def test_finding_says_what_and_the_way_out() -> None:
    (problem,) = problems(safetensors({}), "m.safetensors")
    assert "8 bytes after" in problem.what
    assert problem.fix
    assert problem.location.path


def test_no_other_check_reports_it_too() -> None:
    found = inspect(safetensors({}), "m.safetensors")
    assert found is not None
    assert sum(bool(list(one(found, GateSettings()))) for one in (model_code.check, model_malformed.check, pickle_unsafe.check)) == 1
