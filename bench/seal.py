# SPDX-License-Identifier: Apache-2.0
"""Sealing and unsealing a large file beside age and openssl in one run, as ratios to copying it with cat.

    python bench/seal.py [MEGABYTES] [FOLDER]

CPU seconds of whole processes, best of three, on one core where the system can pin, warm cache. The key is a throw-away one
in memory: what is measured is reading, encrypting and writing, not the token. openssl enc has no authenticated mode, so it
stands for a bare cipher; `openssl speed` is the cipher alone, from memory to memory. What starting Python costs is a row of its own.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
START = "import sys; from tests.fakes.sealing import SealingPlace; place = SealingPlace()\n"
SEAL = START + "place.seal('plain', output='ours.sealed', force=True)"
SEAL_CHUNK = (
    START + "import pipeline_guard.flows.seal as s; s.CHUNK = int(sys.argv[1]) * 1024; place.seal('plain', output='chunk', force=True)"
)
UNSEAL = START + "place.unseal('ours.sealed', 'out', force=True)"
VERIFY = START + (
    "from pipeline_guard.flows.unseal import opened\n"
    "with opened('ours.sealed', doors=place.doors.unseal) as sealed: print(sum(map(len, sealed.payload.chunks())))"
)
PART = START + "place.part('ours.sealed', 77_000_000, 1000)"
AES = "openssl", "enc", "-aes-256-ctr", "-K", "0" * 64, "-iv", "0" * 32


def cost(*command: str, source: str = "", target: str = "") -> tuple[float, float]:
    """Return CPU and wall seconds of the best of three runs of a command; raise if it fails."""
    best = (float("inf"), float("inf"))
    for _ in range(3):
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        with Path(source or os.devnull).open("rb") as stdin, Path(target or os.devnull).open("wb") as stdout:
            subprocess.run(
                command, check=True, stdin=stdin, stdout=stdout, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(ROOT)}
            )
        after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - begun
        best = min(best, (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall))
    return best


def pin() -> None:
    """Stay on one core, and so do the children."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def speed(cipher: str) -> None:
    """Print what openssl's own measurement says of a cipher in memory."""
    done = subprocess.run(
        ["openssl", "speed", "-seconds", "1", "-bytes", "524288", "-evp", cipher], capture_output=True, text=True, check=True
    )
    found = re.findall(r"([0-9.]+)k$", done.stdout.strip())
    if found:
        print(f"{'openssl speed ' + cipher:<44} {'':>8} {float(found[0]) / 1e6:7.2f} GB/s")


def main(megabytes: int, folder: str) -> None:
    """Make the file, run everything, print the table."""
    pin()
    python = sys.executable
    rows: list[tuple[str, tuple[str, ...], str, str]] = [
        ("cat", ("cat",), "plain", "out"),
        ("pipeline-guard seal", (python, "-c", SEAL), "", ""),
        ("pipeline-guard unseal", (python, "-c", UNSEAL), "", ""),
        ("pipeline-guard, verify every chunk", (python, "-c", VERIFY), "", ""),
        ("pipeline-guard, 1000 bytes of it", (python, "-c", PART), "", ""),
        ("python, imports only", (python, "-c", START), "", ""),
        ("openssl enc -aes-256-ctr (no integrity)", AES, "plain", "openssl.enc"),
        ("openssl enc -d", (*AES, "-d"), "openssl.enc", "out"),
    ]
    with tempfile.TemporaryDirectory(dir=folder or None) as place:
        os.chdir(place)
        with Path("plain").open("wb") as stream:
            block = os.urandom(1024 * 1024)
            for _ in range(megabytes):
                stream.write(block)
        if shutil.which("age"):
            subprocess.run(["age-keygen", "-o", "key"], check=True, capture_output=True)
            public = re.search(r"age1[0-9a-z]+", Path("key").read_text())
            assert public  # noqa: S101
            rows.append(("age", ("age", "-r", public[0], "-o", "age.out", "plain"), "", ""))
            rows.append(("age -d", ("age", "-d", "-i", "key", "-o", "out", "age.out"), "", ""))
        rows += [(f"seal, chunks of {size} KiB", (python, "-c", SEAL_CHUNK, str(size)), "", "") for size in (64, 256, 512, 1024, 4096)]
        print(f"{megabytes} MiB on one core: CPU seconds, throughput by CPU time, ratio to cat (lower is better), wall seconds")
        base = 0.0
        for name, command, source, target in rows:
            cpu, wall = cost(*command, source=source, target=target)
            base = base or cpu
            print(f"{name:<44} {cpu:6.2f} s {megabytes * 1.048576e-3 / cpu:7.2f} GB/s {cpu / base:7.2f} {wall:8.2f} s", flush=True)
        os.chdir(ROOT)
    speed("aes-256-gcm")
    speed("chacha20-poly1305")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1024, sys.argv[2] if len(sys.argv) > 2 else "")
