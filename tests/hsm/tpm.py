# SPDX-License-Identifier: Apache-2.0
"""A token of tpm2-pkcs11 on a software TPM, started for one test."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PIN = "98" + "7654"
_SO_PIN = "12345678"
_PATIENCE = 30.0  # seconds for one start


def library(name: str) -> str:
    """Return the path of a PKCS#11 module."""
    found = [path for pattern in ("*/", "*/nss/", "*/pkcs11/", "") for path in Path("/usr/lib").glob(pattern + name)]
    assert found, f"{name} is missing: make prerequisites installs it"
    return str(found[0])


class Tpm:
    """A software TPM that can be killed and started again at its place, and the PKCS#11 module over it."""

    def __init__(self, folder: Path) -> None:
        self.module = library("libtpm2_pkcs11.so")
        self._folder = folder
        for name in ("state", "store"):
            (folder / name).mkdir()
        self._port, self._process = next(started for _ in range(20) if (started := self._try(_free_pair())))

    @property
    def environment(self) -> dict[str, str]:
        """What the module wants to know, and nothing else."""
        place = {"TPM2_PKCS11_STORE": str(self._folder / "store"), "TPM2_PKCS11_TCTI": f"swtpm:host=127.0.0.1,port={self._port}"}
        return {**place, "TPM2_PKCS11_LOG_LEVEL": "0", "TSS2_LOG": "all+none"}

    def start_again(self) -> None:
        """Start it where it was."""
        started = self._try(self._port)
        assert started, "swtpm does not start again"
        self._port, self._process = started

    def kill(self) -> None:
        """Kill it at once."""
        self._process.kill()
        self._process.wait()

    def tool(self, *words: str) -> None:
        """Have OpenSC's tool do something with the module."""
        environment = {**os.environ, **self.environment}
        subprocess.run(["pkcs11-tool", "--module", self.module, *words], env=environment, check=True, capture_output=True, timeout=60)

    def _try(self, port: int) -> tuple[int, subprocess.Popen[bytes]] | None:
        """Start it at a pair of ports; None where it ends at once, for somebody else took one of them meanwhile."""
        words = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self._folder / 'state'}", "--server", f"type=tcp,port={port}"]
        words += ["--ctrl", f"type=tcp,port={port + 1}", "--flags", "not-need-init,startup-clear"]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + _PATIENCE
        while process.poll() is None:
            with socket.socket() as probe:
                answers = probe.connect_ex(("127.0.0.1", port + 1)) == 0
            time.sleep(0.1)  # who answers may be somebody else's, and ours about to end
            if answers and process.poll() is None:
                return port, process
            if time.monotonic() > deadline:
                process.kill()
                process.wait()
                raise AssertionError("swtpm does not answer")
        return None


@contextmanager
def tpm_token(folder: Path, pin: str = PIN) -> Iterator[Tpm]:
    """Start a TPM, set the token "tpm" up on it, and kill it at the end."""
    tpm = Tpm(folder)
    try:
        tpm.tool("--slot-index", "0", "--init-token", "--label", "tpm", "--so-pin", _SO_PIN)
        tpm.tool("--token-label", "tpm", "--login", "--login-type", "so", "--so-pin", _SO_PIN, "--init-pin", "--pin", pin)
        yield tpm
    finally:
        tpm.kill()


def _free_pair() -> int:
    """Return a port that is free together with the next one."""
    for port in range(23210 + os.getpid() % 500 * 2, 64000, 2):
        with socket.socket() as one, socket.socket() as two:
            try:
                one.bind(("127.0.0.1", port))
                two.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise AssertionError("no free ports")
