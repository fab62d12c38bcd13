# SPDX-License-Identifier: Apache-2.0
"""Where the dry-run really runs this project's own shells: a private temporary folder, gone at the end.

The shells are those of this version, byte for byte, but for the set-up: instead of installing anything it names a folder with a
``pipeline-guard`` that hands its words to the rehearsing process over a Unix socket and repeats the answer. Nothing of the
repository under test is ever started.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.model.staged import Answer, Call, Staged
from pipeline_guard.ports import Shells

_LIMIT = 32 * 1024 * 1024  # bytes of one message or file
_KEPT = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "SYSTEMROOT", "PIPELINE_GUARD_HOME", "XDG_DATA_HOME")
PROJECT = "temp/project"  # in it a shell stands, where on the forge the checkout is
_TRIES = 60_000  # looks at a shell that runs, 10 ms each: ten minutes
_LONGEST = 100  # bytes of a socket's path; the system allows 108
_CLIENT = """\
import base64, json, os, socket, sys
line = socket.socket(socket.AF_UNIX)
line.connect({path!r})
environment = {{name: value for name, value in os.environ.items()}}
message = json.dumps({{"words": sys.argv[1:], "environment": environment, "folder": os.getcwd()}}).encode()
line.sendall(len(message).to_bytes(8, "big") + message)
answer = json.loads(line.makefile("rb").read())
for stream, name in ((sys.stdout, "out"), (sys.stderr, "err")):
    stream.buffer.write(base64.b64decode(answer[name]))
    stream.flush()
sys.exit(answer["code"])
"""


class TemporaryStage:
    """One folder; ``answer`` is what the command says when a shell calls it."""

    def __init__(self, shells: Shells, environ: Mapping[str, str], answer: Callable[[Call], Answer]) -> None:
        self._answer = answer
        self._kept = {name: environ[name] for name in _KEPT if name in environ}
        try:
            self.folder = tempfile.mkdtemp(prefix="pg-")
            if len(self.folder) > _LONGEST - 2:  # the socket's name would not fit
                shutil.rmtree(self.folder)
                self.folder = tempfile.mkdtemp(prefix="pg-", dir="/tmp")
        except OSError as error:
            raise Unavailable(f"no temporary folder: {(error.strerror or 'error').lower()}", "make room, or set TMPDIR") from None
        self._socket = socket.socket(socket.AF_UNIX)
        self._count = 0
        self._ended = 0  # by which signal
        self._before: dict[int, Any] = {}
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._end) for number in (signal.SIGTERM, signal.SIGHUP)}
        try:
            self._set_up(shells)
        except BaseException:
            self.__exit__()
            raise

    def _set_up(self, shells: Shells) -> None:
        at = str(Path(self.folder, "s"))
        self._socket.bind(at)
        self._socket.listen(8)
        client = self.place("client.py", _CLIENT.format(path=at).encode())
        quoted = "'" + sys.executable.replace("'", "'\\''") + "'"
        command = self.place("bin/pipeline-guard", f'#!/bin/sh\nexec {quoted} -I -S {client} "$@"\n'.encode())
        Path(command).chmod(0o700)
        for path in shells.paths():
            self.place(f"guard/{path}", shells.read(path) or b"")
        self.place("guard/actions/_setup/setup.sh", f"#!/bin/sh\nprintf '%s\\n' '{self.folder}/bin'\n".encode())
        for name in ("temp", "files", "temp/project"):
            Path(self.folder, name).mkdir(mode=0o700, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_why: object) -> None:
        self._socket.close()
        try:
            shutil.rmtree(self.folder, ignore_errors=True)
        except KeyboardInterrupt:  # an impatient person leaves nothing behind either
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        finally:
            for number, handler in self._before.items():
                signal.signal(number, handler)
            if self._ended:
                os.kill(os.getpid(), self._ended)

    def _end(self, number: int, _frame: object) -> None:
        """Go the way of an interrupt, so that the folder is taken away, and then end by the signal as if nobody had caught it."""
        self._ended = number
        raise KeyboardInterrupt

    def has(self, program: str) -> bool:
        """Tell whether a program is on the search path."""
        return shutil.which(program, path=self._kept.get("PATH")) is not None

    def place(self, name: str, content: bytes) -> str:
        """Write a file, its folders too."""
        path = Path(self.folder, name)
        if ".." in path.parts or not path.is_relative_to(self.folder):  # Defensive: names are ours
            raise UsageError(f"no name for a file here: {name[:60]!r}")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_bytes(content)
        return str(path)

    def execute(self, words: Sequence[str], environment: Mapping[str, str], files: Sequence[str]) -> Staged:
        """Run a shell to its end, answering its calls of our command. It stands in an empty folder: what it writes is gone at the end."""
        self._count += 1
        named = {name: self.place(f"files/{self._count}-{name}", b"") for name in files}
        said = Path(self.folder, "files", f"{self._count}-said")
        whole = {**self._kept, **environment, **named, "TMPDIR": str(Path(self.folder, "temp"))}
        with said.open("wb") as stream:
            try:
                child = subprocess.Popen(
                    list(words),
                    env=whole,
                    cwd=f"{self.folder}/{PROJECT}",
                    stdin=subprocess.DEVNULL,
                    stdout=stream,
                    stderr=stream,
                    start_new_session=True,
                )
            except OSError as error:
                raise Unavailable(f"cannot start {words[0]}: {(error.strerror or 'error').lower()}", f"install {words[0]}") from None
            try:
                self._serve(child)
            finally:
                if child.poll() is None:
                    os.killpg(child.pid, signal.SIGKILL)
                    child.wait()
        written = {name: Path(path).read_bytes()[:_LIMIT] for name, path in named.items()}
        code = child.returncode if child.returncode >= 0 else 128 - child.returncode
        return Staged(code, said.read_bytes()[:_LIMIT].decode("utf-8", "replace"), written)

    def _serve(self, child: subprocess.Popen[bytes]) -> None:
        for _ in range(_TRIES):
            if child.poll() is not None:
                return
            if not select.select([self._socket], [], [], 0.01)[0]:
                continue
            line, _address = self._socket.accept()
            with line, line.makefile("rb") as stream:
                size = int.from_bytes(stream.read(8), "big")
                if size > _LIMIT:  # Defensive: only our own client speaks here
                    continue
                asked = json.loads(stream.read(size))
                answer = self._answer(Call(tuple(asked["words"]), asked["environment"], asked["folder"]))
                reply = {"code": answer.code, "out": _text(answer.out), "err": _text(answer.err)}
                line.sendall(json.dumps(reply).encode())
        raise Unavailable("a rehearsed shell does not end", "the command of the step hangs: run it by itself to see where")


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
