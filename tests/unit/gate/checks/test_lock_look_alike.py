# SPDX-License-Identifier: Apache-2.0
"""lock-look-alike."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.lock_look_alike import RULE, _imitated
from pipeline_guard.gate.known_names import ATTACKED, GENUINE
from tests.unit.gate.checks.deps import sample, whats
from tests.unit.gate.locks import SAMPLES


@pytest.mark.parametrize("path", [one.path for one in SAMPLES])
def test_sound_locks_pass(path: str) -> None:
    assert whats(RULE, sample(path)) == []


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("reqeusts", "requests"),
        ("requsts", "requests"),
        ("requestss", "requests"),
        ("scikitlearn", "scikit-learn"),
        ("pythondateutil", "python-dateutil"),
        ("c0lorama", "colorama"),
        ("djan\u0433o", None),
        ("dj\u0430ngo", "django"),
        ("nurnpy", "numpy"),
        ("requests", None),
        ("urllib3-future", None),
        ("idna2", None),
        ("my-own-thing", None),
    ],
)
def test_slips_of_finger_and_eye_are_found(name: str, model: str | None) -> None:
    found = whats(RULE, sample("uv.lock", ("idna", name)))
    assert found == ([f"{name} (is {model} meant?)"] if model else [])


@pytest.mark.parametrize(("name", "model"), [("crossenv", "cross-env"), ("loadsh", "lodash"), ("expres", "express"), ("preact", None)])
def test_npm_has_its_own_list(name: str, model: str | None) -> None:
    lock = sample("package-lock.json", ("left-pad", name))
    assert whats(RULE, lock) == ([f"{name} (is {model} meant?)"] if model else [])


def test_slip_is_found_in_a_project_that_uses_the_well_known_one_as_well() -> None:
    lock = sample("package-lock.json", ("left-pad", "loadsh"), ("kind-of", "lodash"))
    assert whats(RULE, lock) == ["loadsh (is lodash meant?)"]


def test_what_only_another_package_needs_is_its_affair() -> None:
    asked = (
        '[[package]]\nname = "sample"',
        '[[package]]\nname = "reqeusts"\nversion = "1"\nsource = { registry = "https://pypi.org/simple" }\n\n[[package]]\nname = "sample"',
    )
    assert whats(RULE, sample("uv.lock", asked)) == []


def test_no_well_known_name_imitates_another() -> None:
    for ecosystem, names in ATTACKED.items():
        assert names.isdisjoint(GENUINE.get(ecosystem, frozenset()))
        assert [name for name in names if _imitated(name, ecosystem)] == []
