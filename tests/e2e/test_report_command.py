# SPDX-License-Identifier: Apache-2.0
"""``report`` over real results and a real store."""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import Outcome, Repository

Guard = Callable[..., Outcome]


@pytest.fixture
def used(guard: Guard, repository: Repository) -> tuple[Guard, Path, str]:
    """A repository with results in results/, and a store in which a secret was used and a file signed."""
    folder, value = repository.path, f"v{secrets.token_hex(12)}"
    repository.commit(
        files={"requirements.txt": "requests\n", ".pipeline-guard.yml": "version: 1\nsecrets:\n  KEY: {from: shop/db}\n", "a.bin": "a"}
    )
    (folder / "results").mkdir()
    assert guard("secrets", "put", "shop/db", cwd=folder, stdin=value).code == 0
    assert guard("run", "--", "true", cwd=folder).code == 0
    assert guard("keys", "create", "release", cwd=folder).code == 0
    assert guard("sign", "a.bin", "--key", "release", cwd=folder).code == 0
    verified = guard("verify", "a.bin", "--key", "release", "--format", "json", cwd=folder)
    (folder / "results/verify.json").write_text(verified.out)
    assert guard("scan", "--output", "results/scan.json", cwd=folder).code == 0
    assert guard("gate", "--output", "results/gate.json", cwd=folder).code == 1
    return guard, folder, value


def test_the_page_tells_of_results_and_store_and_holds_no_value(used: tuple[Guard, Path, str]) -> None:
    guard, folder, value = used
    done = guard("report", "results", "--output", "r.html", "--output", "r.md", "--output", "r.json", cwd=folder)
    assert (done.code, done.out) == (0, "")
    page, markdown, document = ((folder / name).read_text() for name in ("r.html", "r.md", "r.json"))
    for text in (page, markdown, document):
        assert value not in text
        assert "requirement-unhashed" in text.replace("&#45;", "-")
        assert "shop/db" in text
        assert "release" in text
    facts = json.loads(document)
    assert facts["answer"] == "no"
    assert [each["kind"] for each in facts["results"]] == ["gate", "scan", "verify"]
    assert facts["leases_over_time"]["series"] == ["granted", "denied"]
    assert facts["signatures_over_time"]["series"] == ["release"]
    assert facts["signatures"][0]["verified"] is True


def test_a_bent_log_is_refused_in_one_line(used: tuple[Guard, Path, str]) -> None:
    guard, folder, _ = used
    with closing(sqlite3.connect(Path(os.environ["PIPELINE_GUARD_HOME"], "store.db"))) as connection, connection:
        connection.execute("UPDATE audit SET line = replace(line, 'granted', 'denied')")
    connection.close()
    done = guard("report", "results", "--output", "r.html", cwd=folder)
    assert done.code == 1
    assert done.err.count("\n") == 2
    assert "audit record 1 was changed" in done.err
    assert not (folder / "r.html").exists()


def test_without_a_store_results_are_enough_and_none_is_made(guard: Guard, repository: Repository) -> None:
    repository.commit(files={"a.py": "x = 1\n"})
    guard("gate", "--output", "gate.json", cwd=repository.path)
    done = guard("report", "gate.json", "--format", "markdown", cwd=repository.path)
    assert done.code == 0
    assert done.out.startswith("# pipeline-guard report\n")
    assert not Path(os.environ["PIPELINE_GUARD_HOME"], "store.db").exists()


def test_without_anything_there_is_nothing_to_report(guard: Guard, tmp_path: Path) -> None:
    done = guard("report", cwd=tmp_path)
    assert (done.code, done.out) == (3, "")
    assert "there is nothing to report on" in done.err


@pytest.mark.parametrize(
    "content", ["", "[]", '{"schema": "x"}', "[" * 50_000, "\x00", '{"schema": "pipeline-guard/verdict/v1", "checks": 3}']
)
def test_a_named_file_that_is_no_result_is_one_line(guard: Guard, tmp_path: Path, content: str) -> None:
    (tmp_path / "r.json").write_text(content)
    done = guard("report", "r.json", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("pipeline-guard: error: r.json")
    assert done.err.count("\n") == 2


def test_in_a_folder_what_is_no_result_is_told_in_the_report(used: tuple[Guard, Path, str]) -> None:
    guard, folder, _ = used
    (folder / "results/other.json").write_text('{"a": 1}')
    done = guard("report", "results", "--format", "json", cwd=folder)
    assert [item["path"] for item in json.loads(done.out)["missing"]] == ["results/other.json"]


@pytest.mark.parametrize("words", [["missing.json"], ["empty"], [".", "--output", "html="]])
def test_what_cannot_be_read_or_written_is_one_line(guard: Guard, tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "empty").mkdir()
    done = guard("report", *words, cwd=tmp_path)
    assert done.code in (2, 3)
    assert done.err.count("\n") == 2


def test_a_page_is_not_thrown_at_a_terminal(tmp_path: Path) -> None:
    done = subprocess.run(
        ["script", "-qec", "python3 -m pipeline_guard report; exit $?", "/dev/null"],
        cwd=tmp_path,
        capture_output=True,
        env={**os.environ, "PATH": f"{Path(os.sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(Path(__file__).parents[2])},
        timeout=60,
    )
    assert done.returncode == 2
    assert b"an HTML page is not for a terminal" in done.stdout
