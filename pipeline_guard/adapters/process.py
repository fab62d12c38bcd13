# SPDX-License-Identifier: Apache-2.0
"""The command that gets the secrets: its environment, its private files, its output filtered, its signals forwarded."""

from __future__ import annotations

import os
import select
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

from pipeline_guard.adapters.redaction import Redactor
from pipeline_guard.errors import UsageError
from pipeline_guard.model.lease import Delivery, Injection

_FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT)
_PREFIX = "pipeline-guard-run-"
_CHUNK = 64 * 1024
_IDLE = 0.5  # seconds without output after which an ended command counts as silent


class LocalProcess:
    """Starts commands on this machine with ``environ`` plus what is injected; nothing of ours reaches them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = {name: value for name, value in environ.items() if not name.startswith("PIPELINE_GUARD_")}

    def run(self, command: Sequence[str], injection: Injection) -> int:
        """Run a command to its end; a command killed by signal N gives 128 + N, as shells say it."""
        with _private_folder() as folder:
            child = self._start(command, {**self._environ, **_variables(injection, folder)})
            try:
                with _forwarding(child):
                    _pump(child, injection)
                    code = child.wait()
            except BaseException:  # whatever went wrong here, the command does not go on with its secrets
                child.kill()
                child.wait()
                raise
        return code if code >= 0 else 128 - code

    def _start(self, command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(list(command), env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        except FileNotFoundError:
            raise UsageError(f"no such command: {command[0][:100]}", "check its name and PATH") from None
        except PermissionError:
            raise UsageError(f"cannot run {command[0][:100]}: permission denied", "check that it is executable") from None
        except (OSError, ValueError) as error:
            raise UsageError(f"cannot run {command[0][:100]}: {type(error).__name__}") from None


def _variables(injection: Injection, folder: Path) -> dict[str, str]:
    """Return the variables of an injection, having written the files it asks for (0600)."""
    found: dict[str, str] = {}
    for item in injection.values:
        if item.delivery is Delivery.FILE:
            path = folder / item.variable
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(item.value.reveal())
            found[item.variable] = str(path)
            continue
        value = item.value.reveal()
        if b"\0" in value:
            raise UsageError(f"the secret for {item.variable} holds a NUL byte, which no variable can", "bind it with as: file")
        found[item.variable] = os.fsdecode(value)
    return found


@contextmanager
def _private_folder() -> Iterator[Path]:
    """Make a folder (0700) in memory where the system has such a place, and take it away at the end."""
    memory = Path("/dev/shm")  # noqa: S108  # a memory file system, not a predictable name
    parent = str(memory) if memory.is_dir() and os.access(memory, os.W_OK) else None
    _sweep(parent or tempfile.gettempdir())
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(parent: str) -> None:
    """Take away folders of runs that were killed before they could do it themselves."""
    for folder in Path(parent).glob(f"{_PREFIX}*"):
        number = folder.name.removeprefix(_PREFIX).partition("-")[0]
        try:
            if folder.lstat().st_uid == os.getuid() and number.isdecimal() and not _alive(int(number)):
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue


def _alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


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


def _pump(child: subprocess.Popen[bytes], injection: Injection) -> None:
    """Copy the child's output through the filter until both streams are closed."""
    secrets = [item.value for item in injection.values]
    routes: dict[int, tuple[IO[bytes], Redactor, int]] = {}
    with selectors.DefaultSelector() as selector:
        for stream, target in ((child.stdout, _descriptor(sys.stdout)), (child.stderr, _descriptor(sys.stderr))):
            if stream is not None:
                selector.register(stream, selectors.EVENT_READ)
                routes[stream.fileno()] = (stream, Redactor(secrets), target)
        while routes:
            ready = selector.select(_IDLE)
            if not ready and child.poll() is not None:  # what still holds the pipes is not the command
                break
            for key, _ in ready:
                stream, redactor, target = routes[key.fd]
                chunk = os.read(key.fd, _CHUNK)
                _write(target, redactor.feed(chunk) if chunk else redactor.finish())
                if not chunk:
                    selector.unregister(stream)
                    del routes[key.fd]
                    stream.close()
        for stream, redactor, target in routes.values():
            _write(target, redactor.finish())
            stream.close()


def _descriptor(stream: IO[str] | None) -> int:
    """Return a standard stream's descriptor; -1 where it was closed, for its number may now be another file's."""
    return stream.fileno() if stream is not None else -1


def _write(target: int, content: bytes) -> None:
    """Write all of it; a reader that went away, or a full disk, ends the copying, not the child."""
    view = memoryview(content if target >= 0 else b"")
    while view:
        try:
            view = view[os.write(target, view) :]
        except BlockingIOError:
            select.select([], [target], [])
        except OSError:
            return
