# SPDX-License-Identifier: Apache-2.0
"""Values for later steps of a job: masked first, then written to private files or the forge's environment file.

GitHub's file grammar and masks: docs.github.com, "Workflow commands for GitHub Actions". A value with a line break needs
the heredoc form; its delimiter is random, so that no value can end it early.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from pipeline_guard.adapters.home import private_folder
from pipeline_guard.adapters.redaction import SHORTEST
from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.model.lease import Delivery, Injected, Injection


class JobHandover:
    """Private files under the runner's temporary folder, else under our home; one folder a holder."""

    def __init__(self, home: str, environ: Mapping[str, str]) -> None:
        self._home = home
        self._environ = environ

    def deliver(self, injection: Injection, holder: str, *, as_files: bool) -> str:
        """Write what a job gets; a value that a variable cannot carry is refused before anything is written."""
        for item in injection.values:
            if not as_files and item.delivery is Delivery.ENV and b"\0" in item.value.reveal():
                raise UsageError(f"the secret for {item.variable} holds a NUL byte, which no variable can", "bind it with as: file")
        if self._environ.get("GITHUB_ACTIONS") == "true":
            self._mask(injection)
        folder = self._folder(holder)
        self.remove(holder)
        private_folder(str(folder))
        pairs: list[tuple[str, bytes]] = []
        for item in injection.values:
            if as_files or item.delivery is Delivery.FILE:
                pairs.append((item.variable + ("_FILE" if item.delivery is Delivery.ENV else ""), os.fsencode(_write(folder, item))))
            else:
                pairs.append((item.variable, item.value.reveal()))
        target = self._environ.get("GITHUB_ENV", "")
        if target:
            _append(Path(target), b"".join(_heredoc(name, value) for name, value in pairs))
            return ""
        lines = "".join(f"export {name}={shlex.quote(os.fsdecode(value))}\n" for name, value in pairs)
        path = folder / "variables.sh"
        _create(path, os.fsencode(lines))
        return str(path)

    def remove(self, holder: str) -> None:
        """Take the holder's folder away."""
        folder = self._folder(holder)
        if folder.is_symlink():  # not ours: the name can be guessed, and somebody was first
            raise Unavailable(f"{folder} is a symbolic link that somebody planted", "remove it and whatever lies behind it")
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            raise Unavailable(f"cannot remove {folder}", "remove it by hand: it holds secrets")

    def _folder(self, holder: str) -> Path:
        base = self._environ.get("RUNNER_TEMP", "") or str(Path(self._home) / "jobs")
        return Path(base) / f"pipeline-guard-{hashlib.sha256(holder.encode()).hexdigest()[:16]}"

    def _mask(self, injection: Injection) -> None:
        """Tell the runner what to hide, before the value stands anywhere; every line of a value for itself."""
        words: set[bytes] = set()
        for item in injection.values:
            value = item.value.reveal()
            words |= {word for word in (value, *(line.strip() for line in value.splitlines())) if len(word) >= SHORTEST}
        try:
            for word in sorted(words):
                escaped = word.replace(b"%", b"%25").replace(b"\r", b"%0D").replace(b"\n", b"%0A")
                sys.stdout.buffer.write(b"::add-mask::" + escaped + b"\n")
            sys.stdout.buffer.flush()
        except (OSError, AttributeError, ValueError):
            raise Unavailable(
                "the masks cannot be written to standard output", "nothing was handed out: mend the runner's output"
            ) from None


def _write(folder: Path, item: Injected) -> str:
    path = folder / item.variable
    _create(path, item.value.reveal())
    return str(path)


def _create(path: Path, content: bytes) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
    except OSError as error:
        raise Unavailable(f"cannot write {path.name}: {(error.strerror or 'error').lower()}", "check space and permissions") from None


def _append(path: Path, content: bytes) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "ab") as stream:
            stream.write(content)
    except OSError as error:
        raise Unavailable(f"cannot write the environment file: {(error.strerror or 'error').lower()}", "check GITHUB_ENV") from None


def _heredoc(name: str, value: bytes) -> bytes:
    mark = f"guard_{secrets.token_hex(16)}".encode()
    return name.encode() + b"<<" + mark + b"\n" + value + b"\n" + mark + b"\n"
