# SPDX-License-Identifier: Apache-2.0
"""GitHub's expressions: what its own evaluator answered for thousands of them, and where that one is wrong."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.rehearse.expression import MAX_LENGTH, evaluate, fill, inside, parse, paths
from pipeline_guard.rehearse.functions import Function
from tests.shells.generating import CONTEXTS, answer, expressions

RECORDED = Path(__file__).parents[2] / "vectors" / "expressions.json.gz"  # written by tests/shells/outside/record.py


def value(source: str, contexts: dict[str, Any] | None = None) -> Any:
    known = CONTEXTS if contexts is None else contexts
    return evaluate(parse(source, list(known), {}), known, {})


def test_answers_are_those_of_github_s_own_evaluator() -> None:
    recorded = json.loads(gzip.decompress(RECORDED.read_bytes()))
    sources = expressions(recorded["seed"], len(recorded["answers"]))
    assert len(sources) >= 5000
    different = [
        (source, theirs, ours) for source, theirs in zip(sources, recorded["answers"], strict=True) if (ours := answer(source)) != theirs
    ]
    assert different == []
    assert 0.02 < sum("error" in theirs for theirs in recorded["answers"]) / len(sources) < 0.3, "both kinds must be there"


def test_every_doubled_quote_is_one_quote() -> None:
    # NOTE: the package @actions/expressions 0.3.61 undoubles only the first pair; the runner itself all of them
    assert value("'a''b''c'") == "a'b'c"


@pytest.mark.parametrize(
    "source",
    [
        "",
        " ",
        "github.",
        "github[",
        "(1",
        "1)",
        "'",
        "foo",
        "foo()",
        "1 2",
        "a b",
        "==",
        "!",
        "contains('a')",
        "${{ 1 }}",
        "github..ref",
        "\x00",
        "case(1,2)",
    ],
)
def test_what_github_refuses_is_refused(source: str) -> None:
    with pytest.raises(UsageError):
        value(source)


@pytest.mark.parametrize("source", ["(" * 60 + "1" + ")" * 60, "!" * 60 + "1", "github" + ".a" * 60, "1" * (MAX_LENGTH + 1)])
def test_depth_and_length_are_limited(source: str) -> None:
    with pytest.raises(UsageError):
        value(source)


def test_texts_are_filled_and_braces_inside_a_text_do_not_end_an_expression() -> None:
    assert fill("a ${{ github.ref }} b ${{ '}}' }}", value) == "a refs/heads/main b }}"
    with pytest.raises(UsageError, match="does not end"):
        fill("${{ github.ref ", value)


@pytest.mark.parametrize(("condition", "expression"), [("a == b", "a == b"), (" ${{ a }} ", " a "), ("${{ a }} == 'b'", "${{ a }} == 'b'")])
def test_condition_may_leave_out_its_braces(condition: str, expression: str) -> None:
    assert inside(condition) == expression


def test_paths_name_the_contexts_that_are_read() -> None:
    tree = parse("contains(github.event.labels.*.name, inputs['x']) || fromJSON(vars.a).b[env.C]", ["github", "inputs", "vars", "env"], {})
    assert set(paths(tree)) == {("github", "event", "labels", "*", "name"), ("inputs", "x"), ("vars", "a"), ("env", "c")}


def test_functions_of_the_place_are_called() -> None:
    functions = {"success": Function(lambda: True, 0, 0)}
    assert evaluate(parse("Success() && 'yes'", [], functions), {}, functions) == "yes"
