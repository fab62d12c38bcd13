# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.rehearse.matrix import combinations


def test_example_of_the_forge_s_documentation() -> None:
    """GitHub, "Running variations of jobs in a workflow", expanding configurations."""
    matrix = {
        "fruit": ["apple", "pear"],
        "animal": ["cat", "dog"],
        "include": [
            {"color": "green"},
            {"color": "pink", "animal": "cat"},
            {"fruit": "apple", "shape": "circle"},
            {"fruit": "banana"},
            {"fruit": "banana", "animal": "cat"},
        ],
    }
    assert combinations(matrix) == [
        {"fruit": "apple", "animal": "cat", "color": "pink", "shape": "circle"},
        {"fruit": "apple", "animal": "dog", "color": "green", "shape": "circle"},
        {"fruit": "pear", "animal": "cat", "color": "pink"},
        {"fruit": "pear", "animal": "dog", "color": "green"},
        {"fruit": "banana"},
        {"fruit": "banana", "animal": "cat"},
    ]


def test_excluded_are_gone_and_nothing_varies_once() -> None:
    assert combinations({"a": [1.0, 2.0], "exclude": [{"a": 1.0}]}) == [{"a": 2.0}]
    assert combinations({}) == [{}]


@pytest.mark.parametrize("matrix", [{"a": list(range(300))}, {letter: list(range(100)) for letter in "abcdef"}])
def test_more_than_256_are_refused(matrix: dict[str, list[int]]) -> None:
    with pytest.raises(UsageError, match="a matrix of"):
        combinations(matrix)
