# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline_guard.adapters.handover import JobHandover
from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.model.lease import Delivery, Injected, Injection, Target
from pipeline_guard.model.secret import Secret

ROOT = Path(__file__).parents[3]
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
    assert handover.deliver(injection(), "job", Target.ENV) == ""
    masks = capfdbinary.readouterr().out.splitlines()
    assert b"::add-mask::begin 100%25%0D%0AEVIL=1%0Aend" in masks
    assert b"::add-mask::EVIL=1" in masks
    assert all(line.startswith(b"::add-mask::") for line in masks)
    assert read_environment_file(environment.read_bytes()) == {"TOKEN": TWO_LINES}


def test_heredoc_mark_is_another_each_time(tmp_path: Path) -> None:
    handover, environment = github(tmp_path)
    handover.deliver(injection(), "job", Target.ENV)
    handover.deliver(injection(), "job", Target.ENV)
    marks = {line for line in environment.read_bytes().splitlines() if line.startswith(b"TOKEN<<")}
    assert len(marks) == 2


def test_as_files_the_environment_holds_only_a_path(tmp_path: Path) -> None:
    handover, environment = github(tmp_path)
    handover.deliver(injection(), "job", Target.FILES)
    (name, path), *rest = read_environment_file(environment.read_bytes()).items()
    assert (name, rest) == ("TOKEN_FILE", [])
    assert Path(path.decode()).read_bytes() == TWO_LINES
    assert Path(path.decode()).stat().st_mode & 0o777 == 0o600
    assert TWO_LINES not in environment.read_bytes()


def test_remove_takes_files_away_and_may_be_repeated(tmp_path: Path) -> None:
    handover, environment = github(tmp_path)
    handover.deliver(injection(delivery=Delivery.FILE), "job", Target.FILES)
    path = Path(read_environment_file(environment.read_bytes())["TOKEN"].decode())
    handover.remove("another job")
    assert path.exists()
    handover.remove("job")
    handover.remove("job")
    assert not path.exists()


def test_without_a_forge_a_private_script_sets_the_variables(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    script = JobHandover(str(tmp_path), {}).deliver(injection(b"it's $HOME `x`"), "job", Target.ENV)
    assert Path(script).stat().st_mode & 0o777 == 0o600
    shown = subprocess.run(["sh", "-c", f'. "{script}"; printf %s "$TOKEN"'], capture_output=True, check=True).stdout
    assert shown == b"it's $HOME `x`"
    assert capfdbinary.readouterr().out == b""


def test_nul_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    handover, environment = github(tmp_path)
    with pytest.raises(UsageError, match="NUL"):
        handover.deliver(injection(b"a\0bcdef"), "job", Target.ENV)
    assert not environment.exists()


def test_planted_link_is_refused_and_not_followed(tmp_path: Path) -> None:
    handover, _ = github(tmp_path)
    (tmp_path / "victim").mkdir()
    (tmp_path / "temp").mkdir()
    handover._folder("job").symlink_to(tmp_path / "victim")
    for act in (lambda: handover.deliver(injection(), "job", Target.FILES), lambda: handover.remove("job")):
        with pytest.raises(Unavailable, match="planted"):
            act()
    assert list((tmp_path / "victim").iterdir()) == []


def test_outputs_of_the_step_go_to_their_own_file_and_nothing_to_later_steps(tmp_path: Path) -> None:
    _, environment = github(tmp_path)
    environ = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_ENV": str(environment),
        "GITHUB_OUTPUT": str(tmp_path / "out"),
        "RUNNER_TEMP": str(tmp_path),
    }
    assert JobHandover(str(tmp_path), environ).deliver(injection(), "job", Target.OUTPUT) == ""
    assert read_environment_file((tmp_path / "out").read_bytes()) == {"TOKEN": TWO_LINES}
    assert not environment.exists()


