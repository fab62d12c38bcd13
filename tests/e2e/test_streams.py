# SPDX-License-Identifier: Apache-2.0
"""Standard streams that are closed, full, or whose reader went away: the exit code stays right, and nothing is a traceback."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline_guard import __version__
from pipeline_guard.errors import ExitCode
from pipeline_guard.scan.sample import expand

ROOT = Path(__file__).parents[2]
_TELL = "pipeline-guard: error: cannot write to standard output: "


def _shell(words: str, streams: str, home: Path, before: str = "") -> tuple[int, str, str]:
    """Run a command line of ours with its streams set by the shell; the command has its own process, as from a terminal."""
    line = f"{before} {shlex.quote(sys.executable)} -P -m pipeline_guard {words} {streams}"
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PIPELINE_GUARD_HOME": str(home / "home")}
    environ.pop("PYTHONUNBUFFERED", None)  # Python keeps what a stream did not take, and tries again at its end
    done = subprocess.run(
        ["bash", "-c", line], cwd=home, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("words", ["--version", "--help", "scan --help", "keys --help", "explain github-token"])
@pytest.mark.parametrize(("streams", "reason"), [(">/dev/full", "no space left on device"), (">&-", "it is closed")])
def test_text_that_nobody_can_take_is_told_in_one_line(words: str, streams: str, reason: str, tmp_path: Path) -> None:
    code, _, err = _shell(words, streams, tmp_path)
    assert code == ExitCode.UNAVAILABLE
    assert err.splitlines()[0] == _TELL + reason
    assert len(err.splitlines()) == 2


def test_help_whose_reader_went_away_is_no_traceback(tmp_path: Path) -> None:
    code, _, err = _shell("--help", ">&$out", tmp_path, "exec {out}> >(exec true); wait $!;")
    assert (code, err) == (ExitCode.UNAVAILABLE, "")


@pytest.mark.parametrize("streams", ["2>/dev/full", "2>&-"])
def test_error_that_nobody_hears_keeps_its_code_and_stays_off_standard_output(streams: str, tmp_path: Path) -> None:
    assert _shell("scan --nonsense", streams, tmp_path)[:2] == (ExitCode.USAGE, "")
    assert _shell("run -- sh -c 'echo out; exit 7'", streams, tmp_path)[:2] == (7, "out\n")


def test_closed_standard_error_leaves_json_whole(tmp_path: Path) -> None:
    (tmp_path / "leak.py").write_text(f"# {'pipeline-guard:allow'} github-token\nkey = '{expand('ghp_{crc62:30}')}'\n")
    code, out, _ = _shell("scan --format json", "2>&-", tmp_path)
    assert code == ExitCode.NO
    assert out.startswith('{\n  "schema"')


def test_closed_standard_input_is_an_empty_one(tmp_path: Path) -> None:
    code, _, err = _shell("scan --stdin", "<&-", tmp_path)
    assert code == ExitCode.NOTHING
    assert err.startswith("pipeline-guard: error: standard input is empty")


def test_store_is_not_what_a_closed_stream_writes_into(tmp_path: Path) -> None:
    assert _shell("keys list", "<&- 2>&- >&-", tmp_path)[0] == ExitCode.CLEAN
    assert _shell("keys list", "", tmp_path) == (ExitCode.CLEAN, "", "pipeline-guard: there are no keys yet\n")
    assert _shell("--version", "", tmp_path)[1] == f"pipeline-guard {__version__}\n"
