# SPDX-License-Identifier: Apache-2.0
"""``scan``, ``rules`` and ``explain`` as processes of their own: exit codes, files, and never a value."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline_guard.scan.sample import expand
from tests.conftest import Outcome, Repository

TOKEN = expand("ghp_{crc62:30}")
Guard = Callable[..., Outcome]


def findings(outcome: Outcome) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(outcome.out)["findings"]
    return found


def test_finding_is_exit_one_and_shows_no_value(guard: Guard, repository: Repository) -> None:
    repository.commit(files={"a.txt": f"token={TOKEN}"})
    for form in ("text", "json", "jsonl", "sarif", "gitlab", "codequality", "junit", "csv", "markdown", "github"):
        done = guard("scan", "--format", form, cwd=repository.path)
        assert done.code == 1, done.err
        assert TOKEN[4:] not in done.out + done.err
    for path in Path(os.environ["PIPELINE_GUARD_HOME"]).rglob("*"):
        assert not path.is_file() or TOKEN[4:].encode() not in path.read_bytes()


def test_clean_tree_is_exit_zero(guard: Guard, repository: Repository) -> None:
    repository.commit(files={"a.txt": "nothing to see"})
    assert guard("scan", cwd=repository.path).code == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("scan", "--range", "HEAD..HEAD"), 3),
        (("scan", "--range", "0000000000000000000000000000000000000000..HEAD"), 3),
        (("scan", "--range", "nowhere..HEAD"), 3),
        (("scan", "--range", "HEAD"), 2),
        (("scan", "--staged"), 3),
        (("scan", "--stdin"), 3),
        (("scan", "--stdin", "--history"), 2),
        (("scan", "missing.txt"), 2),
        (("scan", "--max-file-size", "lots"), 2),
        (("scan", "--baseline", "missing.json"), 2),
        (("scan", "--rules", "missing.yml"), 2),
        (("scan", "--exclude", "*"), 3),
        (("scan", "--max-file-size", "3"), 6),
        (("scan", "--max-file-size", "3", "--allow-unchecked"), 0),
        (("explain", "github-tokn"), 2),
    ],
)
def test_every_ending_has_its_code_and_says_what_to_do(guard: Guard, repository: Repository, words: tuple[str, ...], code: int) -> None:
    repository.commit(files={"a.txt": "a", "big.txt": "larger"})
    done = guard(*words, cwd=repository.path)
    assert done.code == code, done.err
    assert "Traceback" not in done.err
    if code in (2, 3):
        assert done.err.startswith("pipeline-guard: error: ")


def test_threshold_decides_what_fails(guard: Guard, tmp_path: Path) -> None:
    mutated = TOKEN[:-1] + ("0" if TOKEN[-1] != "0" else "1")
    (tmp_path / "a.txt").write_text(mutated)
    done = guard("scan", "--format", "json", "a.txt")
    assert (done.code, findings(done)[0]["confidence"], findings(done)[0]["severity"]) == (0, "contradicted", "info")
    assert guard("scan", "--threshold", "info", "a.txt").code == 1


def test_stdin_is_read(guard: Guard) -> None:
    done = guard("scan", "--stdin", "--format", "json", stdin=f"x {TOKEN}")
    assert done.code == 1
    assert [(one["path"], one["column"]) for one in findings(done)] == [("stdin", 3)]


def test_staged_history_and_range_find_what_is_theirs(guard: Guard, repository: Repository) -> None:
    base = repository.commit(files={"a.txt": "a"})
    leak = repository.commit(files={"leak.txt": TOKEN})
    repository.commit(files={"leak.txt": "gone"})
    assert guard("scan", cwd=repository.path).code == 0
    for words in (("--history",), ("--range", f"{base}..HEAD")):
        done = guard("scan", "--format", "json", *words, cwd=repository.path)
        assert done.code == 1
        assert [one["commit"] for one in findings(done)] == [leak]
    repository.write("staged.txt", TOKEN)
    repository.git("add", "-A")
    repository.write("staged.txt", "not in the work tree any more")
    assert guard("scan", "--staged", cwd=repository.path).code == 1


def test_baseline_is_written_then_counts(guard: Guard, repository: Repository) -> None:
    repository.commit(files={"a.txt": TOKEN})
    assert guard("scan", "--write-baseline", "known.json", cwd=repository.path).code == 0
    done = guard("scan", "--baseline", "known.json", "--format", "json", cwd=repository.path)
    assert (done.code, [one["status"] for one in findings(done)]) == (0, ["baseline"])
    other = guard("scan", "--baseline", "known.json", cwd=repository.path, env={"PIPELINE_GUARD_FINGERPRINT_KEY": "k" * 32})
    assert other.code == 2
    assert "PIPELINE_GUARD_FINGERPRINT_KEY" in other.err


def test_change_under_review_cannot_bring_its_own_baseline_or_configuration(guard: Guard, repository: Repository) -> None:
    base = repository.commit(files={"a.txt": "a", ".pipeline-guard.yml": "version: 1\nscan:\n  baseline: known.json\n"})
    repository.commit(files={"leak.txt": TOKEN})
    guard("scan", "--write-baseline", "known.json", cwd=repository.path)
    repository.commit(files={".pipeline-guard.yml": "version: 1\nscan:\n  exclude: ['*']\n  baseline: known.json\n"})
    assert guard("scan", "--range", f"{base}..HEAD", cwd=repository.path).code == 1
    assert guard("scan", cwd=repository.path).code == 3, "the work tree's own configuration leaves everything out"


def test_rules_are_listed_checked_and_explained(guard: Guard, tmp_path: Path) -> None:
    listed = guard("rules", "list", "--format", "json")
    assert len(json.loads(listed.out)["rules"]) >= 90
    assert guard("rules", "check").code == 0
    (tmp_path / "own.yml").write_text(
        "rules:\n- {id: acme-token, title: t, severity: low, pattern: 'acme_[a-z]{12}', source: s, hint: h, examples: ['acme_1']}\n"
    )
    done = guard("rules", "check", "--rules", "own.yml")
    assert (done.code, "acme-token: example 1 is not found" in done.out) == (1, True)
    (tmp_path / "own.yml").write_text("rules:\n- {id: acme-token, titel: t}\n")
    done = guard("rules", "check", "--rules", "own.yml")
    assert (done.code, "own.yml:2: unknown key titel" in done.err, "did you mean title?" in done.err) == (2, True, True)
    shown = guard("explain", "github-token")
    assert (shown.code, "what to do" in shown.out) == (0, True)


def test_home_that_cannot_be_written_is_said_and_no_failure(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TOKEN)
    (tmp_path / "file").write_text("")
    done = guard("scan", "a.txt", env={"PIPELINE_GUARD_HOME": str(tmp_path / "file" / "home")})
    assert done.code == 1
    assert "for this run only" in done.err


def test_our_own_repository_is_clean(guard: Guard) -> None:
    root = Path(__file__).parents[2]
    done = guard("scan", cwd=root)
    assert done.code == 0, done.out
