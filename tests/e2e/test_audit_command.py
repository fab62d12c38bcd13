# SPDX-License-Identifier: Apache-2.0
"""The audit log by hand: checkpoints, cuts, exports in three formats, the report."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import Outcome

Guard = Callable[..., Outcome]


@pytest.fixture
def used(guard: Guard) -> Guard:
    """A store in which something was done."""
    for name in ("one", "two"):
        assert guard("keys", "create", name).code == 0
    return guard


def change_store(statement: str) -> None:
    with closing(sqlite3.connect(Path(os.environ["PIPELINE_GUARD_HOME"], "store.db"))) as connection, connection:
        connection.execute(statement)
    connection.close()


def test_what_nothing_vouches_for_is_said_until_a_checkpoint_does(used: Guard) -> None:
    assert "nothing signed vouches for what follows record 0" in used("audit", "verify").err
    assert used("audit", "checkpoint").code == 0
    done = used("audit", "verify")
    assert (done.code, done.err) == (0, "")
    assert "1 checkpoint" in done.out


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit WHERE seq > 1",
        "DELETE FROM audit WHERE seq = 2",
        "UPDATE audit SET line = replace(line, 'granted', 'denied')",
        "UPDATE checkpoints SET line = replace(line, '\"seq\":3', '\"seq\":2')",
    ],
)
def test_a_bent_store_is_found(used: Guard, statement: str) -> None:
    used("audit", "checkpoint")
    change_store(statement)
    done = used("audit", "verify")
    assert done.code == 1
    assert "pipeline-guard: error:" in done.err
    assert used("audit", "export").code == 1
    assert used("audit", "report").code == 1


def test_a_cut_together_with_the_checkpoints_is_found_by_the_token(used: Guard) -> None:
    used("audit", "checkpoint")
    change_store("DELETE FROM checkpoints")
    change_store("DELETE FROM audit WHERE seq > 1")
    done = used("audit", "verify")
    assert done.code == 1
    assert "the token remembers" in done.err


def test_two_stores_on_one_token_do_not_meet(used: Guard, tmp_path: Path) -> None:
    used("audit", "checkpoint")
    home = Path(os.environ["PIPELINE_GUARD_HOME"])
    (home / "store.db").rename(tmp_path / "first.db")
    for extra in home.glob("store.db-*"):
        extra.unlink()
    assert used("keys", "create", "other").code == 0
    assert used("audit", "verify").code == 0


def test_an_export_verifies_anywhere_and_a_shortened_one_nowhere(used: Guard, tmp_path: Path) -> None:
    assert used("audit", "export", "--output", "log.jsonl").code == 0
    assert used("keys", "export-public", "audit", "--output", "audit.pem").code == 0
    content = (tmp_path / "log.jsonl").read_bytes().splitlines(keepends=True)
    elsewhere = {"PIPELINE_GUARD_HOME": str(tmp_path / "elsewhere")}
    assert used("audit", "verify", "log.jsonl", "--key", "audit.pem", env=elsewhere).code == 0
    assert used("audit", "verify", "log.jsonl", env=elsewhere).code == 1
    for number in range(len(content)):
        (tmp_path / "cut.jsonl").write_bytes(b"".join(content[:number]))
        assert used("audit", "verify", "cut.jsonl", "--key", "audit.pem", env=elsewhere).code == (1 if number else 3)


def test_checkpoints_come_by_themselves(used: Guard) -> None:
    from pipeline_guard.adapters.clock import SystemClock
    from pipeline_guard.adapters.sql.state import SqlState
    from pipeline_guard.model.event import AuditEvent

    state = SqlState.open(os.environ["PIPELINE_GUARD_HOME"])
    for number in range(70):
        state.write(AuditEvent(SystemClock().now(), "user:ada", "test", str(number), "granted"))
    assert used("keys", "create", "another").code == 0
    assert state.head().vouched >= 64


def test_other_formats_and_the_report(used: Guard) -> None:
    assert used("audit", "export", "--format", "cef").out.startswith("CEF:0|pipeline-guard|")
    logs = json.loads(used("audit", "export", "--format", "otlp").out)["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    assert [log["eventName"] for log in logs][:2] == ["key.create", "key.create"]
    found = json.loads(used("audit", "report", "--format", "json").out)
    assert found["schema"] == "pipeline-guard/audit-report/v1"
    assert {use["action"] for use in found["uses"]} == {"key.create", "audit.export"}
    assert "pipeline_guard_audit_records_total{" in used("audit", "report", "--format", "prometheus").out
    assert "| times | denied |" in used("audit", "report", "--format", "markdown").out


def test_export_whose_line_ends_were_converted_is_the_same_log(used: Guard, tmp_path: Path) -> None:
    assert used("audit", "export", "--output", "log.jsonl").code == 0
    content = (tmp_path / "log.jsonl").read_bytes()
    (tmp_path / "other.jsonl").write_bytes(content.replace(b"\n", b"\r\n"))
    assert used("audit", "verify", "other.jsonl").out == used("audit", "verify", "log.jsonl").out
    (tmp_path / "other.jsonl").write_bytes(content.replace(b"granted", b"denied", 1).replace(b"\n", b"\r\n"))
    assert used("audit", "verify", "other.jsonl").code == 1


def test_log_is_not_called_whole_where_the_token_does_not_answer(used: Guard) -> None:
    assert used("audit", "checkpoint").code == 0
    folder = Path(os.environ["PIPELINE_GUARD_HOME"], "tokens")
    folder.rename(folder.with_name("elsewhere"))
    done = used("audit", "verify")
    assert (done.code, done.out.startswith("ok"), "the token was not asked" in done.err) == (6, False, True), done
    folder.with_name("elsewhere").rename(folder)
    assert used("audit", "verify").code == 0
