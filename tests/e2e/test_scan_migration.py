# SPDX-License-Identifier: Apache-2.0
"""Moving over from another scanner, and suppressions that neither hide what is new nor break with history."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pipeline_guard.scan.sample import expand
from tests.conftest import Outcome, Repository

TOKEN, OTHER = expand("ghp_{crc62:30}", "one"), expand("ghp_{crc62:30}", "two")
MARK = "pipeline-guard:" + "allow"
Guard = Callable[..., Outcome]


def schema(kind: str) -> Draft202012Validator:
    found = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / f"{kind}.v1.json").read_text())
    Draft202012Validator.check_schema(found)
    return Draft202012Validator(found)


def statuses(outcome: Outcome) -> list[tuple[str, str]]:
    return sorted((one["path"], one["status"]) for one in json.loads(outcome.out)["findings"])


IGNORES: dict[str, tuple[str, str]] = {
    "gitleaks ignore file": (".gitleaksignore", "a.txt:github-pat:1\nnowhere.txt:github-pat:1\n"),
    "gitleaks report": ("leaks.json", json.dumps([{"RuleID": "x", "File": "gone.txt", "StartLine": 9, "Secret": TOKEN}])),
    "detect-secrets": (
        ".secrets.baseline",
        json.dumps({"results": {"a.txt": [{"hashed_secret": hashlib.sha1(TOKEN.encode(), usedforsecurity=False).hexdigest()}]}}),
    ),
    "kingfisher": ("king.yml", "ExactFindings:\n  matches:\n  - filepath: a.txt\n    fingerprint: '1'\n    linenum: 1\n"),
}


@pytest.mark.parametrize("case", IGNORES)
def test_list_of_another_scanner_becomes_a_baseline_of_ours(guard: Guard, repository: Repository, case: str) -> None:
    name, content = IGNORES[case]
    repository.write(name, content)
    repository.write(".pipeline-guard.yml", f"version: 1\nscan:\n  exclude: ['{name}', known.json]\n")
    repository.commit(files={"a.txt": f"{TOKEN}\n", "b.txt": f"\n{OTHER}\n"})
    done = guard("scan", "--import-baseline", name, "--write-baseline", "known.json", "--format", "json", cwd=repository.path)
    assert (done.code, statuses(done)) == (1, [("a.txt", "baseline"), ("b.txt", "new")]), done.err
    assert "1 findings of this scan are known there" in done.err
    written = json.loads((repository.path / "known.json").read_text())
    schema("baseline").validate(written)
    assert len(written["findings"]) == 1, "what is new does not become known on the way"
    repository.git("mv", "a.txt", "moved.txt")
    moved = guard("scan", "--baseline", "known.json", "--format", "json", cwd=repository.path)
    assert statuses(moved) == [("b.txt", "new"), ("moved.txt", "baseline")]
    assert guard("scan", "--import-baseline", "missing", cwd=repository.path).code == 2


def test_baseline_survives_moves_squash_and_rebase_and_a_changed_value_counts(guard: Guard, repository: Repository) -> None:
    root = repository.commit(files={"base": "b"})
    repository.git("checkout", "-qb", "topic")
    repository.commit(files={"a.txt": f"x\ntoken = {TOKEN}\n"})
    repository.commit(files={"c.txt": "more"})
    assert guard("scan", "--history", "--write-baseline", "../known.json", cwd=repository.path).code == 0
    known = repository.path.parent / "known.json"
    assert TOKEN not in known.read_text()
    repository.git("mv", "a.txt", "moved.txt")
    repository.commit("move", {"moved.txt": f"\n\n\nkey: '{TOKEN}'\n"})
    repository.git("checkout", "-q", "main")
    repository.commit(files={"unrelated": "u"})
    repository.git("checkout", "-q", "topic")
    repository.git("rebase", "-q", "main")
    for prepare in ((), ("reset", "-q", "--soft", root)):
        if prepare:
            repository.git(*prepare)
            repository.commit("squashed")
        done = guard("scan", "--history", "--baseline", str(known), "--format", "json", cwd=repository.path)
        assert (done.code, {status for _, status in statuses(done)}) == (0, {"baseline"})
    repository.commit(files={"moved.txt": f"\n\n\nkey: '{OTHER}'\n"})
    done = guard("scan", "--baseline", str(known), "--format", "json", cwd=repository.path)
    assert (done.code, statuses(done)) == (1, [("moved.txt", "new")])


def test_allow_is_shown_as_allowed_and_bound_to_a_value_where_it_says_so(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"# {MARK} github-token a revoked one\n{TOKEN}\n")
    done = guard("scan", "a.txt", "--format", "json")
    assert (done.code, statuses(done)) == (0, [("a.txt", "allowed")])
    fingerprint = json.loads(done.out)["findings"][0]["fingerprint"]
    for value, code in ((TOKEN, 0), (OTHER, 1)):
        (tmp_path / "a.txt").write_text(f"# {MARK} github-token fingerprint={fingerprint[:12]} a revoked one\n{value}\n")
        assert guard("scan", "a.txt").code == code


def test_allow_that_permits_nothing_is_told(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(
        f"{TOKEN} # {MARK} github-token until=2020-01-01 it is revoked\n\nx = 1  # {MARK} github-tokn typo here\n"
    )
    done = guard("scan", "a.txt")
    assert done.code == 1
    assert f"a.txt:1: this {MARK} permits nothing: it ended on 2020-01-01" in done.err
    assert f"a.txt:3: this {MARK} permits nothing: no rule is called github-tokn, did you mean github-token?" in done.err


def test_sarif_marks_what_does_not_count_or_leaves_it_out(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"{TOKEN} # {MARK} github-token it is revoked\n\n\n{OTHER}\n")

    def results(*words: str) -> list[dict[str, Any]]:
        done = guard("scan", "a.txt", "--format", "sarif", *words)
        assert done.code == 1
        found: list[dict[str, Any]] = json.loads(done.out)["runs"][0]["results"]
        return found

    assert [len(one.get("suppressions", [])) for one in results()] == [0, 1]
    assert [len(one.get("suppressions", [])) for one in results("--sarif-suppressed", "omit")] == [0]
    both = guard("scan", "a.txt", "--sarif-suppressed", "omit", "--output", "json=a.json", "--output", "sarif=a.sarif", "--format", "csv")
    assert len(json.loads((tmp_path / "a.json").read_text())["findings"]) == 2, "only the upload is cut"
    assert len(json.loads((tmp_path / "a.sarif").read_text())["runs"][0]["results"]) == 1
    assert len(both.out.splitlines()) == 3


GITLEAKS = """
[[rules]]
id = "acme"
description = "Acme key"
regex = '''(?i)acme[_-]?key["' ]*[:=]["' ]*([a-z0-9]{20})\\b'''
keywords = ["acme"]

