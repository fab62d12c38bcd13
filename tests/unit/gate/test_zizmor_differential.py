# SPDX-License-Identifier: Apache-2.0
"""Crafted workflows, judged by zizmor and by us: where the two differ, the reason is written here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline_guard.adapters.zizmor import Zizmor
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.registry import RULES
from tests.unit.gate.checking import PLAIN, SHA, whole

# Our check for each audit of zizmor, as far as both look for the same.
SAME = {
    "artipacked": {"credentials-persisted", "credentials-kept"},
    "bot-conditions": {"condition-bot"},
    "cache-poisoning": {"cache-tainted"},
    "dangerous-triggers": {"untrusted-checkout", "permissions-excessive"},
    "excessive-permissions": {"permissions-excessive", "permissions-missing"},
    "github-env": {"environment-injection", "artifact-untrusted"},
    "overprovisioned-secrets": {"secrets-exposed"},
    "secrets-inherit": {"secrets-inherited"},
    "template-injection": {"expression-injection"},
    "unpinned-images": {"image-unpinned"},
    "unpinned-uses": {"action-unpinned"},
    "unsound-condition": {"condition-unsound"},
    "unsound-contains": {"condition-unsound"},
}
HEAD = "permissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
CHECKOUT = f"      - uses: actions/checkout@{SHA}\n        with: {{persist-credentials: false, ref: '${{{{ github.event.pull_request.head.sha }}}}'}}\n      - run: make\n"
BOTH = {
    "template-injection": f"on: issues\n{HEAD}      - run: echo ${{{{ github.event.issue.title }}}}\n",
    "unpinned-uses": f"on: push\n{HEAD}      - uses: other/action@v1\n",
    "secrets-inherit": f"on: push\npermissions: {{}}\njobs: {{a: {{uses: o/r/.github/workflows/w.yml@{SHA}, secrets: inherit}}}}\n",
    "overprovisioned-secrets": f"on: push\n{HEAD}      - run: x\n        env: {{A: '${{{{ toJSON(secrets) }}}}'}}\n",
    "bot-conditions": f"on: pull_request_target\n{HEAD}      - run: x\n        if: github.actor == 'dependabot[bot]'\n",
    "unsound-contains": f"on: push\n{HEAD}      - run: x\n        if: contains('refs/heads/main refs/heads/x', github.ref)\n",
    "unsound-condition": f"on: push\n{HEAD}      - run: x\n        if: |\n          ${{{{ github.ref == 'x' }}}}\n",
    "unpinned-images": "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    container: node\n    steps: [{run: x}]\n",
    "excessive-permissions": "on: push\npermissions: {}\njobs:\n  a:\n    permissions: write-all\n    runs-on: x\n    steps: [{run: x}]\n",
    "artipacked": f"on: push\n{HEAD}      - uses: actions/checkout@{SHA}\n",
    "dangerous-triggers": f"on: pull_request_target\n{HEAD}{CHECKOUT}",
}
# What zizmor's default persona reports and we let pass, and why.
THEIRS_ALONE = {
    "dangerous-triggers": (
        f"on: pull_request_target\n{HEAD}      - run: gh pr comment 1 --body x\n",
        "the trigger is dangerous only with the pull request's code",
    ),
    "github-env": (
        f'on: pull_request_target\n{HEAD}      - run: echo "A=$(date)" >> $GITHUB_ENV\n        shell: bash\n',
        "the text written is nobody else's",
    ),
}
# What we report and zizmor passes, and why.
OURS_ALONE = {
    "expression-injection": (
        f"on: issues\n{HEAD}      - run: eval \"$T\"\n        env: {{T: '${{{{ github.event.issue.title }}}}'}}\n",
        "a shell reads the variable again as code",
    ),
    "gate-softened": (f"on: push\n{HEAD}      - run: pipeline-guard gate || true\n", "our own steps"),
    "runner-self-hosted": (
        "on: pull_request\npermissions: {}\njobs: {a: {runs-on: self-hosted, steps: [{run: x}]}}\n",
        "an audit of its pedantic persona",
    ),
    "script-downloaded": (f"on: push\n{HEAD}      - run: curl -s https://h.example/i.sh | sh\n", "what a step runs is not its subject"),
    "secrets-exposed": (f"on: push\n{HEAD}      - run: x\n        if: toJSON(secrets) != ''\n", "a condition, where it looks at values"),
}


def ours(text: str) -> set[str]:
    tree = whole({".github/workflows/w.yml": text})
    return {
        rule.id for rule in RULES for kind, item in tree if kind is rule.kind and kind is not Kind.PIN and list(rule.check(item, PLAIN))
    }


def theirs(text: str, folder: Path) -> set[str]:
    place = folder / ".github" / "workflows" / "w.yml"
    place.parent.mkdir(parents=True)
    place.write_text(text)
    return {rule for _, _, rule, _, _ in Zizmor(os.environ).look(str(folder))}


@pytest.mark.parametrize("audit", BOTH)
def test_both_see_the_same_weakness(audit: str, tmp_path: Path) -> None:
    assert audit in theirs(BOTH[audit], tmp_path)
    assert ours(BOTH[audit]) & SAME[audit]


@pytest.mark.parametrize("audit", THEIRS_ALONE)
def test_what_only_zizmor_reports_is_a_choice_of_ours(audit: str, tmp_path: Path) -> None:
    text, _why = THEIRS_ALONE[audit]
    assert audit in theirs(text, tmp_path)
    assert not ours(text) & SAME[audit]


@pytest.mark.parametrize("check", OURS_ALONE)
def test_what_only_we_report_is_known(check: str, tmp_path: Path) -> None:
    text, _why = OURS_ALONE[check]
    assert check in ours(text)
    assert not [audit for audit in theirs(text, tmp_path) if check in SAME.get(audit, set())]


def test_an_action_that_a_lock_pins_is_unpinned_to_zizmor_alone(tmp_path: Path) -> None:
    text = f"on: push\n{HEAD}      - uses: other/action@v1\n"
    lock = (
        "version: 'v0.0.2'\nworkflows: {.github/workflows/w.yml: [other/action@v1]}\n"
        f"dependencies: {{other/action@v1: {{ref: v1, commit: sha1-{SHA}, owner_id: 1, repo_id: 2, uses: []}}}}\n"
    )
    assert "unpinned-uses" in theirs(text, tmp_path)
    tree = whole({".github/workflows/w.yml": text, ".github/workflows/actions.lock": lock})
    unpinned = next(rule for rule in RULES if rule.id == "action-unpinned")
    assert [list(unpinned.check(item, PLAIN)) for kind, item in tree if kind is Kind.WORKFLOW] == [[]]
