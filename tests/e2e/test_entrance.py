# SPDX-License-Identifier: Apache-2.0
"""The entrance: help, version, start-up, and every kind of bad input as one line with a hint and the right exit code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline_guard import __version__
from pipeline_guard.cli.args import overview

ROOT = Path(__file__).parents[2]
Guard = Callable[..., Any]


def test_version_and_help(guard: Guard) -> None:
    assert guard("--version").out == f"pipeline-guard {__version__}\n"
    assert guard("--help").out == overview() + "\n"
    assert guard("help").code == guard("scan", "--help").code == 0


def test_readme_shows_the_help_as_it_is() -> None:
    blocks = re.findall(r"```text\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert overview() + "\n" in blocks


def test_readme_lists_every_exit_code() -> None:
    from pipeline_guard.errors import ExitCode

    rows = re.findall(r"^\| (\d+) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert [int(row) for row in rows] == [int(code) for code in ExitCode]


@pytest.mark.parametrize(
    ("words", "unwanted"),
    [
        (["--version"], {"argparse", "yaml", "msgspec", "cryptography", "sqlalchemy", "pkcs11", "hyperscan", "json", "dataclasses"}),
        (["--help"], {"yaml", "msgspec", "cryptography", "sqlalchemy", "pkcs11", "hyperscan", "subprocess"}),
        (["scan", "--help"], {"yaml", "msgspec", "cryptography", "sqlalchemy", "pkcs11", "hyperscan"}),
        (["scan", "clean.txt"], {"sqlalchemy", "pkcs11"}),
        (["gate"], {"sqlalchemy", "pkcs11"}),
    ],
)
def test_start_up_imports_only_what_it_needs(words: list[str], unwanted: set[str], tmp_path: Path) -> None:
    (tmp_path / "clean.txt").write_text("nothing here\n")
    source = "import sys; from pipeline_guard.cli.main import main; main(sys.argv[1:]); print('LOADED', *sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", source, *words], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    loaded = set(done.stdout.rpartition("LOADED")[2].split())
    assert "pipeline_guard.cli.main" in loaded
    assert not loaded & unwanted


def assert_one_line(outcome: Any, code: int) -> None:
    lines = outcome.err.splitlines()
    errors = [line for line in lines if line.startswith("pipeline-guard: error: ")]
    assert outcome.code == code, outcome
    assert len(errors) == 1, outcome
    assert any(line.startswith("pipeline-guard: hint: ") for line in lines), outcome
    assert "Traceback" not in outcome.err + outcome.out


def test_unknown_command_flag_and_value(guard: Guard) -> None:
    assert_one_line(guard("scna"), 2)
    assert_one_line(guard("scan", "--treshold"), 2)
    assert_one_line(guard("scan", "--threshold", "awful"), 2)
    assert_one_line(guard(), 2)


def test_missing_module(guard: Guard, tmp_path: Path) -> None:
    outcome = guard("token", "init", env={"PIPELINE_GUARD_MODULE": str(tmp_path / "nothing.so")})
    assert_one_line(outcome, 5)


def test_missing_python_packages(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / "hidden" / "pkcs11").mkdir(parents=True)
    (tmp_path / "hidden" / "pkcs11" / "__init__.py").write_text("raise ImportError")
    (tmp_path / "hidden" / "sqlalchemy").mkdir()
    (tmp_path / "hidden" / "sqlalchemy" / "__init__.py").write_text("raise ImportError")
    path = f"{tmp_path / 'hidden'}:{ROOT}"
    for words in (("token", "info"), ("secrets", "list")):
        outcome = guard(*words, env={"PYTHONPATH": path})
        assert_one_line(outcome, 5)
        assert "pipeline-guard[hsm]" in outcome.err


def test_wrong_pin(guard: Guard) -> None:
    assert guard("token", "init").code == 0
    (Path(os.environ["PIPELINE_GUARD_HOME"]) / "pin").write_text("00000000")
    assert_one_line(guard("secrets", "put", "x", stdin="some-value"), 2)


def test_corrupt_database(guard: Guard) -> None:
    assert guard("secrets", "put", "x", stdin="some-value").code == 0
    store = Path(os.environ["PIPELINE_GUARD_HOME"]) / "store.db"
    for name in ("store.db-wal", "store.db-shm"):
        store.with_name(name).unlink(missing_ok=True)
    store.write_bytes(b"rubbish" * 1000)
    assert_one_line(guard("secrets", "list"), 5)
    assert_one_line(guard("secrets", "put", "y", stdin="some-value"), 5)
    assert store.read_bytes() == b"rubbish" * 1000


def test_file_that_cannot_be_read(guard: Guard, tmp_path: Path) -> None:
    assert_one_line(guard("secrets", "put", "x", "--from-file", str(tmp_path / "nothing")), 2)
    assert_one_line(guard("secrets", "put", "x", "--from-file", str(tmp_path)), 2)
    os.mkfifo(tmp_path / "pipe")
    assert guard("secrets", "put", "x", "--from-file", str(tmp_path / "pipe")).code == 2
    assert_one_line(guard("audit", "verify", str(tmp_path / "nothing")), 2)
    assert_one_line(guard("scan", str(tmp_path / "nothing")), 2)


def test_folder_that_is_no_repository(guard: Guard, tmp_path: Path) -> None:
    for words in (("scan", "--staged"), ("scan", "--range", "a..b"), ("scan", "--history"), ("dry-run",), ("gate", "--base", "main")):
        assert_one_line(guard(*words, cwd=tmp_path), 2)


def test_unknown_configuration_key(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / ".pipeline-guard.yml").write_text("version: 1\nscan:\n  treshold: high\n")
    outcome = guard("scan", cwd=tmp_path)
    assert_one_line(outcome, 2)
    assert ".pipeline-guard.yml:3: unknown key treshold" in outcome.err
    assert "did you mean threshold?" in outcome.err


@pytest.mark.parametrize("text", ["version: 1\nscan: [\n", "version: 1\n\tx: 1\n", "a: &a [*a]\n", "version: 1\nversion: 1\n", "\x00"])
def test_broken_configuration(guard: Guard, tmp_path: Path, text: str) -> None:
    (tmp_path / ".pipeline-guard.yml").write_text(text)
    outcome = guard("scan", cwd=tmp_path)
    assert (outcome.code, outcome.err.count("pipeline-guard: error: .pipeline-guard.yml:")) == (2, 1)


def test_broken_workflow(guard: Guard, repository: Any) -> None:
    repository.commit("bad", {".github/workflows/ci.yml": "on: push\njobs:\n  a: [\n"})
    outcome = guard("dry-run", cwd=repository.path)
    assert outcome.code == 2
    assert ".github/workflows/ci.yml:4:" in outcome.err


def test_truncated_bundle(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("data")
    assert guard("keys", "create", "signing").code == 0
    assert guard("sign", "a.txt", "--key", "signing", cwd=tmp_path).code == 0
    bundle = tmp_path / "a.txt.sigstore.json"
    bundle.write_bytes(bundle.read_bytes()[:200])
    outcome = guard("verify", "a.txt", "--key", "signing", cwd=tmp_path)
    assert outcome.code == 1
    assert "FAIL a.txt" in outcome.out
    assert "Traceback" not in outcome.err


def test_output_that_cannot_be_written(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / "clean.txt").write_text("nothing here\n")
    assert_one_line(guard("scan", "clean.txt", "--output", str(tmp_path / "no" / "such" / "folder.json"), cwd=tmp_path), 2)


def test_reader_that_goes_away_is_no_traceback(tmp_path: Path) -> None:
    command = f"{sys.executable} -m pipeline_guard rules list | head -1"
    done = subprocess.run(["sh", "-c", command], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def test_bug_is_one_line_and_shows_no_values(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import pipeline_guard.cli.args as args\ndef parse(*_):\n    raise ValueError('s3cret in the message')\nargs.parse = parse\n"
    )
    outcome = guard("scan", env={"PYTHONPATH": f"{tmp_path}:{ROOT}"})
    assert outcome.code == 70
    assert outcome.err.startswith("pipeline-guard: error: bug: ValueError in sitecustomize.py:3\npipeline-guard: hint: please report it")
    assert "s3cret" not in outcome.err


def test_device_is_written_into_and_not_replaced(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / "clean.txt").write_text("nothing here\n")
    (tmp_path / "link").symlink_to("/dev/null")
    assert guard("scan", "clean.txt", "--output", "json=link", cwd=tmp_path).code == 0
    assert (tmp_path / "link").is_symlink()
    assert Path("/dev/null").is_char_device()


def test_name_that_is_no_text_and_an_empty_subject(guard: Guard, tmp_path: Path) -> None:
    assert_one_line(guard("secrets", "show", os.fsdecode(b"\xff")), 2)
    assert_one_line(guard("verify", "", "--key", "x.pem"), 2)


def test_reserved_key_name_is_refused(guard: Guard) -> None:
    assert_one_line(guard("keys", "create", "store"), 2)
    assert guard("secrets", "put", "x", stdin="some-value").code == 0


def test_bare_repository_is_not_scanned_as_files(guard: Guard, repository: Any, tmp_path: Path) -> None:
    repository.commit("one", {"a.txt": "x"})
    repository.git("clone", "-q", "--bare", ".", str(tmp_path / "bare"))
    assert_one_line(guard("scan", cwd=tmp_path / "bare"), 2)
    assert_one_line(guard("scan", "--staged", "--exclude", "*", cwd=repository.path), 3)


def test_token_check_never_judges_another_token_than_it_was_asked_for(guard: Guard, tmp_path: Path) -> None:
    done = guard("token", "check", "--token", "pkcs11:token=of-another", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "not the one that the URI names" in done.err
    assert guard("token", "check", "--token", "pkcs11:token=pipeline-guard", cwd=tmp_path).code == 0


def test_without_git_all_that_needs_no_history_works(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/a.txt").write_text("nothing here\n")
    (tmp_path / "bin").mkdir()
    without = {"PATH": str(tmp_path / "bin")}
    for words in (("explain", "github-token"), ("scan",), ("scan", "a.txt"), ("keys", "list"), ("policy", "check")):
        assert guard(*words, cwd=tmp_path / "sub", env=without).code == 0
    (tmp_path / ".pipeline-guard.yml").write_text("version: 1\nscan: {exclude: ['*.txt']}\n")
    assert guard("scan", "a.txt", cwd=tmp_path / "sub", env=without).code == 3, "the configuration of the root counts here, too"
    done = guard("scan", "--history", cwd=tmp_path, env=without)
    assert (done.code, done.err.splitlines()[0]) == (5, "pipeline-guard: error: git is not installed")
