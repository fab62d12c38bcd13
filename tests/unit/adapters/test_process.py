# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from pipeline_guard.adapters.process import LocalProcess
from pipeline_guard.errors import UsageError
from pipeline_guard.model.lease import Delivery, Injected, Injection
from pipeline_guard.model.secret import Secret

ROOT = Path(__file__).parents[3]
NOTHING = Injection((), ())


def injection(value: bytes = b"hidden-value-1", delivery: Delivery = Delivery.ENV) -> Injection:
    return Injection((), (Injected("THE_SECRET", Secret(value), delivery),))


def run(*command: str, what: Injection = NOTHING, environ: dict[str, str] | None = None) -> int:
    return LocalProcess({"PATH": os.environ["PATH"], **(environ or {})}).run(command, what)


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
        sys.exit(LocalProcess(os.environ).run(["sh", "-c", script], Injection((), ())))
        """
    )
    ours = subprocess.Popen([sys.executable, "-c", source], cwd=ROOT, stdout=subprocess.PIPE)
    assert ours.stdout is not None
    assert ours.stdout.readline() == b"ready\n"
    ours.send_signal(signal.SIGTERM)
    assert ours.wait(20) == 42
    ours.stdout.close()


def test_folder_left_by_a_killed_run_is_swept_by_the_next(tmp_path: Path) -> None:
    source = textwrap.dedent(
        """
        import os
        from pipeline_guard.adapters.process import LocalProcess
        from pipeline_guard.model.lease import Delivery, Injected, Injection
        from pipeline_guard.model.secret import Secret
        what = Injection((), (Injected("THE_SECRET", Secret(b"hidden-value-1"), Delivery.FILE),))
        LocalProcess(os.environ).run(["sh", "-c", 'echo "$THE_SECRET"; exec sleep 3'], what)
        """
    )
    ours = subprocess.Popen([sys.executable, "-c", source], cwd=ROOT, stdout=subprocess.PIPE)
    assert ours.stdout is not None
    path = Path(ours.stdout.readline().decode().strip())
    assert path.exists()
    ours.kill()
    ours.wait(20)
    time.sleep(0.1)
    assert path.exists(), "nothing could clean up"
    assert run("true") == 0
    assert not path.parent.exists()
    ours.stdout.close()


def test_what_the_command_leaves_running_is_not_waited_for() -> None:
    begun = time.monotonic()
    assert run("sh", "-c", "sleep 30 & exit 3") == 3
    assert time.monotonic() - begun < 20  # not the length of the sleep


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-", "2>&-"])
def test_output_that_cannot_be_written_does_not_change_the_answer(redirection: str) -> None:
    source = (
        "import os, sys; from pipeline_guard.adapters.process import LocalProcess; from pipeline_guard.model.lease import Injection; "
        "os._exit(LocalProcess(os.environ).run(['sh', '-c', 'echo hi; echo ho >&2; exit 3'], Injection((), ())))"
    )
    assert (
        subprocess.run(["sh", "-c", f'"$0" -c "$1" {redirection}', sys.executable, source], cwd=ROOT, capture_output=True).returncode == 3
    )
