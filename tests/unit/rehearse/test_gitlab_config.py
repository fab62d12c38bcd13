# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.rehearse.gitlab_config import expanded, job_variables, jobs, lines


def test_parents_are_merged_in_order_and_lists_replaced() -> None:
    config = {
        ".a": {"variables": {"X": "a", "Y": "a"}, "tags": ["a"]},
        ".b": {"variables": {"X": "b"}},
        "c": {"extends": [".a", ".b"], "variables": {"Z": "c"}, "script": [[".a", "tags"], "own"]},
    }
    found = jobs(config, "f")
    assert list(found) == ["c"]
    assert found["c"]["variables"] == {"X": "b", "Y": "a", "Z": "c"}
    assert lines(found["c"]["script"]) == ["a", "own"]


@pytest.mark.parametrize(
    "config",
    [
        {"a": {"extends": ".none"}},
        {"a": {"extends": "b"}, "b": {"extends": "a"}},
        {"a": {"script": ["a", "script"]}},
    ],
)
def test_circles_and_missing_parents_are_refused(config: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        jobs(config, "f")


def test_variables_are_stronger_the_nearer_they_are_and_expanded() -> None:
    config = {
        "variables": {"CI_X": "file", "A": "file", "B": {"value": "$A-b", "description": "x"}, "RAW": {"value": "$A", "expand": False}}
    }
    found = job_variables({"CI_X": "predefined", "P": "p"}, config, {"variables": {"A": "job"}}, {"C": "${B}$$P"})
    assert found == {"CI_X": "file", "P": "p", "A": "job", "B": "job-b", "RAW": "$A", "C": "job-b$P"}


def test_variables_that_name_each_other_end() -> None:
    assert len(expanded("$A", {"A": "$B$B", "B": "$A$A"})) <= 1_000_000
