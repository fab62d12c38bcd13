# SPDX-License-Identifier: Apache-2.0
"""gate as a command: exit codes, forms, where its policy comes from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.gate.pickles import gadget

ROOT = Path(__file__).parents[2]
HASHED = f"a==1 --hash=sha256:{'a' * 64}\n"


def verdict(outcome: Any) -> Any:
    return json.loads(outcome.out)


def test_clean_tree_ends_with_0_and_names_its_policy(guard: Callable[..., Any], repository: Any) -> None:
    repository.commit("start", {"requirements.txt": HASHED})
    done = guard("gate", "--format", "json", cwd=repository.path)
    assert done.code == 0, done.err
    document = verdict(done)
    assert (document["verdict"], document["policy"]["source"]) == ("allow", "defaults")
    assert len(document["policy"]["digest"]) == 64
    kept = ("malicious-package", "vulnerable-package")  # no database is named here
    looked_up = {*kept, "package-altered", "package-unpublished", "package-withdrawn", "provenance-lost"}  # and no network
    assert {check["status"] for check in document["checks"] if check["id"] not in looked_up} == {"pass"}


def test_block_ends_with_1_and_says_where_why_and_what_to_do(guard: Callable[..., Any], repository: Any) -> None:
    repository.commit("start", {"requirements.txt": "a\n", "m.bin": gadget()})
    done = guard("gate", cwd=repository.path)
    assert done.code == 1
    assert "requirements.txt:1" in done.out
    assert "fix: " in done.out
    assert "builtins.eval" in done.out
    assert "Traceback" not in done.err


def test_incomplete_ends_with_6_until_policy_allows_it(guard: Callable[..., Any], repository: Any) -> None:
    repository.commit("start", {".gitlab-ci.yml": "a: [\n"})
    assert guard("gate", cwd=repository.path).code == 6
    repository.write(".pipeline-guard.yml", "version: 1\ngate:\n  allow-unchecked: [include-unpinned]\n")
    done = guard("gate", "--format", "json", cwd=repository.path)
    assert (done.code, verdict(done)["policy"]["source"]) == (0, "work tree")


def test_with_base_the_merge_targets_policy_counts(guard: Callable[..., Any], repository: Any) -> None:
    repository.commit("start", {"readme.txt": "x"})
    repository.git("switch", "-q", "-c", "topic")
    repository.commit("excuse", {"requirements.txt": "a==1\n", ".pipeline-guard.yml": "version: 1\ngate:\n  exclude: [requirements.txt]\n"})
    assert guard("gate", cwd=repository.path).code == 0
    done = guard("gate", "--base", "main", "--format", "json", cwd=repository.path)
    assert (done.code, verdict(done)["policy"]["source"]) == (1, "defaults")
    repository.git("switch", "-q", "main")
    repository.commit("policy", {".pipeline-guard.yml": "version: 1\n"})
    repository.git("switch", "-q", "topic")
    assert (
        verdict(guard("gate", "--base", "main", "--format", "json", cwd=repository.path))["policy"]["source"] == "main:.pipeline-guard.yml"
    )


def test_waiver_is_honoured_and_an_expired_one_is_not(guard: Callable[..., Any], repository: Any) -> None:
    repository.commit("start", {"requirements.txt": "a==1\n"})
    for until, code in (("2999-01-01", 0), ("2020-01-01", 1)):
        repository.write(
            ".pipeline-guard.yml",
            f"version: 1\ngate:\n  waive:\n    - {{check: requirement-unhashed, reason: old, owner: ada, until: {until}}}\n",
        )
        done = guard("gate", cwd=repository.path)
        assert done.code == code, done.err


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ("version: 1\ngate:\n  waive:\n    - {check: nonsense, reason: r, owner: o, until: 2999-01-01}\n", "no check is called 'nonsense'"),
        ("version: 1\ngate:\n  exclud: []\n", "unknown key exclud"),
        ("version: 1\ngate:\n  allow-unchecked: pickle-unsafe\n", "a text stands where a list belongs"),
    ],
)
def test_policy_that_cannot_be_meant_ends_with_2(guard: Callable[..., Any], repository: Any, config: str, says: str) -> None:
    repository.commit("start", {".pipeline-guard.yml": config})
    done = guard("gate", cwd=repository.path)
    assert done.code == 2
    assert says in done.err.lower() or says in done.err


def test_nothing_to_look_at_ends_with_3_and_unknown_base_with_2(guard: Callable[..., Any], repository: Any) -> None:
    assert guard("gate", cwd=repository.path).code == 3
    repository.commit("start", {"a": "b"})
    assert guard("gate", "--base", "nowhere", cwd=repository.path).code == 2


def test_outside_a_repository_the_folder_is_judged(guard: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("a\n")
    assert guard("gate", cwd=tmp_path).code == 1


@pytest.mark.parametrize(
    "form", ["text", "json", "jsonl", "sarif", "gitlab", "gitlab-dependency", "codequality", "junit", "csv", "markdown", "github"]
)
def test_every_form_has_the_same_exit_code(guard: Callable[..., Any], repository: Any, form: str) -> None:
    repository.commit("start", {"requirements.txt": "a==1\n", "m.pkl": gadget()[:-1], ".gitlab-ci.yml": "a: ["})
    done = guard("gate", "--format", form, cwd=repository.path)
    assert done.code == 1, done.err
    assert "requirement" in done.out


def test_signing_makes_the_artifact_pass(guard: Callable[..., Any], repository: Any) -> None:
    assert guard("keys", "create", "ci", cwd=repository.path).code == 0
    assert guard("keys", "export-public", "ci", "--output", "ci.pem", cwd=repository.path).code == 0
    repository.write("dist/app", b"app")
    repository.write(".pipeline-guard.yml", "version: 1\ngate:\n  artifacts:\n    - {path: 'dist/*', key: ./ci.pem}\n")
    repository.commit("start")
    unsigned = guard("gate", cwd=repository.path)
    assert unsigned.code == 1
    assert "no bundle" in unsigned.out
    assert guard("sign", "dist/app", "--key", "ci", cwd=repository.path).code == 0
    assert guard("gate", cwd=repository.path).code == 0
    repository.write("dist/app", b"apq")
    assert guard("gate", cwd=repository.path).code == 1


def test_our_own_repository_passes_its_own_gate(guard: Callable[..., Any]) -> None:
    done = guard("gate", cwd=ROOT)
    assert done.code == 0, done.out
