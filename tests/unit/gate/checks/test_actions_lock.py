# SPDX-License-Identifier: Apache-2.0
"""actions-lock."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks import action_unpinned
from pipeline_guard.gate.checks.actions_lock import check
from pipeline_guard.gate.facts import Kind
from pipeline_guard.model.verdict import Unchecked
from tests.unit.gate.checking import SHA, failing, whole

WORKFLOW = ".github/workflows/w.yml"
LOCK = ".github/workflows/actions.lock"
USES = "jobs:\n  a:\n    steps:\n      - uses: Actions/Checkout/sub@v4\n      - uses: $/own\n"


def entry(pin: str, *, uses: str = "[]", commit: str = SHA, owner: int = 1, repo: int = 2, ref: str = "") -> str:
    return f"  {pin}: {{ref: {ref or pin.partition('@')[2]}, commit: 'sha1-{commit}', owner_id: {owner}, repo_id: {repo}, uses: {uses}}}\n"


def lock(pins: str, *entries: str, path: str = WORKFLOW) -> str:
    return f"version: 'v0.0.2'\nworkflows:\n  {path}: {pins}\ndependencies:\n" + "".join(entries)


def found(text: str, workflow: str = USES) -> list[str]:
    facts = next(item for kind, item in whole({WORKFLOW: workflow, LOCK: text}) if kind is Kind.ACTIONS_LOCK)
    return [what for what, _ in failing(check, facts)]


GOOD = lock("[actions/checkout@v4]", entry("actions/checkout@v4"))


def test_a_lock_that_fits_passes_and_its_actions_count_as_pinned() -> None:
    assert found(GOOD) == []
    tree = whole({WORKFLOW: USES, LOCK: GOOD})
    assert [failing(action_unpinned.check, item) for kind, item in tree if kind is Kind.WORKFLOW] == [[]]
    alone = whole({WORKFLOW: USES})
    assert [len(failing(action_unpinned.check, item)) for kind, item in alone if kind is Kind.WORKFLOW] == [1]


def test_a_workflow_that_is_not_onboarded_is_not_pinned_by_the_lock() -> None:
    tree = whole({WORKFLOW: USES, LOCK: GOOD, ".github/workflows/x.yml": USES})
    assert [len(failing(action_unpinned.check, item)) for kind, item in tree if kind is Kind.WORKFLOW] == [0, 1]


@pytest.mark.parametrize(
    ("text", "workflow", "what"),
    [
        (lock("[]"), USES, "not-pinned Actions/Checkout/sub@v4"),
        (lock("[actions/checkout@v4]"), USES, f"{WORKFLOW}: no entry for actions/checkout@v4"),
        (GOOD, USES.replace("@v4", "@v5"), "ref-changed"),
        (lock("[actions/checkout@v4]", entry("actions/checkout@v4"), entry("o/r@v1")), USES, "stale o/r@v1"),
        (lock("[actions/checkout@v4]", entry("actions/checkout@v4"), path=".github/workflows/gone.yml"), USES, "stale-workflow"),
        (lock("[actions/checkout@v4]", entry("actions/checkout@v4", uses="[o/r@v1]")), USES, "actions/checkout@v4: not locked: o/r@v1"),
        (
            lock("[actions/checkout@v4, o/r@v1]", entry("actions/checkout@v4"), entry("o/r@v1", repo=3)),
            USES + "      - uses: o/r@v1\n      - uses: ./x\n",
            "local-action ./x",
        ),
        (GOOD, USES + "      - uses: $/x@v1\n", "invalid-self-repository-ref $/x@v1"),
        (lock(f"[o/r@{SHA}]", entry(f"o/r@{SHA}", commit="f" * 40)), f"jobs: {{a: {{steps: [{{uses: o/r@{SHA}}}]}}}}", "misleading-sha"),
        (lock("[actions/checkout@v4]", entry("actions/checkout@v4", ref="v5")), USES, "actions/checkout@v4: its ref says v5"),
    ],
)
def test_each_kind_of_difference_is_told(text: str, workflow: str, what: str) -> None:
    assert any(each.startswith(what) for each in found(text, workflow)), found(text, workflow)


def test_one_repository_has_one_identity() -> None:
    text = lock("[actions/checkout@v4]", entry("actions/checkout@v4", uses="[actions/checkout@v3]"), entry("actions/checkout@v3", repo=9))
    assert found(text) == ["actions/checkout@v3: other numbers than elsewhere in the lock"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (GOOD.replace("v0.0.2", "v0.0.3"), "version 'v0.0.3' of the lock is not known"),
        ("workflows: {}\n", "version 'none'"),
        (GOOD + "extra: 1\n", "unknown key 'extra'"),
        (GOOD.replace("uses: []", "tree: x"), "unknown key 'tree'"),
        (GOOD.replace(SHA, SHA[:12]), "no full commit"),
        (GOOD.replace("owner_id: 1", "owner_id: '1'"), "owner_id of actions/checkout@v4 is not a number"),
        (GOOD.replace("dependencies:", "dependencies:\n  nothing: {}"), "not a pin"),
        ("a: [\n", "not valid YAML"),
    ],
)
def test_a_lock_that_cannot_be_read_is_unchecked_never_absent(text: str, why: str) -> None:
    facts = next(item for kind, item in whole({WORKFLOW: USES, LOCK: text}) if kind is Kind.ACTIONS_LOCK)
    assert isinstance(facts, Unchecked)
    assert why in facts.why
