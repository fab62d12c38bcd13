# SPDX-License-Identifier: Apache-2.0
"""What is said to be certain is so whatever the unknown values are: every condition is tried with all of them."""

from __future__ import annotations

import random
from itertools import product

import pytest

from pipeline_guard.rehearse.gitlab_condition import holds, unknown
from pipeline_guard.rehearse.scope import Ground, Scope

VALUES = ("", "true", "a")


def github(source: random.Random, depth: int = 0) -> str:
    leaf = source.choice(
        ("vars.X == 'true'", "vars.Y", "!vars.X", "github.ref == 'a'", "'a' == 'a'", "contains(vars.Y, 'a')", "false", "true")
    )
    if depth > 2 or source.random() < 0.3:
        return leaf
    operator = source.choice(("&&", "||"))
    return f"({github(source, depth + 1)} {operator} {github(source, depth + 1)})"


def scope(known: dict[str, str]) -> Scope:
    return Scope({"github": {"ref": "a", "event_name": "push", "event": {}}, "vars": known})


def test_conditions_of_github_are_certain_exactly_where_no_value_changes_them() -> None:
    source = random.Random(3)
    unsure = 0
    for _ in range(400):
        condition = github(source)
        answers = {scope({"X": x, "Y": y}).condition(condition, "if") for x, y in product(VALUES, VALUES)}
        said = scope({}).undecided(condition)
        if not said:
            assert answers == {scope({}).condition(condition, "if")}, condition
        unsure += bool(said)
    assert unsure > 50


def test_name_that_was_guessed_is_unknown_beside_a_text_only() -> None:
    contexts = {
        "github": {
            "repository": "local/app",
            "event_name": "pull_request",
            "event": {"pull_request": {"head": {"repo": {"full_name": "somebody/app"}}}},
        }
    }
    guessed = Scope(contexts, ground=Ground(guessed=frozenset({("github", "repository")})))
    assert guessed.undecided("github.repository == 'acme/app'") == "github.repository"
    assert guessed.undecided("github.event.pull_request.head.repo.full_name == github.repository") == ""


@pytest.mark.parametrize(
    ("condition", "event", "unsure"),
    [
        ("github.event.pull_request.draft == false", "push", False),  # a push has no pull request: that is known
        ("contains(github.event.pull_request.labels.*.name, 'x')", "pull_request", True),
        ("github.event.release.prerelease", "release", True),
        ("github.event.inputs.x == 'y'", "workflow_dispatch", True),
        ("github.event.schedule == '0 1 * * *'", "schedule", True),
    ],
)
def test_event_is_known_as_far_as_it_is_modelled(condition: str, event: str, unsure: bool) -> None:
    contexts = {"github": {"event_name": event, "event": {"pull_request": {"number": 1}} if event == "pull_request" else {}}}
    assert bool(Scope(contexts).undecided(condition)) is unsure


def gitlab(source: random.Random, depth: int = 0) -> str:
    leaf = source.choice(
        ('$X == "true"', "$Y", "!$X", '$CI_COMMIT_BRANCH == "main"', "$Y =~ /a/", "$CI_COMMIT_TAG", '$X != "a"', "$Y == null")
    )
    if depth > 2 or source.random() < 0.3:
        return leaf
    operator = source.choice(("&&", "||"))
    return f"({gitlab(source, depth + 1)} {operator} {gitlab(source, depth + 1)})"


def test_conditions_of_gitlab_that_may_hold_are_told() -> None:
    source = random.Random(4)
    predefined = {"CI_COMMIT_BRANCH": "main"}
    unsure = 0
    for _ in range(400):
        condition = gitlab(source)
        if holds(condition, predefined):
            continue
        answers = {holds(condition, {**predefined, "X": x, "Y": y}) for x, y in product(VALUES, VALUES)}
        said = unknown(condition, predefined)
        assert said or answers == {False}, condition
        unsure += bool(said)
    assert unsure > 50


def test_what_gitlab_itself_gives_or_does_not_is_known() -> None:
    assert unknown("$CI_COMMIT_TAG", {}) == []
    assert unknown("$CI_MERGE_REQUEST_LABELS =~ /x/", {}) == []
    assert unknown("$CI_MERGE_REQUEST_LABELS =~ /x/", {"CI_MERGE_REQUEST_IID": "1"}) == ["CI_MERGE_REQUEST_LABELS"]