[[rules.allowlists]]
regexTarget = "line"
regexes = ['''# sample$''']

[[allowlists]]
paths = ['''^fixtures/''']
"""


def test_rules_and_allowlists_of_gitleaks_are_read(guard: Guard, repository: Repository) -> None:
    value = "k3j4h5g6f7d8s9a0q1w2"
    repository.write(".gitleaks.toml", GITLEAKS)
    line = f'ACME_KEY = "{value}"'
    repository.commit(
        files={"a.py": f"{line}\n", "b.py": f"{line} # sample\n", "fixtures/c.txt": f"{line}\n{TOKEN}\n", "d.py": f"x = '{value}'\n"}
    )
    done = guard("scan", "--rules", ".gitleaks.toml", "--format", "json", cwd=repository.path)
    assert done.code == 1, done.err
    found = [one for one in json.loads(done.out)["findings"] if one["rule"] in ("gitleaks-acme", "github-token")]
    assert sorted((one["path"], one["rule"], one["status"]) for one in found) == [
        ("a.py", "gitleaks-acme", "new"),
        ("fixtures/c.txt", "github-token", "allowed"),
        ("fixtures/c.txt", "gitleaks-acme", "allowed"),
    ]
    content = (repository.path / "a.py").read_text()
    (ours,) = [one for one in found if one["path"] == "a.py"]
    assert content[ours["byte_start"] : ours["byte_end"]] == value


def test_gitleaks_file_is_checked_and_its_mistakes_have_a_line(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(GITLEAKS)
    assert guard("rules", "check", "--rules", "own.toml").code == 0
    (tmp_path / ".pipeline-guard.yml").write_text("version: 1\nscan:\n  rules: [own.toml]\n")
    listed = json.loads(guard("rules", "list", "--format", "json").out)
    schema("rules").validate(listed)
    assert "gitleaks-acme" in {rule["id"] for rule in listed["rules"]}
    explained = guard("explain", "gitleaks-acme").out
    assert "a rule of gitleaks" in explained
    (tmp_path / ".pipeline-guard.yml").unlink()
    (tmp_path / "own.toml").write_text(GITLEAKS + "\n[[rules]]\nid = 'b'\nregex = '''(x+x+)+y'''\n")
    for words in (("rules", "check"), ("scan", "own.toml")):
        done = guard(*words, "--rules", "own.toml")
        assert (done.code, "own.toml:17: rule b: a repeated group" in done.err) == (2, True), done.err


@pytest.mark.parametrize(
    ("pattern", "why"),
    [("a{1,20}(", "not a usable regular expression"), ("(a+)+b", "for ever"), ("x" * 2001, "longer than 2000"), ("a*", "empty text")],
)
def test_pattern_that_cannot_be_used_is_refused_with_file_and_line(guard: Guard, tmp_path: Path, pattern: str, why: str) -> None:
    (tmp_path / "own.yml").write_text(
        f"rules:\n- id: acme-token\n  title: t\n  severity: low\n  pattern: '{pattern}'\n  source: s\n  hint: h\n  examples: ['a']\n"
    )
    done = guard("scan", "own.yml", "--rules", "own.yml")
    assert (done.code, "own.yml:5: acme-token: " in done.err, why in done.err) == (2, True, True), done.err
