# SPDX-License-Identifier: Apache-2.0
"""The command that gets the secrets: its environment, its private files, its output filtered, its signals forwarded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from pipeline_guard.adapters import watchdog
from pipeline_guard.adapters.disguise import maskable
from pipeline_guard.adapters.filtering import pump
from pipeline_guard.adapters.private_files import create, private_folder
from pipeline_guard.adapters.redaction import Redactor
from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.model.lease import Delivery, Finished, Injection

_FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT)


class LocalProcess:
    """Starts commands on this machine with ``environ`` plus what is injected; nothing of ours reaches them.

    ``own`` is what a revocation after our death needs to find store and configuration; ``warn`` tells people.
    """

    def __init__(
        self, environ: Mapping[str, str], own: Mapping[str, str] | None = None, warn: Callable[[str], None] = lambda _text: None
    ) -> None:
        self._environ = {name: value for name, value in environ.items() if not name.startswith("PIPELINE_GUARD_")}
        self._own = {**environ, **(own or {})}
        self._warn = warn

    def run(self, command: Sequence[str], injection: Injection) -> Finished:
        """Run a command to its end; a command killed by signal N gives 128 + N, as shells say it."""
        for item in injection.values:
            if not maskable(item.value.reveal()):
                self._warn(f"{item.variable} is too short or too common to be hidden in output: do not print it")
        redactor = Redactor(item.value for item in injection.values)
        files = any(item.delivery is Delivery.FILE for item in injection.values)
        with private_folder(wanted=files, warn=self._warn) as folder, self._watched(injection, folder) as tell:
            environment = {**self._environ, **_variables(injection, folder)}
            group = not _has_terminal()
            child = _start(command, environment, group=group)
            try:
                tell(f"child {child.pid} {int(group)}\n")
                with _forwarding(child):
                    pump(child, redactor)
                    code = child.wait()
            except BaseException:  # whatever went wrong here, the command does not go on with its secrets
                child.kill()
                child.wait()
                raise
        return Finished(code if code >= 0 else 128 - code, tuple(redactor.counts))

    @contextmanager
    def _watched(self, injection: Injection, folder: Path | None) -> Iterator[Callable[[str], None]]:
        """Have somebody look after the command and its leases should this process be killed; give how to tell them things."""
        if not injection.values:
            yield lambda _text: None
            return
        theirs, ours = os.pipe()
        holder = injection.leases[0].holder if injection.leases else ""
        package = str(Path(__file__).parents[2])
        paths = os.pathsep.join(filter(None, (package, self._own.get("PYTHONPATH", ""))))
        try:
            guard = subprocess.Popen(
                [sys.executable, "-S", watchdog.__file__, str(theirs), str(folder or ""), holder],
                env={**self._own, "PYTHONPATH": paths, "PYTHONSAFEPATH": "1"},
                pass_fds=(theirs,),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            os.close(ours)
            raise Unavailable(
                f"nobody can look after the command: {(error.strerror or 'error').lower()}", "are there processes left to start?"
            ) from None
        finally:
            os.close(theirs)
        try:
            yield lambda text: _tell(ours, text)
        finally:
            _tell(ours, "done\n")
            os.close(ours)
            guard.wait()


def _tell(pipe: int, text: str) -> None:
    try:
        os.write(pipe, text.encode("ascii"))
    except OSError:  # the watchdog was killed: nobody is left to tell
        return


def _has_terminal() -> bool:
    """Tell whether a terminal controls us: then the command stays in our group, which the terminal listens to."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC))
    except OSError:
        return False
    return True


def _start(command: Sequence[str], environment: Mapping[str, str], *, group: bool) -> subprocess.Popen[bytes]:
    name = command[0][:100]
    try:
        return subprocess.Popen(
            list(command),
            env=dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0 if group else None,
        )
    except FileNotFoundError:
        raise UsageError(f"no such command: {name}", "check its name and PATH") from None
    except PermissionError:
        raise UsageError(f"cannot run {name}: permission denied", "check that it is executable") from None
    except OSError as error:
        hint = "bind large secrets with as: file" if error.errno == 7 else ""
        raise UsageError(f"cannot run {name}: {(error.strerror or type(error).__name__).lower()}", hint) from None
    except ValueError as error:
        raise UsageError(f"cannot run {name}: {type(error).__name__}") from None


def _variables(injection: Injection, folder: Path | None) -> dict[str, str]:
    """Return the variables of an injection, having written the files it asks for (0600)."""
    found: dict[str, str] = {}
    for item in injection.values:
        value = item.value.reveal()
        if item.delivery is Delivery.FILE and folder is not None:
            found[item.variable] = create(folder / item.variable, value)
            continue
        if b"\0" in value:
            raise UsageError(f"the secret for {item.variable} holds a NUL byte, which no variable can", "bind it with as: file")
        found[item.variable] = os.fsdecode(value)
    return found


@contextmanager
def _forwarding(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """Hand signals on to the child while it runs."""
    terminal = os.isatty(0)

    def forward(number: int, _frame: FrameType | None) -> None:
        # On a terminal the kernel has told the child already: it is in the same group.
        if not (terminal and number == signal.SIGINT):
            child.send_signal(number)  # does nothing once the child has ended

    before = {number: signal.signal(number, forward) for number in (*_FORWARDED, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
