# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.rehearse.gitlab_condition import MAX_LENGTH, holds

VARIABLES = {"SET": "yes", "EMPTY": "", "BRANCH": "feature/x-1", "PATTERN": "/^feat/i"}


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("$SET", True), ("$EMPTY", False), ("$NONE", False), ('$SET == "yes"', True), ("${SET} == 'yes'", True), ("$NONE == null", True),
        ("$EMPTY == null", False), ('$EMPTY == ""', True), ("$BRANCH =~ /^feature\\/x/", True), ("$BRANCH =~ /X-1$/i", True), ("$BRANCH !~ /y/", True),
        ("$BRANCH =~ $PATTERN", True), ("$SET && $NONE || $SET", True), ("$NONE || $SET && $NONE", False), ("($NONE || $SET) && $SET", True),
        ('$SET == "yes" && $BRANCH =~ /x/ && $NONE', False), ("$NONE =~ $NONE", False), ("!$NONE", True),
    ],
)  # fmt: skip
def test_conditions_hold_as_documented(condition: str, found: bool) -> None:
    assert holds(condition, VARIABLES) is found


@pytest.mark.parametrize(
    "condition",
    ["", "$A ==", "==", "($A", "$A)", "$A = 1", "$A =~ /(/", "$A == `x`", "$A =~ /(a+)+$/", "(" * 60 + "$A" + ")" * 60, "$A" * MAX_LENGTH],
)
def test_what_gitlab_refuses_is_refused(condition: str) -> None:
    with pytest.raises(UsageError):
        holds(condition, VARIABLES)
