# SPDX-License-Identifier: Apache-2.0
"""A store in trouble, as a person meets it: one clear line, the right exit code, and nothing lost."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.postgres import PostgresServer

ROOT = Path(__file__).parents[2]
VALUE = "a-value-" + "to-keep"
BINDING = "version: 1\nsecrets: {DB: {from: db}}\n"
CHECK = ["sh", "-c", f'[ "$DB" = "{VALUE}" ]']

Guard = Callable[..., Any]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / ".pipeline-guard.yml").write_text(BINDING)
    return folder


@pytest.fixture
def store(guard: Guard, project: Path) -> Path:
    """A store with one secret; its database file, whole and closed."""
    assert guard("secrets", "put", "db", stdin=VALUE, cwd=project).code == 0
    return Path(os.environ["PIPELINE_GUARD_HOME"]) / "store.db"


def one_line(outcome: Any, code: int, *words: str) -> None:
    assert outcome.code == code, outcome.err
    lines = outcome.err.splitlines()
    assert lines[0].startswith("pipeline-guard: error: ")
    assert len(lines) <= 2
    for word in words:
        assert word in outcome.err


def edit(store: Path, statement: str, *values: object) -> None:
    database = sqlite3.connect(store)
    database.execute(statement, values)
    database.commit()
    database.close()


def test_a_full_disk_is_told_and_loses_nothing(guard: Guard, project: Path, store: Path) -> None:
    limit = 64 * 1024  # bytes a file may have: the write-ahead log of one large secret has more
    words = [sys.executable, "-m", "pipeline_guard", "secrets", "put", "large"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        words, cwd=project, env=environment, input=b"x" * 60_000, capture_output=True, timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip
    assert done.returncode == 5, done.stderr
    assert b"the disk is full" in done.stderr
    assert guard("run", "--", *CHECK, cwd=project).code == 0
    assert guard("audit", "verify", cwd=project).code == 0
    assert guard("secrets", "put", "large", stdin="x" * 60_000, cwd=project).code == 0


@pytest.mark.parametrize("content", [b"", None])
def test_a_store_that_was_emptied_is_not_begun_anew(guard: Guard, project: Path, store: Path, content: bytes | None) -> None:
    for extra in store.parent.glob("store.db-*"):
        extra.unlink()
    if content is None:
        store.unlink()
        empty = sqlite3.connect(store)  # a database without any table
        empty.execute("PRAGMA journal_mode=WAL")
        empty.close()
    else:
        store.write_bytes(content)
    size = store.stat().st_size
    for words in (("secrets", "list"), ("run", "--", "true"), ("secrets", "put", "db")):
        one_line(guard(*words, stdin="new-value", cwd=project), 5, "store.db is empty", "backup")
    assert store.stat().st_size == size


def test_a_write_ahead_log_without_its_store_is_not_written_over(guard: Guard, project: Path, store: Path) -> None:
    store.unlink()
    store.with_name("store.db-wal").write_bytes(b"log")
    one_line(guard("secrets", "list", cwd=project), 5, "write-ahead log")
    assert store.with_name("store.db-wal").read_bytes() == b"log"


def test_a_store_of_a_newer_version_is_refused(guard: Guard, project: Path, store: Path) -> None:
    edit(store, "UPDATE facts SET value = '99' WHERE name = 'schema'")
    one_line(guard("run", "--", "true", cwd=project), 5, "newer pipeline-guard")


def test_a_damaged_row_is_told_and_can_be_put_again(guard: Guard, project: Path, store: Path) -> None:
    edit(store, "UPDATE secrets SET created = 'rubbish'")
    one_line(guard("run", "--", "true", cwd=project), 1, "secret db is damaged", "--now")
    one_line(guard("secrets", "list", cwd=project), 1, "secret db is damaged")
    assert guard("secrets", "delete", "db", "--now", cwd=project).code == 0
    assert guard("secrets", "put", "db", stdin=VALUE, cwd=project).code == 0
    assert guard("run", "--", *CHECK, cwd=project).code == 0


def test_a_damaged_log_is_found_and_goes_on(guard: Guard, project: Path, store: Path) -> None:
    edit(store, "UPDATE audit SET line = ? WHERE seq = 2", b"rubbish")
    one_line(guard("audit", "verify", cwd=project), 1, "2")
    assert guard("run", "--", *CHECK, cwd=project).code == 0


def test_a_read_only_store_still_lists_and_hands_out_nothing(guard: Guard, project: Path, store: Path) -> None:
    # SQLite refuses by itself what a read-only disk would refuse; permissions do not stop the root of a container
    edit(store, "CREATE TRIGGER shut BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'attempt to write a readonly database'); END")
    assert guard("secrets", "list", cwd=project).code == 0
    one_line(guard("run", "--", "true", cwd=project), 5, "cannot be written")
    one_line(guard("secrets", "put", "db", stdin="new-value", cwd=project), 5, "cannot be written")
    edit(store, "DROP TRIGGER shut")
    assert guard("run", "--", *CHECK, cwd=project).code == 0


def test_a_read_only_mount_is_told(guard: Guard, project: Path, store: Path, tmp_path: Path) -> None:
    """A real read-only mount in a mount namespace of its own; where this machine lets nobody make one, files that nobody may write.

    A container whose root may not unshare has no say over permissions either once that root has given its powers up, so the command
    runs there as another user, or as this one where this is not root; either way a folder that is not writable says the same.
    """
    script = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'
    words = ["unshare", "--mount", "--map-root-user", "sh", "-c", script, "sh", str(store.parent)]
    if subprocess.run([*words, "true"], capture_output=True).returncode:
        words = without_powers(tmp_path)
        for path in (store.parent, *store.parent.rglob("*")):
            path.chmod(0o500 if path.is_dir() else 0o400)
    done = subprocess.run(
        [*words, sys.executable, "-m", "pipeline_guard", "secrets", "put", "db"], cwd=project, input=b"new-value",
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, timeout=60,
    )  # fmt: skip
    for path in (store.parent, *store.parent.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    assert done.returncode == 5, done.stderr
    assert len(done.stderr.splitlines()) <= 2
    assert guard("run", "--", *CHECK, cwd=project).code == 0


def without_powers(folder: Path) -> list[str]:
    """Return what a command is prefixed with so that permissions bind it: nothing for a user; root drops every capability."""
    if os.geteuid():
        return []
    words = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
    (folder / "shut").write_bytes(b"")
    (folder / "shut").chmod(0o400)
    tried = subprocess.run([*words, "sh", "-c", 'echo x >> "$1"', "sh", str(folder / "shut")], capture_output=True)
    assert tried.returncode, "neither a mount nor permissions keep this root from writing: the case cannot be played"
    return words


def test_two_stores_on_one_token_leave_each_other_alone(guard: Guard, project: Path, store: Path, tmp_path: Path) -> None:
    home, other = store.parent, tmp_path / "other"
    (project / ".pipeline-guard.yml").write_text(
        f"{BINDING}token: {{uri: 'pkcs11:token=pipeline-guard', module: {_module()}, pin: 'file:{home / 'pin'}'}}\n"
    )
    shared = {"SOFTHSM2_CONF": str(home / "softhsm2.conf")}
    second = {**shared, "PIPELINE_GUARD_HOME": str(other)}
    assert guard("secrets", "put", "db", stdin="another-value", cwd=project, env=second).code == 0
    assert guard("run", "--", "sh", "-c", '[ "$DB" = another-value ]', cwd=project, env=second).code == 0
    assert guard("run", "--", *CHECK, cwd=project, env=shared).code == 0
    assert guard("keys", "rotate", "store", "--rewrap", cwd=project, env=second).code == 0
    assert guard("keys", "destroy", "store", "--version", "1", "--wait", "0", cwd=project, env=second).code == 0
    for environment in (shared, second):
        assert guard("audit", "verify", cwd=project, env=environment).code == 0
    assert guard("run", "--", *CHECK, cwd=project, env=shared).code == 0


def _module() -> str:
    from pipeline_guard.adapters.hsm.library import find_softhsm

    return find_softhsm("")


def test_a_password_in_the_configuration_is_refused_without_being_shown(guard: Guard, project: Path) -> None:
    password = "not-for-" + "a-file"
    (project / ".pipeline-guard.yml").write_text(f"version: 1\nstore: {{url: 'postgresql://u:{password}@localhost/x'}}\n")
    refused = guard("secrets", "list", cwd=project)
    one_line(refused, 2, "password has no place", ":2:")
    assert password not in refused.err


def test_a_store_on_a_server_from_put_to_verify(guard: Guard, project: Path, postgres: PostgresServer) -> None:
    (project / ".pipeline-guard.yml").write_text(BINDING + "store: {url: 'env:MY_STORE'}\n")
    one_line(guard("secrets", "list", cwd=project), 2, "MY_STORE is not set")
    place = {"MY_STORE": postgres.database()}
    assert guard("secrets", "put", "db", "--label", "team=a", stdin=VALUE, cwd=project, env=place).code == 0
    ran = guard("run", "--", "sh", "-c", f'[ "$DB" = "{VALUE}" ]; echo "$? [$PIPELINE_GUARD_STORE_URL]"', cwd=project, env=place)
    assert ran.out == "0 []\n"
    assert guard("secrets", "list", "d*", "--label", "team=a", cwd=project, env=place).out.splitlines()[1].startswith("db ")
    assert guard("audit", "verify", cwd=project, env=place).code == 0
    assert not (Path(os.environ["PIPELINE_GUARD_HOME"]) / "store.db").exists()
    wrong = {"PIPELINE_GUARD_STORE_URL": f"postgresql://guard:{'wr' + 'ong'}@127.0.0.1:{postgres.port}/postgres"}
    one_line(guard("run", "--", "true", cwd=project, env=wrong), 5, "does not let us in")
    one_line(guard("run", "--", "true", cwd=project, env={"PIPELINE_GUARD_STORE_URL": "postgresql://guard@127.0.0.1:1/x"}), 5, "reached")


def test_secrets_live_and_die_on_the_command_line(guard: Guard, project: Path, store: Path) -> None:
    put = guard(
        "secrets",
        "put",
        "app",
        "--expires",
        "90d",
        "--label",
        "team=a",
        "--label",
        "stage=prod",
        "--note",
        "a note",
        stdin=VALUE,
        cwd=project,
    )
    assert put.out.startswith(f"sealed app version 1 ({len(VALUE)} bytes), expires 20")
    assert guard("secrets", "rotate", "app", "--overlap", "2h", stdin="next-value", cwd=project).out.startswith("sealed app version 2 ")
    shown = guard("secrets", "show", "app", cwd=project).out
    assert [word in shown for word in ("retiring", "active", "team=a", "a note")] == [True] * 4
    assert "app" in guard("secrets", "list", "a*", "--label", "team=a", cwd=project).out
    assert (
        guard("secrets", "revoke", "app", "--version", "1", "--why", "leaked", cwd=project).out
        == "revoked app (1 version, 0 leases ended)\n"
    )
    assert guard("secrets", "delete", "db", cwd=project).out.startswith("deleted db; destroyed from 20")
    one_line(guard("run", "--", "true", cwd=project), 4, "deleted", "--cancel")
    assert guard("secrets", "delete", "--due", cwd=project).code == 3
    assert guard("secrets", "delete", "db", "--cancel", cwd=project).out == "took back the deletion of db (1 version)\n"
    assert guard("run", "--", *CHECK, cwd=project).code == 0
    assert guard("secrets", "delete", "db", "--wait", "0", cwd=project).code == 0
    assert guard("secrets", "delete", "--due", cwd=project).out == "destroyed db (1 version)\n"
    one_line(guard("secrets", "delete", cwd=project), 2)
    one_line(guard("secrets", "delete", "app", "--now", "--cancel", cwd=project), 2)
    one_line(guard("secrets", "put", "x", "--label", "nolabel", stdin=VALUE, cwd=project), 2)
    assert guard("audit", "verify", cwd=project).code == 0


def test_a_token_that_softhsm_cut_to_nothing_is_put_back(guard: Guard, project: Path, store: Path) -> None:
    """SoftHSM writes this file anew at every login, and does not do it in one step."""
    (token,) = (store.parent / "tokens").glob("*/token.object")
    token.write_bytes(b"")
    assert guard("run", "--", *CHECK, cwd=project).code == 0
    token.write_bytes(b"")
    (copy,) = store.parent.glob("token-*.object")
    copy.unlink()
    one_line(guard("run", "--", "true", cwd=project), 5, "token is damaged", "backup")
    assert len(list((store.parent / "tokens").iterdir())) == 1
