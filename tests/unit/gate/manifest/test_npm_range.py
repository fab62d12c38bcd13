# SPDX-License-Identifier: Apache-2.0
"""Ranges of npm and Cargo, as node-semver and Cargo read them."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.manifest.npm_range import satisfies


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        ("1.2.3", "1.2.3"),
        ("1.2.3", "=1.2.3"),
        ("1.2.3", "v1.2.3"),
        ("1.2.3", "^1.0.0"),
        ("1.99.99", "^1.2.3"),
        ("0.2.9", "^0.2.3"),
        ("0.0.3", "^0.0.3"),
        ("1.2.9", "~1.2.3"),
        ("1.9.0", "~1"),
        ("1.2.0", "1.2.x"),
        ("1.9.9", "1.x"),
        ("1.9.9", "1"),
        ("9.9.9", "*"),
        ("9.9.9", ""),
        ("9.9.9", "latest"),
        ("2.0.0", ">=1.2.3"),
        ("1.2.3", ">=1.2.3 <2.0.0"),
        ("1.5.0", "1.2.3 - 2.3.4"),
        ("2.3.9", "1.2.3 - 2.3"),
        ("3.1.0", "^1.0.0 || ^3.0.0"),
        ("1.2.3-beta.2", "^1.2.3-beta.1"),
        ("1.2.3", "^1.2.3-beta.1"),
        ("1.2.3+build", "1.2.3"),
        ("1.2.4", ">1.2.3"),
        ("2.0.0", ">1"),
        ("1.2.3", "<=1.2.3"),
        ("1.2.9", "<=1.2"),
    ],
)
def test_a_version_inside(version: str, wanted: str) -> None:
    assert satisfies(version, wanted) is True


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        ("1.2.4", "1.2.3"),
        ("2.0.0", "^1.2.3"),
        ("1.2.2", "^1.2.3"),
        ("0.3.0", "^0.2.3"),
        ("0.0.4", "^0.0.3"),
        ("1.3.0", "~1.2.3"),
        ("2.0.0", "1.x"),
        ("2.0.0", ">=1.2.3 <2.0.0"),
        ("2.3.5", "1.2.3 - 2.3.4"),
        ("2.0.0", "^1.0.0 || ^3.0.0"),
        ("1.2.4-beta.1", "^1.2.3-beta.1"),
        ("1.2.3-alpha", "^1.2.3-beta.1"),
        ("2.0.0-rc.1", "^1.0.0"),
        ("1.2.3-rc.1", "*||1.2.3"),
        ("1.9.0", ">1"),
        ("1.2.3", "<1.2.3"),
    ],
)
def test_a_version_outside(version: str, wanted: str) -> None:
    assert satisfies(version, wanted) is False


@pytest.mark.parametrize(
    ("version", "wanted"), [("1.2", "^1.0.0"), ("x", "^1"), ("1.2.3", "next"), ("1.2.3", "github:o/r"), ("1.2.3", "1.2.3 &")]
)
def test_what_is_no_version_or_range_has_no_answer(version: str, wanted: str) -> None:
    assert satisfies(version, wanted) is None


def test_a_bare_version_is_a_caret_in_cargo() -> None:
    assert satisfies("1.9.0", "1.2", bare_is_caret=True) is True
    assert satisfies("1.9.0", "1.2") is False
    assert satisfies("1.9.0", ">=1.2, <1.5", bare_is_caret=True) is False
