# SPDX-License-Identifier: Apache-2.0
"""``scan --against-store`` on a real SoftHSM token: stored values are found, and never leave their seal for it."""

from __future__ import annotations

import base64
import gzip
import json
import os
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import Outcome, Repository

VALUE = "correct-horse-" + "battery-staple-42"
FORMATS = ("text", "json", "jsonl", "sarif", "gitlab", "codequality", "junit", "csv", "markdown", "github")
Guard = Callable[..., Outcome]


def store() -> Path:
    return Path(os.environ["PIPELINE_GUARD_HOME"]) / "store.db"


@pytest.fixture
def filled(guard: Guard) -> Guard:
    """The command, with one secret in its store."""
    done = guard("secrets", "put", "db/password", stdin=VALUE)
    assert done.code == 0, done.err
    return guard


def test_stored_value_is_found_in_tree_range_history_and_staged(filled: Guard, repository: Repository) -> None:
    base = repository.commit(files={"a.txt": "a"})
    leak = repository.commit(files={"b.txt": f"nothing that looks like one:x{VALUE}y\n"})
    repository.write("c.txt", VALUE)
    repository.git("add", "c.txt")
    ranges = (("c.txt",), ("--range", f"{base}..HEAD"), ("--history",), ("--staged",))
    for words in ranges:
        done = filled("scan", "--against-store", "--format", "json", *words, cwd=repository.path)
        assert done.code == 1, done.err
        (one,) = json.loads(done.out)["findings"]
        assert (one["rule"], one["severity"], one["confidence"]) == ("stored-secret", "critical", "verified")
        assert one["title"] == "The stored secret db/password (version 1)"
        assert one.get("commit", leak) == leak
        assert filled("scan", *words, cwd=repository.path).code == 0, "only where it is asked for"


def test_place_is_that_of_the_value(filled: Guard, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"größe\nx={VALUE}!\n")
    (one,) = json.loads(filled("scan", "a.txt", "--against-store", "--format", "json").out)["findings"]
    assert (one["line"], one["column"], one["end_column"]) == (2, 3, 3 + len(VALUE))
    assert (tmp_path / "a.txt").read_bytes()[one["byte_start"] : one["byte_end"]] == VALUE.encode()


def test_value_in_utf16_and_in_a_notebook_is_found(filled: Guard, tmp_path: Path) -> None:
    (tmp_path / "wide.txt").write_bytes(f"x {VALUE}".encode("utf-16"))
    cell = {"cell_type": "code", "source": [f'x = "{VALUE}"\n'], "outputs": [], "metadata": {}}
    (tmp_path / "n.ipynb").write_text(json.dumps({"cells": [cell], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}))
    done = filled("scan", "wide.txt", "n.ipynb", "--against-store", "--format", "json")
    assert sorted((one["path"], one["decoded_from"]) for one in json.loads(done.out)["findings"]) == [
        ("n.ipynb", "notebook"),
        ("wide.txt", "utf-16"),
    ]


def encoded(folder: Path) -> dict[str, bytes]:
    """Return files that hold the value in other forms, none of which a rule would look at."""
    raw = f"prefix {VALUE} suffix".encode()
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("deep/a.txt", raw)
    return {
        "base64.txt": b"blob: " + base64.b64encode(raw) + b"\n",
        "twice.txt": base64.b64encode(base64.b64encode(raw)),
        "hex.txt": raw.hex().encode(),
        "percent.txt": "".join(f"%{byte:02X}" for byte in raw).encode(),
        "escaped.txt": "".join(f"\\u{byte:04x}" for byte in raw).encode(),
        "packed.gz": gzip.compress(raw),
        "a.zip": (folder / "a.zip").read_bytes(),
    }


def test_value_is_found_in_whatever_form_is_read(filled: Guard, tmp_path: Path) -> None:
    files = encoded(tmp_path)
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    done = filled("scan", *files, "--against-store", "--format", "json")
    found = {one["path"].partition("!")[0] for one in json.loads(done.out)["findings"] if one["rule"] == "stored-secret"}
    assert {name for name in files if not any(path.startswith(name) for path in found)} == set(), done.out


