# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pipeline_guard.adapters.handover import JobHandover
from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.model.lease import Delivery, Injected, Injection
from pipeline_guard.model.secret import Secret

TWO_LINES = b"begin 100%\r\nEVIL=1\nend"


def injection(value: bytes = TWO_LINES, delivery: Delivery = Delivery.ENV) -> Injection:
    return Injection((), (Injected("TOKEN", Secret(value), delivery),))


def read_environment_file(content: bytes) -> dict[str, bytes]:
    """Parse as the runner does: NAME<<DELIM, lines up to DELIM."""
    found, lines = {}, content.split(b"\n")
    while lines and lines[0]:
        name, _, mark = lines.pop(0).partition(b"<<")
        end = lines.index(mark)
        found[name.decode()], lines = b"\n".join(lines[:end]), lines[end + 1 :]
    return found


def github(tmp_path: Path) -> tuple[JobHandover, Path]:
    environment = tmp_path / "env"
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_ENV": str(environment), "RUNNER_TEMP": str(tmp_path / "temp")}
    return JobHandover(str(tmp_path / "home"), environ), environment


def test_mask_comes_before_the_value_and_is_escaped(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    handover, environment = github(tmp_path)
    assert handover.deliver(injection(), "job", as_files=False) == ""
    masks = capfdbinary.readouterr().out.splitlines()
    assert b"::add-mask::begin 100%25%0D%0AEVIL=1%0Aend" in masks
    assert b"::add-mask::EVIL=1" in masks
    assert all(line.startswith(b"::add-mask::") for line in masks)
    assert read_environment_file(environment.read_bytes()) == {"TOKEN": TWO_LINES}


def test_heredoc_mark_is_another_each_time(tmp_path: Path) -> None:
    handover, environment = github(tmp_path)
    handover.deliver(injection(), "job", as_files=False)
    handover.deliver(injection(), "job", as_files=False)
    marks = {line for line in environment.read_bytes().splitlines() if line.startswith(b"TOKEN<<")}
    assert len(marks) == 2


def test_as_files_the_environment_holds_only_a_path(tmp_path: Path) -> None:
    handover, environment = github(tmp_path)
    handover.deliver(injection(), "job", as_files=True)
    (name, path), *rest = read_environment_file(environment.read_bytes()).items()
    assert (name, rest) == ("TOKEN_FILE", [])
    assert Path(path.decode()).read_bytes() == TWO_LINES
    assert Path(path.decode()).stat().st_mode & 0o777 == 0o600
    assert TWO_LINES not in environment.read_bytes()


def test_remove_takes_files_away_and_may_be_repeated(tmp_path: Path) -> None:
    handover, environment = github(tmp_path)
    handover.deliver(injection(delivery=Delivery.FILE), "job", as_files=True)
    path = Path(read_environment_file(environment.read_bytes())["TOKEN"].decode())
    handover.remove("another job")
    assert path.exists()
    handover.remove("job")
    handover.remove("job")
    assert not path.exists()


def test_without_a_forge_a_private_script_sets_the_variables(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    script = JobHandover(str(tmp_path), {}).deliver(injection(b"it's $HOME `x`"), "job", as_files=False)
    assert Path(script).stat().st_mode & 0o777 == 0o600
    shown = subprocess.run(["sh", "-c", f'. "{script}"; printf %s "$TOKEN"'], capture_output=True, check=True).stdout
    assert shown == b"it's $HOME `x`"
    assert capfdbinary.readouterr().out == b""


def test_nul_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    handover, environment = github(tmp_path)
    with pytest.raises(UsageError, match="NUL"):
        handover.deliver(injection(b"a\0bcdef"), "job", as_files=False)
    assert not environment.exists()


def test_planted_link_is_refused_and_not_followed(tmp_path: Path) -> None:
    handover, _ = github(tmp_path)
    (tmp_path / "victim").mkdir()
    (tmp_path / "temp").mkdir()
    handover._folder("job").symlink_to(tmp_path / "victim")
    for act in (lambda: handover.deliver(injection(), "job", as_files=True), lambda: handover.remove("job")):
        with pytest.raises(Unavailable, match="planted"):
            act()
    assert list((tmp_path / "victim").iterdir()) == []
