# SPDX-License-Identifier: Apache-2.0
"""Values for later steps of a job: masked first, then written to private files, or to the forge's files of variables or outputs.

GitHub's file grammar and masks: docs.github.com, "Workflow commands for GitHub Actions". A value with a line break needs
the heredoc form; its delimiter is random, so that no value can end it early. GitLab has no masks at run time and its dotenv
reports can be downloaded: there only private files are written.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline_guard.adapters.disguise import maskable, masks
from pipeline_guard.adapters.home import private_folder
from pipeline_guard.adapters.private_files import create
from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.model.lease import Delivery, Injected, Injection, Target

_FILES = {Target.FILES: "GITHUB_ENV", Target.ENV: "GITHUB_ENV", Target.OUTPUT: "GITHUB_OUTPUT"}


class JobHandover:
    """Private files under the runner's temporary folder, else under our home; one folder a holder. ``warn`` tells people."""

    def __init__(self, home: str, environ: Mapping[str, str], warn: Callable[[str], None] = lambda _text: None) -> None:
        self._home = home
        self._environ = environ
        self._warn = warn

    def deliver(self, injection: Injection, holder: str, target: Target) -> str:
        """Write what a job gets; what cannot go that way is refused before anything is written."""
        on_github = self._environ.get("GITHUB_ACTIONS") == "true"
        shared = self._environ.get(_FILES[target], "")
        if target is Target.OUTPUT and not shared:
            raise UsageError(
                "there are no step outputs here: GITHUB_OUTPUT is not set", "use --target files, or run this in GitHub Actions"
            )
        names = {item.variable: _name(item, target) for item in injection.values}
        for item in injection.values:
            _check(item, target, names, on_github=on_github)
        if on_github:
            self._mask(injection)
        folder = self._folder(holder)
        self.remove(holder)
        private_folder(str(folder))
        pairs: list[tuple[str, bytes]] = []
        for item in injection.values:
            as_file = target is Target.FILES or item.delivery is Delivery.FILE
            content = os.fsencode(create(folder / item.variable, item.value.reveal())) if as_file else item.value.reveal()
            pairs.append((names[item.variable], content))
        if shared:
            _append(Path(shared), b"".join(_heredoc(name, value) for name, value in pairs), _FILES[target])
            return ""
        lines = "".join(f"export {name}={shlex.quote(os.fsdecode(value))}\n" for name, value in pairs)
        return create(folder / "variables.sh", os.fsencode(lines))

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
            words |= set(masks(value))
            if not maskable(value):
                self._warn(f"{item.variable} is too short or too common to be masked: do not print it")
        try:
            for word in sorted(words):
                escaped = word.replace(b"%", b"%25").replace(b"\r", b"%0D").replace(b"\n", b"%0A")
                sys.stdout.buffer.write(b"::add-mask::" + escaped + b"\n")
            sys.stdout.buffer.flush()
        except (OSError, AttributeError, ValueError):
            raise Unavailable(
                "the masks cannot be written to standard output", "nothing was handed out: mend the runner's output"
            ) from None


def _name(item: Injected, target: Target) -> str:
    """Return the variable's name; a file that stands in for a value says so."""
    return item.variable + ("_FILE" if target is Target.FILES and item.delivery is Delivery.ENV else "")


def _check(item: Injected, target: Target, names: Mapping[str, str], *, on_github: bool) -> None:
    """Raise UsageError for a value that cannot go as it shall."""
    name = names[item.variable]
    if list(names.values()).count(name) > 1:
        raise UsageError(f"two secrets would be handed out as {name}", "bind one of them to another name")
    if target is Target.FILES or item.delivery is Delivery.FILE:
        return
    value = item.value.reveal()
    if b"\0" in value:
        raise UsageError(f"the secret for {item.variable} holds a NUL byte, which no variable can", "bind it with as: file")
    if on_github and not maskable(value):
        raise UsageError(f"the secret for {item.variable} is too short or too common to be masked", "bind it with as: file")
    if on_github and not _is_text(value):
        raise UsageError(f"the secret for {item.variable} is no UTF-8, which the runner would change", "bind it with as: file")


def _is_text(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _append(path: Path, content: bytes, name: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "ab") as stream:
            stream.write(content)
    except OSError as error:
        raise Unavailable(f"cannot write the file of {name}: {(error.strerror or 'error').lower()}", f"check {name}") from None


def _heredoc(name: str, value: bytes) -> bytes:
    mark = f"guard_{secrets.token_hex(32)}".encode()  # 256 bits
    if mark in value:  # Defensive: nobody can have known it
        raise UsageError(f"the secret for {name} holds the mark of its own end", "try again")
    return name.encode() + b"<<" + mark + b"\n" + value + b"\n" + mark + b"\n"