def test_no_report_and_no_file_of_ours_holds_the_value(filled: Guard, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(VALUE)
    for form in FORMATS:
        done = filled("scan", "a.txt", "--against-store", "--format", form)
        assert done.code == 1
        assert VALUE[:8] not in done.out + done.err
    for path in Path(os.environ["PIPELINE_GUARD_HOME"]).rglob("*"):
        assert not path.is_file() or VALUE.encode() not in path.read_bytes(), path


def test_opening_the_search_is_in_the_audit_log_and_no_secret_is_opened(filled: Guard, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")

    def actions() -> list[str]:
        filled("audit", "export", "--output", "log.jsonl")
        done = [json.loads(line).get("action", "") for line in (tmp_path / "log.jsonl").read_text().splitlines()]
        return [action for action in done if action.startswith(("secret.", "search."))]

    before = actions()
    assert filled("scan", "a.txt").code == 0
    assert actions() == before, "a plain scan opens nothing"
    assert filled("scan", "a.txt", "--against-store").code == 0
    assert actions()[len(before) :] == ["search.open"]


def test_every_version_counts_until_it_is_deleted(filled: Guard, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"{VALUE}\nnewer-{VALUE[::-1]}\n")
    filled("secrets", "put", "db/password", stdin=VALUE[::-1])
    done = filled("scan", "a.txt", "--against-store", "--format", "json")
    assert sorted((one["line"], one["title"][-10:]) for one in json.loads(done.out)["findings"]) == [(1, "version 1)"), (2, "version 2)")]
    assert filled("secrets", "delete", "db/password", "--now").code == 0
    done = filled("scan", "a.txt", "--against-store")
    assert (done.code, "the store holds no secret" in done.err) == (3, True)


def test_store_without_rows_is_incomplete_until_they_are_made(filled: Guard, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(VALUE)
    with closing(sqlite3.connect(store())) as database, database:
        database.execute("DELETE FROM searches")
    done = filled("scan", "a.txt", "--against-store")
    assert (done.code, "secrets index" in done.out) == (6, True)
    made = filled("secrets", "index")
    assert (made.code, made.out) == (0, "made 1 search row\n")
    assert filled("scan", "a.txt", "--against-store").code == 1
    assert filled("secrets", "index").out == "made 0 search rows\n"


def test_changed_row_is_refused_and_can_be_made_anew(filled: Guard, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(VALUE)
    with closing(sqlite3.connect(store())) as database, database:
        (sealed,) = database.execute("SELECT sealed FROM searches").fetchone()
        database.execute("UPDATE searches SET sealed = ?", (sealed[:20] + bytes([sealed[20] ^ 1]) + sealed[21:],))
    done = filled("scan", "a.txt", "--against-store")
    assert (done.code, "secrets index" in done.err) == (1, True)
    assert done.out == ""
    assert filled("secrets", "index").out == "made 1 search row\n"
    assert filled("scan", "a.txt", "--against-store").code == 1


def test_search_key_moves_with_the_wrapping_key(filled: Guard, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"{VALUE} and newer-{VALUE}")
    rotated = filled("keys", "rotate", "store", "--rewrap")
    assert rotated.code == 0, rotated.err
    with closing(sqlite3.connect(store())) as database, database:
        assert [row[0] for row in database.execute("SELECT key_version FROM searches")] == [2]
    assert filled("secrets", "put", "newer", stdin=f"newer-{VALUE}").code == 0
    done = filled("scan", "a.txt", "--against-store", "--format", "json")
    assert (done.code, len(json.loads(done.out)["findings"])) == (1, 3), "the old value stands in the new one, too"


def test_short_value_is_told_when_it_is_put_and_when_it_is_not_looked_for(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hunter2")
    put = guard("secrets", "put", "weak", stdin="hunter2")
    assert (put.code, "weak is too short" in put.err) == (0, True)
    done = guard("scan", "a.txt", "--against-store")
    assert (done.code, "the stored secret weak is too short" in done.err) == (0, True)


def test_empty_store_is_nothing_to_look_for(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    done = guard("scan", "a.txt", "--against-store")
    assert (done.code, "secrets put" in done.err) == (3, True)


def test_stored_secret_is_explained(guard: Guard) -> None:
    done = guard("explain", "stored-secret")
    assert (done.code, "--against-store" in done.out) == (0, True)
