# SPDX-License-Identifier: Apache-2.0
"""wrapper-unknown."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from pipeline_guard.gate.checks.wrapper_unknown import check
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.inventory import kind_by_name, look
from pipeline_guard.model.gate_settings import DependencySettings, GateSettings

JAR = b"PK\x05\x06" + bytes(18)


@pytest.mark.parametrize(("known", "number"), [((), 0), ((hashlib.sha256(JAR).hexdigest(), "b" * 64), 0), (("b" * 64,), 1)])
@pytest.mark.parametrize("path", ["gradle/wrapper/gradle-wrapper.jar", "a/.mvn/wrapper/maven-wrapper.jar"])
def test_wrapper_must_be_one_that_policy_lists_where_it_lists_any(path: str, known: tuple[str, ...], number: int) -> None:
    settings = replace(GateSettings(), dependencies=DependencySettings(wrappers=known))
    facts = [item for kind, item in look(path, JAR) if kind is Kind.WRAPPER]
    assert len(facts) == 1
    assert kind_by_name(path) is Kind.WRAPPER
    assert len(list(check(facts[0], settings))) == number  # type: ignore[arg-type]
