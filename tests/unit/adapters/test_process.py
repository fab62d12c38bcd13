# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest

from pipeline_guard.adapters import private_files
from pipeline_guard.adapters.process import LocalProcess
from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.model.lease import Delivery, Injected, Injection
from pipeline_guard.model.secret import Secret

ROOT = Path(__file__).parents[3]
NOTHING = Injection((), ())


def injection(value: bytes = b"hidden-value-1", delivery: Delivery = Delivery.ENV) -> Injection:
    return Injection((), (Injected("THE_SECRET", Secret(value), delivery),))


def run(*command: str, what: Injection = NOTHING, environ: dict[str, str] | None = None) -> int:
    return LocalProcess({"PATH": os.environ["PATH"], **(environ or {})}).run(command, what).code


def test_exit_code_of_the_command_is_returned() -> None:
    assert run("sh", "-c", "exit 7") == 7


def test_command_killed_by_a_signal_gives_128_and_its_number() -> None:
    assert run("sh", "-c", "kill -TERM $$") == 128 + signal.SIGTERM


def test_value_reaches_the_child_and_not_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    code = run("sh", "-c", 'test "$THE_SECRET" = hidden-value-1 && echo "out $THE_SECRET" && echo "err $THE_SECRET" >&2', what=injection())
    out, err = capfd.readouterr()
    assert (code, out, err) == (0, "out ***\n", "err ***\n")


def test_file_is_private_and_gone_afterwards(tmp_path: Path) -> None:
    note = tmp_path / "note"
    script = f'stat -c "%a %n" "$THE_SECRET" > {note}; cmp -s "$THE_SECRET" - <<X\nhidden-value-1\nX\n[ $(cat "$THE_SECRET" | wc -c) = 14 ]'
    assert run("sh", "-c", script, what=injection(delivery=Delivery.FILE)) == 0
    mode, path = note.read_text().split()
    assert mode == "600"
    assert not Path(path).exists()
    assert not Path(path).parent.exists()


def test_our_own_variables_do_not_reach_the_child() -> None:
    assert run("sh", "-c", 'test -z "$PIPELINE_GUARD_HOME"', environ={"PIPELINE_GUARD_HOME": "/x"}) == 0


