# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.rehearse.gitlab_inputs import interpolate, settle

DECLARED = {
    "name": {"regex": "^[a-z]+$"},
    "flag": {"type": "boolean", "default": False},
    "count": {"type": "number", "default": 1},
    "list": {"type": "array", "default": []},
    "choice": {"options": ["x", "y"], "default": "x"},
    "none": {"default": None},
}


def test_defaults_and_given_values_keep_their_types() -> None:
    assert settle(DECLARED, {"name": "abc", "flag": True, "list": ["a"]}, "f") == {
        "name": "abc", "flag": True, "count": 1, "list": ["a"], "choice": "x", "none": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({}, "missing"), ({"name": "A"}, "does not match"), ({"name": "a", "flag": "true"}, "no boolean"), ({"name": "a", "count": True}, "no number"),
        ({"name": "a", "choice": "z"}, "not one of"), ({"name": "a", "other": 1}, "unknown input"), ({"name": 12}, "no string"),
    ],
)  # fmt: skip
def test_what_gitlab_refuses_is_refused(given: dict[str, Any], word: str) -> None:
    with pytest.raises(UsageError, match=word):
        settle(DECLARED, given, "f")


def test_blocks_are_replaced_in_keys_texts_and_whole_values() -> None:
    values = {"inputs": {"a": "x y", "n": 3, "l": ["p"], "v": "$W"}, "component": {"sha": "c0"}}
    tree = {
        "$[[ inputs.n ]]-job": ["$[[inputs.l]]", "n=$[[ inputs.n ]] $[[ component.sha ]]", {"k": "$[[ inputs.a | truncate(0,1) ]]"}],
        "v": "$[[ inputs.v | expand_vars ]]",
    }
    assert interpolate(tree, values, lambda text: text.replace("$W", "w")) == {"3-job": [["p"], "n=3 c0", {"k": "x"}], "v": "w"}


@pytest.mark.parametrize(
    "block",
    ["$[[ inputs.none ]]", "$[[ inputs.a | evil ]]", "$[[ inputs.a | truncate(0,1) | truncate(0,1) | truncate(0,1) | truncate(0,1) ]]"],
)
def test_unknown_names_and_functions_are_refused(block: str) -> None:
    with pytest.raises(UsageError):
        interpolate(block, {"inputs": {"a": "x"}}, str)
