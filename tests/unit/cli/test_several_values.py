# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from pipeline_guard.cli.args import parse


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("src", ["src"]),
        ("src\n\n  tests \n", ["src", "tests"]),
        ('["src", "a b"]', ["src", "a b"]),
        ("[]", []),
        ('[""]', []),
        ("[ab]*.py", ["[ab]*.py"]),
        ("[1, 2]", ["[1, 2]"]),
    ],
)
def test_variable_of_several_values_is_lines_or_a_json_list(text: str, words: list[str]) -> None:
    args = parse(["scan"], {"PIPELINE_GUARD_PATHS": text, "PIPELINE_GUARD_EXCLUDE": text})
    assert args.many("paths") == words
    assert args.many("exclude") == words
    assert args.origins["exclude"] == ("environment" if words else "default")
