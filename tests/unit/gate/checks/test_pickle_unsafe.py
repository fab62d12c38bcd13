# SPDX-License-Identifier: Apache-2.0
"""pickle-unsafe."""

from __future__ import annotations

from pipeline_guard.gate.checks.pickle_unsafe import check
from pipeline_guard.gate.model_file import inspect
from pipeline_guard.gate.rule import Problem
from pipeline_guard.model.gate_settings import GateSettings
from tests.unit.gate.pickles import gadget, tensor_state, torch_zip


def problems(content: bytes) -> list[Problem]:
    found = inspect(content, "m.pkl")
    assert found is not None
    return list(check(found, GateSettings()))


def test_ordinary_model_passes() -> None:
    assert problems(torch_zip(tensor_state())) == []


def test_finding_names_the_global_the_byte_and_the_way_out() -> None:
    (problem,) = problems(gadget())
    assert problem.what.startswith("calls builtins.eval, which is known to run code")
    assert f"byte {problem.location.byte_start}" in problem.what
    assert "safetensors" in problem.fix
    assert "gate.artifacts" in problem.fix


def test_finding_in_a_member_names_the_member() -> None:
    (problem,) = problems(torch_zip(gadget()))
    assert "in net/data.pkl" in problem.what
