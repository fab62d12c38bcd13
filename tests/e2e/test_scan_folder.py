# SPDX-License-Identifier: Apache-2.0
"""``.pipeline-guard/``: a repository's baseline, rules and policy count without being named, and for a range as they are in its base."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from pipeline_guard.errors import ExitCode
from pipeline_guard.scan.sample import expand
from tests.conftest import Repository

Guard = Callable[..., Any]
_RULES = """rules:
  - id: house-number
    title: House number
    severity: high
    keywords: [house_]
    pattern: '\\b(house_[0-9]{6})\\b'
    examples: ["x = house_123456"]
    counterexamples: ["x = house_12"]
    source: https://example.com/numbers
    hint: do not
"""


@pytest.fixture
def leaking(repository: Repository) -> Repository:
    repository.commit(files={"leak.py": f"token = '{expand('ghp_{crc62:30}')}'\n"})
    return repository


def test_baseline_of_the_repository_counts_unnamed_and_can_be_written_anew(leaking: Repository, guard: Guard) -> None:
    there = leaking.path / ".pipeline-guard/baseline.json"
    there.parent.mkdir()
    assert guard("scan", cwd=leaking.path).code == ExitCode.NO
    assert guard("scan", "--write-baseline", str(there), cwd=leaking.path).code == ExitCode.CLEAN
    (leaking.path / "sub").mkdir()
    assert guard("scan", cwd=leaking.path / "sub").code == ExitCode.CLEAN
    assert guard("scan", "--baseline", "none.json", cwd=leaking.path).code == ExitCode.USAGE, "what is named is meant"
    there.write_text("{}")
    assert guard("scan", cwd=leaking.path).code == ExitCode.USAGE
    assert guard("scan", "--write-baseline", str(there), cwd=leaking.path).code == ExitCode.CLEAN


def test_change_does_not_bring_its_own_baseline(leaking: Repository, guard: Guard) -> None:
    base = leaking.commit(files={"a.txt": "a"})
    leaking.commit(files={"second.py": f"token = '{expand('ghp_{crc62:30}', 'second')}'\n"})
    (leaking.path / ".pipeline-guard").mkdir()
    guard("scan", "--write-baseline", ".pipeline-guard/baseline.json", cwd=leaking.path)
    leaking.commit()
    assert guard("scan", cwd=leaking.path).code == ExitCode.CLEAN
    assert guard("scan", "--range", f"{base}..HEAD", cwd=leaking.path).code == ExitCode.NO
    leaking.commit(files={"third.txt": "t"})
    assert guard("scan", "--range", "HEAD~1..HEAD", cwd=leaking.path).code == ExitCode.CLEAN


def test_rules_of_the_repository_count_unnamed_and_from_the_base_of_a_range(repository: Repository, guard: Guard) -> None:
    repository.commit(files={"a.txt": "x = house_654321\n"})
    assert guard("scan", cwd=repository.path).code == ExitCode.CLEAN
    repository.commit(files={".pipeline-guard/rules/ours.yml": _RULES})
    assert guard("rules", "check", cwd=repository.path).code == ExitCode.CLEAN
    assert guard("scan", cwd=repository.path).code == ExitCode.NO
    repository.commit(files={"b.txt": "y = house_111222\n", ".pipeline-guard/rules/ours.yml": "rules: []\n"})
    assert guard("scan", "--range", "HEAD~1..HEAD", cwd=repository.path).code == ExitCode.NO


def test_rule_of_the_repository_is_explained(repository: Repository, guard: Guard) -> None:
    repository.commit(files={".pipeline-guard/rules/ours.yml": _RULES})
    done = guard("explain", "house-number", cwd=repository.path)
    assert (done.code, done.out.startswith("house-number: House number (high)")) == (ExitCode.CLEAN, True), done.err


def test_policy_folder_counts_unnamed_and_from_the_base_of_a_range(guard: Guard, repository: Repository) -> None:
    grant = {
        "name": "deploy", "issuer": "https://token.actions.githubusercontent.com", "audience": "pipeline-guard",
        "claims": {"repository_id": "1", "ref": "refs/heads/main", "event_name": "push", "runner_environment": "github-hosted"},
        "secrets": ["db"],
    }  # fmt: skip
    assert "0 grants" in guard("policy", "check", cwd=repository.path).out
    repository.write(".pipeline-guard/policy/deploy.yml", json.dumps({"version": 1, "grants": [grant]}))
    repository.write(".pipeline-guard/policy/more.yaml", json.dumps({"grants": [{**grant, "name": "second"}]}))
    repository.write(".pipeline-guard/policy/README.md", "what this is")
    (repository.path / "below").mkdir()
    for folder in (repository.path, repository.path / "below"):
        broad = json.loads(guard("policy", "check", "--format", "json", cwd=folder).out)["broad"]
        assert {one["grant"] for one in broad} == {"deploy", "second"}
    repository.write(".pipeline-guard/policy/more.yaml", json.dumps({"grunts": []}))
    done = guard("policy", "check", cwd=repository.path)
    assert (done.code, ".pipeline-guard/policy/more.yaml:1: unknown key grunts" in done.err, "grants" in done.err) == (2, True, True)
    base = repository.commit()
    repository.git("rm", "-q", ".pipeline-guard/policy/more.yaml")
    repository.commit("mended by the change itself", {"a": "a"})
    done = guard("scan", "--range", f"{base}..HEAD", cwd=repository.path)
    assert (done.code, f"{base}:.pipeline-guard/policy/more.yaml:1" in done.err) == (2, True), done.err
    assert guard("gate", "--base", base, cwd=repository.path).code == 2
