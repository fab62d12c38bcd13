# SPDX-License-Identifier: Apache-2.0
"""model-code."""

from __future__ import annotations

from pipeline_guard.gate.checks import model_code, model_malformed, pickle_unsafe
from pipeline_guard.gate.checks.model_code import check
from pipeline_guard.gate.model_file import inspect
from pipeline_guard.gate.rule import Problem
from pipeline_guard.model.gate_settings import GateSettings


def problems(content: bytes, path: str) -> list[Problem]:
    found = inspect(content, path)
    assert found is not None
    return list(check(found, GateSettings()))


def test_ordinary_model_passes() -> None:
    assert problems(b'{"model_type": "bert"}', "config.json") == []


def test_finding_says_what_and_the_way_out() -> None:
    (problem,) = problems(b'{"auto_map": {"AutoModel": "modeling_x.XModel"}}', "config.json")
    assert "auto_map" in problem.what
    assert problem.fix
    assert problem.location.path


def test_no_other_check_reports_it_too() -> None:
    found = inspect(b'{"auto_map": {"AutoModel": "modeling_x.XModel"}}', "config.json")
    assert found is not None
    assert sum(bool(list(one(found, GateSettings()))) for one in (model_code.check, model_malformed.check, pickle_unsafe.check)) == 1