def test_outputs_where_there_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="GITHUB_OUTPUT is not set"):
        JobHandover(str(tmp_path), {"GITLAB_CI": "true"}).deliver(injection(), "job", Target.OUTPUT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("value", "why"), [(b"prod", "too short"), (b"production", "too common"), (b"\xff\xfe-raw-bytes-9", "no UTF-8")])
@pytest.mark.parametrize("target", [Target.ENV, Target.OUTPUT])
def test_value_that_the_runner_cannot_hide_or_keep_goes_by_file_only(tmp_path: Path, value: bytes, why: str, target: Target) -> None:
    handover, environment = github(tmp_path)
    handover._environ["GITHUB_OUTPUT"] = str(tmp_path / "out")
    with pytest.raises(UsageError, match=why):
        handover.deliver(injection(value), "job", target)
    assert not environment.exists()
    assert not (tmp_path / "out").exists()
    handover.deliver(injection(value), "job", Target.FILES)
    assert Path(read_environment_file(environment.read_bytes())["TOKEN_FILE"].decode()).read_bytes() == value


def test_short_value_is_told_and_not_masked(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    told: list[str] = []
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_ENV": str(tmp_path / "env"), "RUNNER_TEMP": str(tmp_path)}
    JobHandover(str(tmp_path), environ, told.append).deliver(injection(b"prod"), "job", Target.FILES)
    assert capfdbinary.readouterr().out == b""
    assert told == ["TOKEN is too short or too common to be masked: do not print it"]


def test_masks_know_base64_inside_a_longer_text(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """The runner's own masks miss it: facts of its ValueEncoders."""
    handover, _ = github(tmp_path)
    value = b"kq7w9x2mT5zz-and-more"
    handover.deliver(injection(value), "job", Target.ENV)
    masks = [line.removeprefix(b"::add-mask::") for line in capfdbinary.readouterr().out.splitlines()]
    for before in (b"", b"x", b"xy"):
        log = base64.b64encode(before + value + b"trailing")
        assert [mask for mask in masks if mask in log]
        assert [mask for mask in masks if mask in base64.b64encode(log)]
    assert [mask for mask in masks if mask in value.hex().encode()]


def test_two_secrets_under_one_name_are_refused(tmp_path: Path) -> None:
    handover, environment = github(tmp_path)
    both = Injection((), (*injection().values, Injected("TOKEN_FILE", Secret(b"another-value"), Delivery.FILE)))
    with pytest.raises(UsageError, match="two secrets would be handed out as TOKEN_FILE"):
        handover.deliver(both, "job", Target.FILES)
    assert not environment.exists()


def test_environment_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    handover, environment = github(tmp_path)
    environment.mkdir()
    with pytest.raises(Unavailable, match="cannot write the file of GITHUB_ENV: is a directory"):
        handover.deliver(injection(), "job", Target.ENV)


def test_closed_output_hands_nothing_out(tmp_path: Path) -> None:
    source = (
        "import sys; from pipeline_guard.adapters.handover import JobHandover; from pipeline_guard.model.lease import *; "
        "from pipeline_guard.model.secret import Secret; from pipeline_guard.errors import Unavailable\n"
        "what = Injection((), (Injected('TOKEN', Secret(b'kq7w9x' + b'2mT5zz'), Delivery.ENV),))\n"
        "environ = {'GITHUB_ACTIONS': 'true', 'GITHUB_ENV': sys.argv[1] + '/env', 'RUNNER_TEMP': sys.argv[1]}\n"
        "try:\n    JobHandover(sys.argv[1], environ).deliver(what, 'job', Target.ENV)\n"
        "except Unavailable as error:\n    print(error.what, file=sys.stderr)\n"
    )
    done = subprocess.run(
        ["sh", "-c", '"$0" -c "$1" "$2" >&-', sys.executable, source, str(tmp_path)], capture_output=True, text=True, cwd=ROOT
    )
    assert done.stderr == "the masks cannot be written to standard output\n"
    assert list(tmp_path.iterdir()) == []
