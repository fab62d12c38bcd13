# SPDX-License-Identifier: Apache-2.0
"""What every test gets: a clean environment, a home of its own, throw-away repositories, the installed command."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline_guard.adapters.cloud.opening import open_service
from pipeline_guard.adapters.cloud.token import CloudToken
from pipeline_guard.adapters.hsm.embedded import open_token
from pipeline_guard.adapters.hsm.pkcs11 import Pkcs11Token
from tests.postgres import PostgresServer

SCRUBBED = ("PIPELINE_GUARD_", "GITHUB_", "GITLAB_", "CI_", "RUNNER_", "ACTIONS_", "GIT_", "INPUT_", "STATE_")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No variable of a forge, of git or of ours reaches a test; HOME and the token's home are temporary."""
    for name in list(os.environ):
        if name.startswith(SCRUBBED) or name == "CI":
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("PIPELINE_GUARD_HOME", str(home / "guard"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.org")


@pytest.fixture(scope="session")
def embedded_token(tmp_path_factory: pytest.TempPathFactory) -> Pkcs11Token:
    """A real SoftHSM token, opened; one for the whole session, because the module belongs to the process."""
    token = open_token(str(tmp_path_factory.mktemp("token")), uri="", module="", pin="", environ={})
    token.facts()
    return token


@pytest.fixture(scope="module")
def aws_kms() -> Iterator[CloudToken]:
    """AWS KMS as moto's server plays it, in a process of its own, over real HTTP."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None, "moto's server does not start"
            assert time.monotonic() < deadline, "moto's server does not answer"
            time.sleep(0.1)
        patch = pytest.MonkeyPatch()
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        token = open_service(f"awskms://127.0.0.1:{port}/?region=eu-central-1&scheme=http", pin="", environ={})
        token.facts()
        patch.undo()
        yield token
    finally:
        server.kill()
        server.wait()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL server, one for the whole session."""
    server = PostgresServer()
    yield server
    server.remove()


class Repository:
    """A throw-away git repository."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> str:
        """Run git in the repository; return what it prints, stripped."""
        return subprocess.run(["git", *words], cwd=self.path, check=True, capture_output=True, text=True).stdout.strip()

    def write(self, name: str, content: str | bytes) -> Path:
        """Write one file below the repository."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def commit(self, message: str = "change", files: Mapping[str, str | bytes] | None = None) -> str:
        """Write ``files``, add everything, commit; return the commit id."""
        for name, content in (files or {}).items():
            self.write(name, content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An empty repository on branch main."""
    return Repository(tmp_path / "repository")


@dataclass(frozen=True)
class Outcome:
    """What a command gave back."""

    code: int
    out: str
    err: str


@pytest.fixture
def guard(tmp_path: Path) -> Callable[..., Outcome]:
    """Run ``pipeline-guard`` as a process of its own: ``guard("scan", cwd=..., stdin=..., env=...)``."""

    def run(*words: str, cwd: Path | None = None, stdin: str | bytes = b"", env: Mapping[str, str] | None = None) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-m", "pipeline_guard", *words],
            cwd=cwd or tmp_path,
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "PYTHONUTF8": "1", **(env or {})},
            timeout=120,
        )
        return Outcome(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))

    return run


def pytest_make_parametrize_id(val: object) -> str | None:
    """Number long byte strings: archives hold the time of day, certificates chance, and processes that share the tests must agree on names."""
    return "bytes" if isinstance(val, bytes) and len(val) > 16 else None
