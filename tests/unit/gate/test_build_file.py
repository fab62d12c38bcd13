# SPDX-License-Identifier: Apache-2.0
"""Files beside the pipelines: what is read, and what is refused with its line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.build_file import compose, dependabot, hooks, kubernetes, renovate, submodules
from pipeline_guard.gate.ci_facts import Submodule


def test_every_container_of_every_object_is_found() -> None:
    text = (
        "apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      initContainers: [{image: a}]\n      containers: [{image: b}, {name: c}]\n"
        "---\napiVersion: v1\nkind: Pod\nspec: {containers: [{image: d}]}\n---\nimage: e\n"
    )
    assert [(use.target, use.line) for use in kubernetes(text.encode(), "k.yml").uses] == [("a", 6), ("b", 7), ("d", 11)]


def test_a_service_that_is_built_here_is_not_fetched() -> None:
    text = "services:\n  a: {image: 'x:1'}\n  b: {image: y, build: .}\n  c: {image: '${I:-z}'}\n"
    assert [use.target for use in compose(text.encode(), "c.yml").uses] == ["x:1", "z"]


def test_submodules_are_read_as_git_writes_them() -> None:
    text = '[submodule "a b"]\n\tpath = x\n\tURL = "https://h.example/a"\n; c\n[submodule "c"]\n\tbranch = .\n'
    assert submodules(text.encode(), "m").submodules == (Submodule(1, "a b", "x", "https://h.example/a"), Submodule(5, "c", branch="."))


def test_renovates_comments_are_no_text() -> None:
    text = '// c\n{"a": "https://x", /* "minimumReleaseAge": "1 day" */ "minimumReleaseAge": "14 days",}'
    assert renovate(text.encode(), "r.json5").updaters[0].days == 14


@pytest.mark.parametrize(
    ("parse", "text", "where"),
    [
        (hooks, "a: 1\n", "x:1: no list of repos"),
        (hooks, "repos:\n  - repo: [a]\n", "x:2: a text is expected"),
        (submodules, "path = a\n", "x:1: not a line"),
        (submodules, '[submodule "a"]\nnonsense\n', "x:2: not a line"),
        (dependabot, "version: 2\n", "x:1: no list of updates"),
        (renovate, "[]", "x: a Renovate configuration is a mapping"),
        (renovate, "{", "x: not valid JSON"),
        (compose, "a: [\n", "x:2: not valid YAML"),
    ],
)
def test_other_shapes_are_refused_with_their_line(parse: Callable[[bytes, str], Any], text: str, where: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text.encode(), "x")
    assert caught.value.what.startswith(where)
