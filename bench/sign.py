# SPDX-License-Identifier: Apache-2.0
"""Signing and verifying a 256 MB model beside model-signing and openssl, as ratios to hashing with openssl.

    python bench/sign.py [MEGABYTES]

CPU seconds of whole processes, best of three, warm cache. The key is a throw-away one in memory: what is measured is
reading, hashing, statement and envelope, not the token.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
SIGN = """
import sys
from tests.fakes.signing import SigningPlace
from pipeline_guard.flows.sign import SignRequest, sign
place = SigningPlace()
sign(SignRequest(("model",), "", "signing", "ours.sig", "bench"), doors=place.sign_doors)
open("ours.pem", "w").write(place.key.public_pem)
"""


def cpu_seconds(*command: str) -> float:
    """Return user and system time of one run of a command; raise if it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def best(*command: str) -> float:
    """Return the best of three runs."""
    return min(cpu_seconds(*command) for _ in range(3))


def make_model(megabytes: int) -> None:
    """Write four large files and fifty small ones."""
    Path("model").mkdir()
    for number in range(4):
        with Path(f"model/weights-{number}.bin").open("wb") as stream:
            for _ in range(megabytes // 4):
                stream.write(os.urandom(1024 * 1024))
    for number in range(50):
        Path(f"model/small-{number}.json").write_text("{}" * number)


def table(rows: dict[str, Callable[[], float]]) -> None:
    """Measure every row and print it beside the first one."""
    base = 0.0
    for name, measure in rows.items():
        seconds = measure()
        base = base or seconds
        print(f"{name:<28} {seconds:6.2f} s   {seconds / base:5.2f}")


def main(megabytes: int) -> None:
    """Make the model, run everything, print the table."""
    python = sys.executable
    ours = (python, "-m", "pipeline_guard", "verify", "model", "--bundle", "ours.sig", "--key", "ours.pem")
    peer = (python, "-m", "model_signing")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        make_model(megabytes)
        files = sorted(str(path) for path in Path("model").iterdir())
        subprocess.run(["openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", "p.pem"], check=True, capture_output=True)
        subprocess.run(["openssl", "ec", "-in", "p.pem", "-pubout", "-out", "k.pem"], check=True, capture_output=True)
        print(f"{megabytes} MB model, CPU seconds and ratio to openssl (lower is better)")
        table(
            {
                "openssl dgst -sha256": lambda: best("openssl", "dgst", "-sha256", *files),
                "pipeline-guard sign": lambda: best(python, "-c", SIGN),
                "pipeline-guard verify": lambda: best(*ours),
                "model_signing sign": lambda: best(*peer, "sign", "key", "--signature", "p.sig", "--private_key", "p.pem", "model"),
                "model_signing verify": lambda: best(*peer, "verify", "key", "--signature", "p.sig", "--public_key", "k.pem", "model"),
            }
        )
        os.chdir(ROOT)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 256)
