# SPDX-License-Identifier: Apache-2.0
"""The output filter of ``run --``: MB a second of text and of logs full of values, and a command's output through it beside ``cat``.

CPU seconds of this process, so that what else runs on the machine counts little; bounded to some 30 seconds.
"""

from __future__ import annotations

import base64
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from pipeline_guard.adapters.redaction import Redactor  # noqa: E402
from pipeline_guard.model.secret import Secret  # noqa: E402

CHUNK = 64 * 1024
SIZE = 256 * 1024 * 1024


def values() -> dict[str, list[bytes]]:
    """Return sets of secrets: made here, and nowhere used."""
    drawn = [hashlib.sha512(bytes((number,))).digest() for number in range(60)]
    key = b"-----BEGIN " + b"PRIVATE KEY-----\n" + base64.encodebytes(b"".join(drawn[:36])) + b"-----END " + b"PRIVATE KEY-----\n"
    return {
        "1 token": [base64.b64encode(drawn[0][:30])],
        "5 tokens": [base64.b64encode(each[:30]) for each in drawn[:5]],
        "50 tokens": [base64.b64encode(each[:30]) for each in drawn[:50]],
        "1 private key": [key],
        "64 KiB": [base64.encodebytes(b"".join(drawn) * 12)[:65536]],
    }


def filtered(secrets: list[bytes], text: bytes, rounds: int) -> tuple[float, float]:
    """Return seconds of CPU to prepare the filter, and MB a second through it."""
    begun = time.process_time()
    redactor = Redactor([Secret(value) for value in secrets])
    ready = time.process_time()
    for _ in range(rounds):
        for place in range(0, len(text), CHUNK):
            redactor.feed(text[place : place + CHUNK])
    return ready - begun, rounds * len(text) / 1e6 / (time.process_time() - ready)


def main() -> None:
    """Print one row a measurement."""
    text = b"".join(path.read_bytes() for path in sorted((ROOT / "pipeline_guard").rglob("*.py")))[: 2 * 1024 * 1024]
    print(f"{'secrets':<16} {'ready ms':>9} {'MB/s text':>10} {'MB/s, a value in every 1,000 bytes':>36}")
    for name, secrets in values().items():
        ready, speed = filtered(secrets, text, 20)
        word = b" " + secrets[0][:40].strip() + b" "
        dense = b"".join(text[place : place + 1000] + word for place in range(0, 512 * 1024, 1000))
        print(f"{name:<16} {ready * 1000:9.0f} {speed:10.0f} {filtered(secrets, dense, 4)[1]:36.0f}")
    with tempfile.TemporaryDirectory() as folder:
        through(Path(folder), text)


def through(folder: Path, text: bytes) -> None:
    """Compare ``cat FILE | cat`` with ``run -- cat FILE | cat``: user and system seconds of everything that takes part."""
    big = folder / "big"
    with big.open("wb") as stream:
        for _ in range(SIZE // len(text)):
            stream.write(text)
    size = big.stat().st_size / 1e6
    (folder / ".pipeline-guard.yml").write_text("version: 1\nsecrets: {A_SECRET: {from: a}}\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PIPELINE_GUARD_HOME": str(folder / "home")}
    guard = f"{sys.executable} -m pipeline_guard"
    subprocess.run([*guard.split(), "secrets", "put", "a"], cwd=folder, env=environment, input=values()["1 token"][0], check=True)
    rows = {"cat | cat": f"cat {big} | cat", "run -- true": f"{guard} run -- true", "run -- cat | cat": f"{guard} run -- cat {big} | cat"}
    spent: dict[str, float] = {}
    for name, line in rows.items():
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(["sh", "-c", f"{line} >/dev/null"], cwd=folder, env=environment, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent[name] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(f"{name:<20} {time.perf_counter() - begun:6.2f} s, CPU {spent[name]:6.2f} s, largest {after.ru_maxrss // 1024} MiB")
    net = spent["run -- cat | cat"] - spent["run -- true"]
    print(f"{size / net:.0f} MB a second of CPU through the filter, start excluded; cat | cat {size / spent['cat | cat']:.0f}")


if __name__ == "__main__":
    main()
