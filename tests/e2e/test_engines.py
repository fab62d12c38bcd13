# SPDX-License-Identifier: Apache-2.0
"""run, inject and revoke with engines, as a person types them: a real token, a real PostgreSQL server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.postgres import PostgresServer

ROOT = Path(__file__).parents[2]
Guard = Callable[..., Any]

# a job that opens a session with what it got, uses it, and says who it is; the URL's password is shown to test the output filter
JOB = """
import os, psycopg, sys
with psycopg.connect(os.environ["DB_URL"]) as connection:
    connection.execute("INSERT INTO orders VALUES (7)")
    print("user", connection.execute("SELECT current_user").fetchone()[0])
    print("sum", connection.execute("SELECT sum(id) FROM orders").fetchone()[0])
print("url", os.environ["DB_URL"])
"""


class Database:
    """A database with an account that may make roles and is no superuser, and a role to be granted."""

    def __init__(self, server: PostgresServer) -> None:
        self.url = server.database()
        self.name = self.url.rpartition("/")[2]
        self.maker = f"maker_{self.name}"
        self.writer = f"writer_{self.name}"
        self.password = os.urandom(8).hex()
        self.maker_url = f"postgresql://{self.maker}:{self.password}@127.0.0.1:{server.port}/{self.name}"
        self.ask(
            f"CREATE ROLE {self.maker} LOGIN CREATEROLE PASSWORD '{self.password}'",
            f"CREATE ROLE {self.writer} NOLOGIN",
            f"GRANT {self.writer} TO {self.maker} WITH ADMIN OPTION",
            "CREATE TABLE orders (id integer)",
            f"GRANT SELECT, INSERT ON orders TO {self.writer}",
        )

    def ask(self, *statements: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            for statement in statements:
                done = connection.execute(statement)
            return done.fetchall() if done.description else []

    def roles(self) -> list[str]:
        return [row[0] for row in self.ask("SELECT rolname FROM pg_roles WHERE rolname LIKE 'guard\\_%'")]

    def sessions(self) -> int:
        return int(self.ask("SELECT count(*) FROM pg_stat_activity WHERE usename LIKE 'guard\\_%'")[0][0])


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[Database]:
    found = Database(postgres)
    yield found
    assert found.roles() == [], "a test left a role behind"


@pytest.fixture
def project(tmp_path: Path, database: Database, guard: Guard) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    configuration = {
        "version": 1,
        "engines": {"db-role": {"kind": "postgresql", "url": "secret:db/maker", "roles": [database.writer]}},
        "secrets": {"DB_URL": {"from": "db-role", "ttl": "5m"}},
    }
    (folder / ".pipeline-guard.yml").write_text(json.dumps(configuration))
    assert guard("secrets", "put", "db/maker", stdin=database.maker_url, cwd=folder).code == 0
    return folder


def log_of(guard: Guard, project: Path) -> list[tuple[str, str]]:
    found = json.loads(guard("audit", "list", "--format", "json", cwd=project).out)
    (records,) = (value for value in found.values() if isinstance(value, list))
    return [(each["action"], each["outcome"]) for each in records if each["action"].startswith("secret.")]


def gone_within(seconds: float, database: Database) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not database.roles() and not database.sessions():
            return True
        time.sleep(0.05)
    return False


def test_job_gets_a_role_uses_it_and_it_is_gone_at_the_end(guard: Guard, project: Path, database: Database) -> None:
    ran = guard("run", "--", sys.executable, "-c", JOB, cwd=project)
    assert ran.code == 0, ran.err
    assert ran.out.splitlines()[0].startswith("user guard_")
    assert ran.out.splitlines()[1:] == ["sum 7", "url ***"]
    assert gone_within(2, database)
    assert log_of(guard, project)[1:] == [
        ("secret.lease", "granted"),
        ("secret.use", "granted"),
        ("secret.made", "done"),
        ("secret.hidden", "done"),
        ("secret.revoke", "granted"),
        ("secret.use", "granted"),
        ("secret.undo", "done"),
    ]
    verified = guard("audit", "verify", cwd=project)
    assert verified.code == 0, verified.err
    exported = guard("audit", "list", "--format", "json", cwd=project).out
    assert database.password not in exported
    assert "postgresql://" not in exported


def test_session_that_outlives_the_job_is_ended_with_it(guard: Guard, project: Path, database: Database) -> None:
    # the job leaves a process behind that holds a session open
    linger = 'import os, psycopg, time; c = psycopg.connect(os.environ["DB_URL"]); print("open", flush=True); time.sleep(60)'
    job = (
        "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', sys.argv[1]], stdout=subprocess.PIPE,"
        " stderr=subprocess.DEVNULL, start_new_session=True); p.stdout.readline(); print(p.pid)"
    )
    ran = guard("run", "--", sys.executable, "-c", job, linger, cwd=project)
    try:
        assert ran.code == 0, ran.err
        assert gone_within(2, database)
    finally:
        os.kill(int(ran.out), signal.SIGKILL)


def test_inject_and_revoke_from_another_process(guard: Guard, project: Path, database: Database) -> None:
    injected = guard("inject", "--holder", "job-1", cwd=project)
    assert injected.code == 0, injected.err
    assert len(database.roles()) == 1
    revoked = guard("revoke", "--holder", "job-1", cwd=project)
    assert (revoked.code, database.roles()) == (0, [])
    assert guard("revoke", "--holder", "job-1", cwd=project).code == 0


def test_revocation_that_fails_is_loud_and_done_later(guard: Guard, project: Path, database: Database, postgres: PostgresServer) -> None:
    assert guard("inject", "--holder", "job-1", cwd=project).code == 0
    postgres.stop()
    try:
        failed = guard("revoke", "--holder", "job-1", cwd=project)
    finally:
        postgres.start()
    assert failed.code == 5
    assert "NOT REVOKED: db-role (role guard_" in failed.err
    assert database.password not in failed.err
    time.sleep(5.5)  # the first pause
    swept = guard("revoke", "--expired", cwd=project)
    assert swept.code == 0, swept.err
    assert "undid 1 expired lease" in swept.err
    assert database.roles() == []
    outcomes = [outcome for action, outcome in log_of(guard, project) if action == "secret.undo"]
    assert outcomes == ["failed", "done"]


def test_job_that_is_killed_leaves_nothing_once_its_time_is_over(guard: Guard, project: Path, database: Database) -> None:
    text = (project / ".pipeline-guard.yml").read_text().replace('"5m"', '"4s"')
    (project / ".pipeline-guard.yml").write_text(text)
    script = "import os, psycopg, time; c = psycopg.connect(os.environ['DB_URL']); print('open', flush=True); time.sleep(60)"
    words = [sys.executable, "-m", "pipeline_guard", "run", "--", sys.executable, "-c", script]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = subprocess.Popen(words, cwd=project, env=environment, stdout=subprocess.PIPE, start_new_session=True)
    try:
        assert running.stdout is not None
        assert running.stdout.readline() == b"open\n"
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        running.stdout.close()
    assert len(database.roles()) == 1
    time.sleep(4.1)
    assert guard("revoke", "--expired", cwd=project).code == 0
    assert gone_within(2, database)


def test_two_processes_that_sweep_at_once_undo_once(guard: Guard, project: Path, database: Database) -> None:
    text = (project / ".pipeline-guard.yml").read_text().replace('"5m"', '"2s"')
    (project / ".pipeline-guard.yml").write_text(text)
    for number in range(3):
        assert guard("inject", "--holder", f"job-{number}", cwd=project).code == 0
    time.sleep(2.1)
    words = [sys.executable, "-m", "pipeline_guard", "revoke", "--expired"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    both = [subprocess.Popen(words, cwd=project, env=environment, stderr=subprocess.DEVNULL) for _ in range(2)]
    assert [each.wait(60) for each in both] == [0, 0]
    assert [outcome for action, outcome in log_of(guard, project) if action == "secret.undo"] == ["done"] * 3
    assert database.roles() == []


def other_project(folder: Path, engine: dict[str, Any], binding: dict[str, Any]) -> Path:
    folder.mkdir()
    configuration = {"version": 1, "engines": {"it": engine}, "secrets": {"IT": {"from": "it", "as": "file", **binding}}}
    (folder / ".pipeline-guard.yml").write_text(json.dumps(configuration))
    return folder


def test_ssh_certificate_for_a_key_that_never_left_the_job(guard: Guard, tmp_path: Path) -> None:
    engine = {"kind": "ssh", "key": "ssh-ca", "principals": ["deploy"], "krl": "revoked"}
    project = other_project(tmp_path / "ssh", engine, {"given": {"public-key": "job.pub"}})
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", project / "job"], check=True)
    refused = guard("run", "--", "true", cwd=project)
    assert (refused.code, "keys create ssh-ca" in refused.err) == (2, True)
    assert guard("keys", "create", "ssh-ca", cwd=project).code == 0
    script = 'cat "$IT" > cert.pub'
    ran = guard("run", "--", "sh", "-c", script, cwd=project)
    assert ran.code == 0, ran.err
    asked = subprocess.run(["ssh-keygen", "-Q", "-f", "revoked", "cert.pub"], cwd=project, capture_output=True, text=True)
    assert (asked.returncode, "REVOKED" in asked.stdout) == (1, True)
    (project / "job.pub").unlink()
    assert guard("run", "--", "true", cwd=project).code == 2


def test_jwt_says_when_it_expires_for_nobody_can_revoke_it(guard: Guard, tmp_path: Path) -> None:
    engine = {"kind": "jwt", "key": "issuer", "issuer": "https://broker.example.org", "audience": "api"}
    project = other_project(tmp_path / "jwt", engine, {})
    assert guard("keys", "create", "issuer", cwd=project).code == 0
    ran = guard("run", "--", "sh", "-c", 'cut -d. -f1 < "$IT" | wc -c', cwd=project)
    assert ran.code == 0
    assert int(ran.out) > 20
    assert "it: cannot be revoked, expires at 2" in ran.err
    assert "revoked 1" not in ran.err


def test_key_that_was_made_elsewhere_is_imported_once_and_its_file_is_to_be_destroyed(guard: Guard, tmp_path: Path) -> None:
    subprocess.run(["openssl", "genrsa", "-traditional", "-out", tmp_path / "app.pem", "2048"], check=True, capture_output=True)
    imported = guard("keys", "import", "app", "--from-file", "app.pem", cwd=tmp_path)
    assert (imported.code, imported.out) == (0, "imported app version 1 (rsa-2048, sign)\n")
    assert "app.pem is still the key: destroy it now" in imported.err
    shown = json.loads(guard("keys", "show", "app", "--format", "json", cwd=tmp_path).out)
    assert [each["why"] for each in shown["history"]] == ["imported, type rsa-2048"]
    assert guard("keys", "rotate", "app", cwd=tmp_path).code == 2
    again = guard("keys", "import", "app", "--from-file", "app.pem", cwd=tmp_path)
    assert again.out == "imported app version 2 (rsa-2048, sign)\n"
    listed = json.loads(guard("keys", "list", "--format", "json", cwd=tmp_path).out)["keys"]
    assert [(each["version"], each["state"]) for each in listed if each["name"] == "app"] == [(1, "deactivated"), (2, "active")]
    (tmp_path / "other.pem").write_text("no key\n")
    assert guard("keys", "import", "app", "--from-file", "other.pem", cwd=tmp_path).code == 2
    assert guard("keys", "import", "app", cwd=tmp_path).code == 2
