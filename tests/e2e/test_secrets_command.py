# SPDX-License-Identifier: Apache-2.0
"""token, secrets, run, inject, revoke and audit as a person types them, on a real SoftHSM token."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
VALUE = "correct-horse-" + "battery-staple-42"
CONFIGURATION = "version: 1\nsecrets:\n  DB_PASSWORD: {from: db/password, ttl: 5m}\n"

Guard = Callable[..., Any]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / ".pipeline-guard.yml").write_text(CONFIGURATION)
    return folder


def test_secret_reaches_the_command_and_nothing_else(guard: Guard, project: Path) -> None:
    assert guard("token", "init", cwd=project).code == 0
    assert guard("token", "init", cwd=project).code == 0
    put = guard("secrets", "put", "db/password", stdin=VALUE + "\n", cwd=project)
    assert (put.code, put.out) == (0, f"sealed db/password version 1 ({len(VALUE)} bytes)\n")
    script = f'test "$DB_PASSWORD" = "{VALUE}" || exit 9; echo "it is $DB_PASSWORD"; printf %s "$DB_PASSWORD" | base64; exit 7'
    ran = guard("run", "--", "sh", "-c", script, cwd=project)
    assert ran.code == 7
    assert ran.out.startswith("it is ***\n***")
    for shown in (
        put,
        ran,
        guard("secrets", "list", cwd=project),
        guard("secrets", "show", "db/password", "--format", "json", cwd=project),
    ):
        assert VALUE not in shown.out + shown.err
        assert base64.b64encode(VALUE.encode()).decode()[:16] not in shown.out + shown.err
    home = Path(os.environ["PIPELINE_GUARD_HOME"])
    for path in home.rglob("*"):
        if path.is_file():
            assert VALUE.encode() not in path.read_bytes(), path


def test_audit_record_stands_before_the_command_runs(guard: Guard, project: Path) -> None:
    guard("secrets", "put", "db/password", stdin=VALUE, cwd=project)
    ran = guard("run", "--", sys.executable, "-m", "pipeline_guard", "audit", "list", "--format", "json", cwd=project, env={
        "HOME": os.environ["HOME"], "XDG_DATA_HOME": str(Path(os.environ["PIPELINE_GUARD_HOME"]).parent)})  # fmt: skip
    assert ran.code == 0
    # the child has no PIPELINE_GUARD_HOME; what counts is the log afterwards, and that granted comes before revoked
    records = json.loads(guard("audit", "list", "--format", "json", cwd=project).out)["audit-records"]
    acts = [record["action"] for record in records]
    assert acts == ["key.create", "secret.put", "secret.lease", "secret.revoke"]
    assert guard("audit", "verify", cwd=project).out.startswith("ok   4 records")


def test_without_a_record_no_secret_is_handed_out(guard: Guard, project: Path, tmp_path: Path) -> None:
    guard("secrets", "put", "db/password", stdin=VALUE, cwd=project)
    import sqlite3

    connection = sqlite3.connect(Path(os.environ["PIPELINE_GUARD_HOME"]) / "store.db")
    connection.execute("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END")
    connection.commit()
    connection.close()
    mark = tmp_path / "started"
    ran = guard("run", "--", "touch", str(mark), cwd=project)
    assert ran.code == 5
    assert "pipeline-guard: error:" in ran.err
    assert not mark.exists()


def test_second_put_is_a_new_version_and_run_takes_it(guard: Guard, project: Path) -> None:
    guard("secrets", "put", "db/password", stdin="the-old-value", cwd=project)
    assert "version 2" in guard("secrets", "put", "db/password", stdin="the-new-value", cwd=project).out
    assert guard("run", "--", "sh", "-c", '[ "$DB_PASSWORD" = the-new-value ]', cwd=project).code == 0
    assert guard("secrets", "delete", "db/password", "--now", cwd=project).out == "destroyed db/password (2 versions)\n"
    gone = guard("run", "--", "true", cwd=project)
    assert gone.code == 2
    assert "hint: pipeline-guard secrets put db/password" in gone.err


def test_swapped_rows_do_not_open(guard: Guard, project: Path) -> None:
    import sqlite3

    guard("secrets", "put", "db/password", stdin="first-value", cwd=project)
    guard("secrets", "put", "other", stdin="other-value", cwd=project)
    connection = sqlite3.connect(Path(os.environ["PIPELINE_GUARD_HOME"]) / "store.db")
    connection.execute(
        "UPDATE secrets SET ciphertext = (SELECT ciphertext FROM secrets WHERE name = 'other'),"
        " wrapped_key = (SELECT wrapped_key FROM secrets WHERE name = 'other') WHERE name = 'db/password'"
    )
    connection.commit()
    connection.close()
    ran = guard("run", "--", "true", cwd=project)
    assert ran.code == 1
    assert ran.err.startswith("pipeline-guard: error: a data key does not unwrap")


def test_inject_then_revoke_leaves_nothing(guard: Guard, project: Path, tmp_path: Path) -> None:
    guard("secrets", "put", "db/password", stdin=VALUE, cwd=project)
    job = {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "5", "GITHUB_ENV": str(tmp_path / "env"), "RUNNER_TEMP": str(tmp_path / "temp")}
    injected = guard("inject", cwd=project, env=job)
    assert injected.code == 0
    assert f"::add-mask::{VALUE}\n" in injected.out
    assert all(line.startswith("::add-mask::") for line in injected.out.splitlines())
    (path,) = (tmp_path / "temp").rglob("DB_PASSWORD")
    assert path.read_text() == VALUE
    assert VALUE not in (tmp_path / "env").read_text()
    assert "revoked 1 lease" in guard("revoke", cwd=project, env=job).err
    assert "revoked 0 leases" in guard("revoke", cwd=project, env=job).err
    assert not list((tmp_path / "temp").rglob("DB_PASSWORD"))


def test_value_cannot_come_by_argument(guard: Guard, project: Path) -> None:
    assert guard("secrets", "put", "db/password", VALUE, cwd=project).code == 2
    assert guard("secrets", "put", "db/password", stdin=b"", cwd=project).code == 3


def test_thirty_two_runs_at_once_all_succeed(guard: Guard, project: Path) -> None:
    guard("secrets", "put", "db/password", stdin=VALUE, cwd=project)
    with ThreadPoolExecutor(32) as pool:
        done = list(pool.map(lambda _: guard("run", "--", "true", cwd=project), range(32)))
    assert [(each.code, each.err) for each in done] == [(0, "")] * 32
    assert guard("audit", "verify", cwd=project).out.startswith("ok   66 records")


def test_first_need_at_once_makes_one_token(guard: Guard, project: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda number: guard("secrets", "put", f"name-{number}", stdin=VALUE, cwd=project), range(8)))
    assert [(each.code, each.err) for each in done] == [(0, "")] * 8
    assert len(list((Path(os.environ["PIPELINE_GUARD_HOME"]) / "tokens").iterdir())) == 1
    rows = json.loads(guard("secrets", "list", "--format", "json", cwd=project).out)["secrets"]
    assert len(rows) == 8


def test_killed_run_leaves_a_lease_that_expires_and_a_whole_log(guard: Guard, project: Path) -> None:
    guard("secrets", "put", "db/password", stdin=VALUE, cwd=project)
    ours = subprocess.Popen(
        [sys.executable, "-m", "pipeline_guard", "run", "--", "sh", "-c", "echo ready; sleep 1"],
        cwd=project, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert ours.stdout is not None
    assert ours.stdout.readline() == b"ready\n"
    ours.kill()
    ours.wait(20)
    ours.stdout.close()
    time.sleep(1.1)
    assert guard("run", "--", "true", cwd=project).code == 0
    assert guard("audit", "verify", cwd=project).code == 0


def test_exported_log_verifies_and_a_changed_one_does_not(guard: Guard, project: Path, tmp_path: Path) -> None:
    guard("secrets", "put", "db/password", stdin=VALUE, cwd=project)
    log = tmp_path / "log.jsonl"
    assert guard("audit", "export", "--output", str(log), cwd=project).code == 0
    assert guard("audit", "verify", str(log), cwd=project).code == 0
    log.write_bytes(log.read_bytes().replace(b'"granted"', b'"refused"', 1))
    changed = guard("audit", "verify", str(log), cwd=project)
    assert (changed.code, changed.err.splitlines()[0]) == (1, "pipeline-guard: error: audit record 1 was changed")
