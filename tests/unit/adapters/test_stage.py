# SPDX-License-Identifier: Apache-2.0
"""The stage: real shells, an answered command, nothing left."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline_guard.adapters.shells import PackagedShells
from pipeline_guard.adapters.stage import TemporaryStage
from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.model.staged import Answer, Call

BASH = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c")


def test_shell_s_call_of_our_command_is_answered() -> None:
    calls: list[Call] = []

    def answer(call: Call) -> Answer:
        calls.append(call)
        return Answer(3, b"said\n", b"told\n")

    with TemporaryStage(PackagedShells(), os.environ, answer) as stage:
        script = f'folder="$(bash {stage.folder}/guard/actions/_setup/setup.sh)"; echo x=1 >>"$OUT"; "$folder/pipeline-guard" scan "a b"'
        done = stage.execute((*BASH, script), {"PIPELINE_GUARD_X": "ü"}, ("OUT",))
        assert (done.code, done.said, dict(done.files)) == (3, "said\ntold\n", {"OUT": b"x=1\n"})
        (call,) = calls
        assert call.words == ("scan", "a b")
        assert call.environment["PIPELINE_GUARD_X"] == "ü"
        assert Path(call.folder).resolve() == Path(stage.folder, "temp", "project").resolve()
    assert not Path(stage.folder).exists()


def test_environment_of_this_process_does_not_reach_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "x")
    monkeypatch.setenv("BASH_ENV", "/nonexistent")
    with TemporaryStage(PackagedShells(), os.environ, lambda _call: Answer(0)) as stage:
        names = {line.partition("=")[0] for line in stage.execute(("env",), {"OWN": "1"}, ()).said.splitlines()}
    assert "OWN" in names
    assert not names & {"GITHUB_TOKEN", "BASH_ENV"}


def test_shell_that_is_killed_or_missing_is_told() -> None:
    with TemporaryStage(PackagedShells(), os.environ, lambda _call: Answer(0)) as stage:
        assert stage.execute((*BASH, "kill -TERM $$"), {}, ()).code == 143
        with pytest.raises(Unavailable, match="cannot start no-such-program"):
            stage.execute(("no-such-program",), {}, ())
        with pytest.raises(UsageError):
            stage.place("../outside", b"")
        assert not stage.has("no-such-program")
    assert not Path(stage.folder).exists()


def test_folder_with_a_long_name_is_too_long_for_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / ("x" * 120)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    with TemporaryStage(PackagedShells(), os.environ, lambda _call: Answer(0)) as stage:
        assert stage.execute((*BASH, f"{stage.folder}/bin/pipeline-guard scan"), {}, ()).code == 0
    assert list(long.iterdir()) == []
