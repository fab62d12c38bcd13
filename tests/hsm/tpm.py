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

from tests.hsm.test_reconnect import free_pair, library


@contextmanager
def tpm_token(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Start a TPM and set the token "tpm" up on it; give the module's path and the environment it wants."""
    port = free_pair()
    for name in ("state", "store"):
        (folder / name).mkdir()
    place = {"TPM2_PKCS11_STORE": str(folder / "store"), "TPM2_PKCS11_TCTI": f"swtpm:host=127.0.0.1,port={port}"}
    environment = {**os.environ, **place, "TPM2_PKCS11_LOG_LEVEL": "0", "TSS2_LOG": "all+none"}
    words = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder / 'state'}", "--server", f"type=tcp,port={port}"]
    process = subprocess.Popen([*words, "--ctrl", f"type=tcp,port={port + 1}", "--flags", "not-need-init,startup-clear"])
    try:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port + 1)) == 0:
                    break
            time.sleep(0.05)
        module = library("libtpm2_pkcs11.so")
        for setting in (
            ["--slot-index", "0", "--init-token", "--label", "tpm", "--so-pin", "12345678"],
            ["--token-label", "tpm", "--login", "--login-type", "so", "--so-pin", "12345678", "--init-pin", "--pin", "98" + "7654"],
        ):
            subprocess.run(["pkcs11-tool", "--module", module, *setting], env=environment, check=True, capture_output=True, timeout=60)
        yield module, environment
    finally:
        process.kill()
        process.wait()