def test_output_is_copied_in_full_and_in_order(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(sys.executable, "-c", "print('x' * 5_000_000 + 'end')", what=injection()) == 0
    assert capfd.readouterr().out == "x" * 5_000_000 + "end\n"


@pytest.mark.parametrize("command", ["no-such-command-here", "/etc/passwd", "/"])
def test_command_that_cannot_start_is_a_usage_error(command: str) -> None:
    with pytest.raises(UsageError):
        run(command)


def test_nul_byte_cannot_be_a_variable() -> None:
    with pytest.raises(UsageError, match="NUL"):
        run("true", what=injection(b"a\0b-secret"))


def test_signal_to_us_reaches_the_child_and_its_answer_comes_back(tmp_path: Path) -> None:
    source = textwrap.dedent(
        """
        import os, sys
        from pipeline_guard.adapters.process import LocalProcess
        from pipeline_guard.model.lease import Injection
        script = "trap 'exit 42' TERM; echo ready; while :; do sleep 0.05; done"
        sys.exit(LocalProcess(os.environ).run(["sh", "-c", script], Injection((), ())).code)
        """
    )
    ours = subprocess.Popen([sys.executable, "-c", source], cwd=ROOT, stdout=subprocess.PIPE)
    assert ours.stdout is not None
    assert ours.stdout.readline() == b"ready\n"
    ours.send_signal(signal.SIGTERM)
    assert ours.wait(20) == 42
    ours.stdout.close()


def gone(path: Path) -> bool:
    """Wait for a path to vanish, for as long as a busy machine may take."""
    deadline = time.monotonic() + 30
    while path.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not path.exists()


def test_killed_run_takes_its_command_and_what_that_started_and_the_files_with_it() -> None:
    source = textwrap.dedent(
        """
        import os
        from pipeline_guard.adapters.process import LocalProcess
        from pipeline_guard.model.lease import Delivery, Injected, Injection
        from pipeline_guard.model.secret import Secret
        what = Injection((), (Injected("THE_SECRET", Secret(b"hidden-value-1"), Delivery.FILE),))
        LocalProcess(os.environ).run(["sh", "-c", 'sleep 97 & echo "$THE_SECRET $! $$"; wait'], what)
        """
    )
    # a session of its own, as a job has no terminal
    ours = subprocess.Popen([sys.executable, "-c", source], cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True)
    assert ours.stdout is not None
    with ours.stdout as output:
        path, grandchild, child = output.readline().decode().split()
    assert Path(path).exists()
    ours.kill()
    ours.wait(20)
    assert gone(Path(path).parent)
    assert gone(Path("/proc") / child)
    assert gone(Path("/proc") / grandchild)


def test_folder_of_a_run_that_is_dead_is_swept_by_the_next() -> None:
    dead = subprocess.Popen(["true"])
    dead.wait(20)
    left = [Path(place) / f"pipeline-guard-run-{dead.pid}-left" for place in ("/dev/shm", tempfile.gettempdir())]
    alive = Path("/dev/shm") / f"pipeline-guard-run-{os.getpid()}-used"
    for folder in (*left, alive):
        folder.mkdir(mode=0o700)
        (folder / "THE_SECRET").write_text("x")
    try:
        assert run("true") == 0
        assert [folder for folder in left if folder.exists()] == []
        assert alive.exists()
    finally:
        for folder in (*left, alive):
            shutil.rmtree(folder, ignore_errors=True)


def test_what_the_command_leaves_running_is_not_waited_for() -> None:
    begun = time.monotonic()
    assert run("sh", "-c", "sleep 30 & exit 3") == 3
    assert time.monotonic() - begun < 20  # not the length of the sleep


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-", "2>&-"])
def test_output_that_cannot_be_written_does_not_change_the_answer(redirection: str) -> None:
    source = (
        "import os, sys; from pipeline_guard.adapters.process import LocalProcess; from pipeline_guard.model.lease import Injection; "
        "os._exit(LocalProcess(os.environ).run(['sh', '-c', 'echo hi; echo ho >&2; exit 3'], Injection((), ())).code)"
    )
    assert (
        subprocess.run(["sh", "-c", f'"$0" -c "$1" {redirection}', sys.executable, source], cwd=ROOT, capture_output=True).returncode == 3
    )


def test_what_was_hidden_is_counted_for_each_value_over_both_streams() -> None:
    what = Injection((), tuple(Injected(name, Secret(name.encode() + b"-and-more-of-it"), Delivery.ENV) for name in ("ONE_Xy7", "TWO_Zk9")))
    done = LocalProcess({"PATH": os.environ["PATH"]}).run(["sh", "-c", 'echo "$ONE_Xy7 $ONE_Xy7"; echo "$ONE_Xy7" >&2'], what)
    assert (done.code, done.hidden) == (0, (3, 0))


def test_value_that_cannot_be_hidden_is_told_by_its_name(capfd: pytest.CaptureFixture[str]) -> None:
    told: list[str] = []
    done = LocalProcess({"PATH": os.environ["PATH"]}, warn=told.append).run(["sh", "-c", 'echo "a $THE_SECRET b"'], injection(b"prod"))
    assert (done.code, capfd.readouterr().out) == (0, "a prod b\n")
    assert told == ["THE_SECRET is too short or too common to be hidden in output: do not print it"]


def test_binary_output_is_copied_byte_by_byte(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(sys.executable, "-c", "import os; os.write(1, bytes(range(256)) * 999)", what=injection()) == 0
    assert capfdbinary.readouterr().out == bytes(range(256)) * 999


def test_question_without_a_line_break_is_shown_while_the_command_waits_for_the_answer() -> None:
    source = (
        "import os, sys; from pipeline_guard.adapters.process import LocalProcess; from pipeline_guard.model.lease import *; "
        "from pipeline_guard.model.secret import Secret; what = Injection((), (Injected('S', Secret(b'hidden-value-1'), Delivery.ENV),)); "
        "sys.exit(LocalProcess(os.environ).run(['sh', '-c', 'printf \"really? hi\"; read answer; exit $answer'], what).code)"
    )
    ours = subprocess.Popen([sys.executable, "-c", source], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert ours.stdin is not None
    assert ours.stdout is not None
    shown = b""
    while not shown.endswith(b"? hi"):  # "hi" could be the beginning of the value
        shown += os.read(ours.stdout.fileno(), 99)
    ours.communicate(b"5\n", 20)
    assert ours.returncode == 5


def test_command_whose_reader_went_away_ends_as_it_would_without_us() -> None:
    source = (
        "import os, sys; from pipeline_guard.adapters.process import LocalProcess; from pipeline_guard.model.lease import Injection; "
        "os._exit(LocalProcess(os.environ).run(['yes'], Injection((), ())).code)"
    )
    ours = subprocess.Popen([sys.executable, "-c", source], cwd=ROOT, stdout=subprocess.PIPE)
    assert ours.stdout is not None
    ours.stdout.read(100)
    ours.stdout.close()
    assert ours.wait(60) == 128 + signal.SIGPIPE


def test_variable_too_large_for_the_system_is_told_with_the_way_out() -> None:
    with pytest.raises(UsageError, match="argument list too long") as raised:
        run("true", what=injection(b"Kx7" * 100_000))
    assert raised.value.hint == "bind large secrets with as: file"


def test_without_a_memory_file_system_files_lie_on_disk_and_that_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_files, "_MEMORY", tmp_path / "missing")
    told: list[str] = []
    what = injection(delivery=Delivery.FILE)
    done = LocalProcess({"PATH": os.environ["PATH"]}, warn=told.append).run(["sh", "-c", 'test -s "$THE_SECRET"'], what)
    assert done.code == 0
    assert told == ["there is no memory file system at /dev/shm to write to: the secrets' files lie on disk while the command runs"]


def test_without_any_place_to_write_to_files_are_refused_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_files, "_MEMORY", tmp_path / "missing")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(Unavailable, match="no place for private files: no such file or directory") as raised:
        run("true", what=injection(delivery=Delivery.FILE))
    assert "tmpfs at /dev/shm" in raised.value.hint
    assert run("true", what=injection()) == 0  # variables need no place
