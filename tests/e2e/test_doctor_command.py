# SPDX-License-Identifier: Apache-2.0
"""``doctor`` on real set-ups: a fresh one, a used one, and broken ones."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import jsonschema
import pytest

from pipeline_guard.cli.doctor import known_variables
from tests.conftest import Outcome, Repository

Guard = Callable[..., Outcome]
ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs/schemas/diagnosis.v1.json").read_text())


def lines(done: Outcome) -> dict[str, dict[str, str]]:
    document = json.loads(done.out)
    jsonschema.validate(document, SCHEMA)
    return {line["area"]: line for line in document["lines"]}


def home() -> Path:
    return Path(os.environ["PIPELINE_GUARD_HOME"])


def test_a_fresh_machine_is_in_order_and_stays_as_it_was(guard: Guard, repository: Repository) -> None:
    done = guard("doctor", cwd=repository.path)
    assert done.code == 0, done.out
    assert done.out.endswith(" in order, 0 to fix, 0 unknown\n")
    assert not home().exists()


def test_a_used_store_is_opened_and_its_log_verified(guard: Guard, repository: Repository) -> None:
    guard("keys", "create", "release", cwd=repository.path)
    guard("audit", "checkpoint", cwd=repository.path)
    done = guard("doctor", "--format", "json", cwd=repository.path)
    found = lines(done)
    assert done.code == 0, done.out
    assert "verified, vouched for up to" in found["audit log"]["what"]
    assert "examined" in found["boundary"]["what"]


def test_what_is_wrong_is_a_fix_and_exit_1(guard: Guard, repository: Repository) -> None:
    guard("keys", "create", "release", cwd=repository.path)
    home().chmod(0o755)
    done = guard("doctor", "--format", "json", cwd=repository.path, env={"PIPELINE_GUARD_TRESHOLD": "high"})
    assert done.code == 1
    found = lines(done)
    assert found["home"]["health"] == "fix"
    assert found["home"]["fix"] == f"chmod 700 {home()}"


def test_a_bent_log_and_a_broken_store_are_lines(guard: Guard, repository: Repository) -> None:
    guard("keys", "create", "release", cwd=repository.path)
    with closing(sqlite3.connect(home() / "store.db")) as connection, connection:
        connection.execute("UPDATE audit SET line = replace(line, 'granted', 'denied')")
    connection.close()
    done = guard("doctor", "--format", "json", cwd=repository.path)
    assert done.code == 1
    assert "was changed" in lines(done)["store"]["what"]
    (home() / "store.db").write_bytes(b"no database at all" * 100)
    done = guard("doctor", "--format", "json", cwd=repository.path)
    assert done.code in (1, 6)
    assert "Traceback" not in done.err
    assert lines(done)["forge"]["health"] == "ok"


def test_a_broken_configuration_is_told_once_with_its_line(guard: Guard, repository: Repository) -> None:
    repository.write(".pipeline-guard.yml", "version: 1\nscan:\n  treshold: low\n")
    done = guard("doctor", cwd=repository.path)
    assert done.code == 1
    assert done.out.count(".pipeline-guard.yml:3: unknown key treshold") == 1
    assert "fix: did you mean threshold?" in done.out


def test_settings_are_shown_with_their_origin_and_an_address_is_not(guard: Guard, repository: Repository) -> None:
    repository.write(".pipeline-guard.yml", "version: 1\nscan: {threshold: high}\nstore: {url: 'env:STORE'}\n")
    done = guard("doctor", "--format", "json", cwd=repository.path, env={"STORE": "postgresql://nobody@127.0.0.1:1/none"})
    settings = json.loads(done.out)["settings"]
    assert settings["scan.threshold"] == "high (configuration)"
    assert settings["keys.period"] == "365d (default)"
    assert settings["store.url"] == "(hidden) (configuration)"


def test_outside_a_repository_the_rest_is_still_told(guard: Guard, tmp_path: Path) -> None:
    done = guard("doctor", "--format", "json", cwd=tmp_path)
    assert lines(done)["git"]["what"] == "not a git repository"
    assert lines(done)["home"]["health"] == "ok"


@pytest.mark.parametrize("place", ["pipeline_guard", "actions", "gitlab-templates"])
def test_every_variable_that_something_reads_is_known_to_the_doctor(place: str) -> None:
    read = set()
    for path in (ROOT / place).rglob("*"):
        if path.suffix in (".py", ".yml", ".sh", ".cjs") and path.is_file():
            read |= set(re.findall(r"\bPIPELINE_GUARD_[A-Z_]*[A-Z]\b", path.read_text()))
    assert read - known_variables() - {"PIPELINE_GUARD_SOME_FLAG"} == set()
