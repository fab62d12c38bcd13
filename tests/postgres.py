# SPDX-License-Identifier: Apache-2.0
"""A real PostgreSQL server for one test session: an own folder, an own port, an unprivileged user, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

USER = "guard"


class PostgresServer:
    """One server; each ``database`` is new and empty. The superuser ``guard`` has a password over TCP."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="guard-pg-", dir="/tmp"))
        self.password = os.urandom(12).hex()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._account = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        self._programs = _programs()
        self._number = 0
        self._server: subprocess.Popen[bytes] | None = None
        if self._account:
            os.chown(self.folder, self._account.pw_uid, self._account.pw_gid)
        password = self.folder / "password"
        password.write_text(self.password)
        if self._account:
            os.chown(password, self._account.pw_uid, self._account.pw_gid)
        words = [
            "-D",
            str(self.folder / "data"),
            "-U",
            USER,
            "-A",
            "scram-sha-256",
            f"--pwfile={password}",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ]
        subprocess.run([self._programs / "initdb", "--no-sync", *words], check=True, capture_output=True, **self._as())
        self.start()

    def _as(self) -> dict[str, object]:
        """A server does not run as root."""
        if self._account is None:
            return {"cwd": self.folder}
        return {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": [], "cwd": self.folder}

    def start(self, *options: str) -> None:
        """Start the server and wait until it answers."""
        words = [
            "-D",
            str(self.folder / "data"),
            "-p",
            str(self.port),
            "-k",
            str(self.folder),
            "-c",
            "listen_addresses=127.0.0.1",
            *options,
        ]
        log = (self.folder / "log").open("ab")
        self._server = subprocess.Popen([self._programs / "postgres", *words], stdout=log, stderr=log, **self._as())
        log.close()
        end = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > end or self._server.poll() is not None:
                    raise
                time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT ends sessions and stops, SIGQUIT stops as a crash would."""
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(60)
            self._server = None

    def remove(self) -> None:
        """Stop the server and take its folder away."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str) -> str:
        """Return the URL of a database."""
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def database(self) -> str:
        """Make a database; return its URL."""
        self._number += 1
        name = f"store_{self._number}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)


def _programs() -> Path:
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]) if path.parts[4].isdecimal() else 0
    )
    if found:
        return found[-1].parent
    path = shutil.which("initdb")
    if path is None:
        raise RuntimeError("PostgreSQL is missing: .ci/prerequisites.sh postgresql")
    return Path(path).resolve().parent
