# SPDX-License-Identifier: Apache-2.0
"""Signing and verifying beside model-signing, openssl, b3sum and cosign: a large model, many small files, one tiny file.

    python bench/sign.py [MEGABYTES [FILES [ROUNDS]]]

Each row is a whole process: CPU seconds (user and system), wall seconds and the largest memory, the best of some rounds that take
turns, caches warm. Ratios are of CPU, to the first row of a table. Programs that are not on PATH are left out. Where a row says "key in
memory", a throw-away key signs: what is measured is reading, hashing, statement and envelope, not the token.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYTHON = sys.executable
SIGN = """
import sys
from tests.fakes.signing import SigningPlace
from pipeline_guard.adapters.digest_memory import DigestMemory
from pipeline_guard.adapters.tree import LocalTree
from pipeline_guard.flows.sign import SignDoors, SignRequest, sign
place = SigningPlace()
d = place.sign_doors
doors = SignDoors(d.clock, d.files, LocalTree(memory=DigestMemory("home")), d.token, d.state, d.images)
sign(SignRequest((sys.argv[1],), "model", "signing", sys.argv[2], "bench", "", sys.argv[3], len(sys.argv) > 4), doors=doors)
open(sys.argv[2] + ".pem", "w").write(place.key.public_pem)
"""
MAPPED = """
import hashlib, mmap, sys
for path in sys.argv[2:]:
    with open(path, "rb") as stream:
        content = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) if stream.seek(0, 2) else b""
        if sys.argv[1] == "blake3":
            import blake3
            blake3.blake3(content).hexdigest()
        else:
            hashlib.new(sys.argv[1], content).hexdigest()
"""
PEER = """
import sys
from pathlib import Path
import model_signing as peer
act, algorithm, model, signature = sys.argv[1:]
hashing = peer.hashing.Config().use_file_serialization(hashing_algorithm=algorithm)
if act == "sign":
    hashing.set_ignored_paths(paths=[], ignore_git_paths=True)
    peer.signing.Config().set_hashing_config(hashing).use_elliptic_key_signer(private_key="p.pem").sign(Path(model), Path(signature))
else:
    peer.verifying.Config().use_elliptic_key_verifier(public_key="k.pem").verify(Path(model), Path(signature))
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took: CPU and wall seconds, memory in MB."""

    cpu: float
    wall: float
    memory: float


def cost(command: Sequence[str]) -> Cost:
    """Run one process; raise if it fails."""
    begun = time.monotonic()
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PIPELINE_GUARD_HOME": str(Path("home").absolute()), "COSIGN_PASSWORD": ""}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environ) as process:
        said = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)[:200]} failed: {said.decode('utf-8', 'replace')[-2000:]}")
    return Cost(usage.ru_utime + usage.ru_stime, time.monotonic() - begun, usage.ru_maxrss / 1024)


def table(title: str, rows: Mapping[str, Sequence[str]], rounds: int) -> None:
    """Run every row some times, by turns, and print the best beside the first row's."""
    found: dict[str, list[Cost]] = {name: [] for name in rows}
    for _ in range(rounds):
        for name, command in rows.items():
            found[name].append(cost(command))
    print(f"\n{title}\n{'':<44} {'CPU s':>8} {'ratio':>7} {'wall s':>8} {'MB':>6}", flush=True)
    base = 0.0
    for name, costs in found.items():
        cpu, wall = min(one.cpu for one in costs), min(one.wall for one in costs)
        base = base or cpu
        print(f"{name:<44} {cpu:8.2f} {cpu / base:7.2f} {wall:8.2f} {max(one.memory for one in costs):6.0f}")


def make_large(megabytes: int) -> list[str]:
    """Write four large files and fifty small ones; return the paths."""
    Path("large").mkdir()
    for number in range(4):
        with Path(f"large/weights-{number}.bin").open("wb") as stream:
            for _ in range(megabytes // 4):
                stream.write(os.urandom(1_000_000))
    for number in range(50):
        Path(f"large/small-{number}.json").write_text("{}" * number)
    return sorted(str(path) for path in Path("large").iterdir())


def make_small(count: int) -> None:
    """Write many small files, a hundred a folder."""
    for number in range(count):
        path = Path(f"small/{number // 100:04}/{number:06}.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}" * (number % 50))


def ours(act: str, model: str, signature: str, algorithm: str = "sha256", *more: str) -> list[str]:
    """Return our command for one act."""
    if act == "sign":
        return [PYTHON, "-c", SIGN, model, signature, algorithm, *more]
    flags = ["--reuse-digests"] if more else []
    return [PYTHON, "-m", "pipeline_guard", "verify", model, "--bundle", signature, "--key", f"{signature}.pem", *flags]


def peer(act: str, model: str, signature: str, algorithm: str = "sha256") -> list[str]:
    """Return model-signing's command for one act: its own program, or its library where that takes an algorithm."""
    if algorithm != "sha256":
        return [PYTHON, "-W", "ignore", "-c", PEER, act, algorithm, model, signature]
    key = ["--private_key", "p.pem"] if act == "sign" else ["--public_key", "k.pem"]
    return [PYTHON, "-m", "model_signing", act, "key", "--signature", signature, *key, model]


def large(megabytes: int, rounds: int) -> None:
    """Measure a large model."""
    files = make_large(megabytes)
    rows = {
        "hashlib over mmap, one thread": [PYTHON, "-c", MAPPED, "sha256", *files],
        "openssl dgst -sha256": ["openssl", "dgst", "-sha256", *files],
        "ours: sign, key in memory": ours("sign", "large", "o.sig"),
        "ours: verify": ours("verify", "large", "o.sig"),
        "ours: verify --reuse-digests, unchanged": ours("verify", "large", "o.sig", "sha256", "reuse"),
        "model_signing sign": peer("sign", "large", "p.sig"),
        "model_signing verify": peer("verify", "large", "p.sig"),
        "blake3 over mmap": [PYTHON, "-c", MAPPED, "blake3", *files],
        "ours: sign --digest blake3, key in memory": ours("sign", "large", "o3.sig", "blake3"),
        "ours: verify, blake3": ours("verify", "large", "o3.sig"),
        "model_signing's library: sign, blake3": peer("sign", "large", "p3.sig", "blake3"),
        "model_signing's library: verify, blake3": peer("verify", "large", "p3.sig", "blake3"),
    }
    if shutil.which("b3sum"):
        rows["b3sum"] = ["b3sum", *files]
    if shutil.which("cosign"):  # hashes one file of the model, a quarter of it
        keys = ["cosign", "import-key-pair", "--key", "p.pem", "--output-key-prefix", "c"]
        subprocess.run(keys, check=True, capture_output=True, env={**os.environ, "COSIGN_PASSWORD": ""})
        flags = ["--yes", "--tlog-upload=false", "--use-signing-config=false", "--key", "c.key"]
        rows["cosign sign-blob, a quarter"] = ["cosign", "sign-blob", *flags, "--bundle", "c.json", files[-1]]
        verify = ["cosign", "verify-blob", "--key", "k.pem", "--insecure-ignore-tlog", "--bundle", "c.json", files[-1]]
        rows["cosign verify-blob, a quarter"] = verify
    table(f"A model of {megabytes:,} MB in four large and fifty small files", rows, rounds)


def small(count: int, rounds: int) -> None:
    """Measure many small files."""
    make_small(count)
    time.sleep(4)  # digests of files written a moment ago are not remembered
    rows = {
        "ours: sign, key in memory": ours("sign", "small", "os.sig"),
        "ours: verify": ours("verify", "small", "os.sig"),
        "ours: sign, digests reused, unchanged": ours("sign", "small", "or.sig", "sha256", "reuse"),
        "ours: verify --reuse-digests, unchanged": ours("verify", "small", "os.sig", "sha256", "reuse"),
        "model_signing sign": peer("sign", "small", "ps.sig"),
        "model_signing verify": peer("verify", "small", "ps.sig"),
    }
    cost(rows["ours: sign, digests reused, unchanged"])
    table(f"{count:,} small files", rows, rounds)


def tiny(rounds: int) -> None:
    """Measure one tiny file, token and store included."""
    Path("tiny.txt").write_text("tiny\n")
    guard = [PYTHON, "-m", "pipeline_guard"]
    cost([*guard, "keys", "create", "signing"])
    cost([*guard, "keys", "export-public", "signing", "--output", "signing.pem"])
    sign = [*guard, "sign", "tiny.txt", "--key", "signing"]
    cost(sign)
    rows = {
        "python -c pass": [PYTHON, "-c", "pass"],
        "import sqlalchemy": [PYTHON, "-c", "import sqlalchemy"],
        "ours: sign, key in the token": sign,
        "ours: verify --key PEM": [*guard, "verify", "tiny.txt", "--key", "signing.pem"],
    }
    Path("one").mkdir()
    Path("one/tiny.txt").write_text("tiny\n")
    rows["model_signing sign"] = peer("sign", "one", "pt.sig")
    rows["model_signing verify"] = peer("verify", "one", "pt.sig")
    table("One tiny file", rows, max(rounds, 3))


def main(megabytes: int, count: int, rounds: int) -> None:
    """Make what is signed in a temporary folder, run everything, print the tables."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        subprocess.run(["openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", "p.pem"], check=True, capture_output=True)
        subprocess.run(["openssl", "ec", "-in", "p.pem", "-pubout", "-out", "k.pem"], check=True, capture_output=True)
        large(megabytes, rounds)
        shutil.rmtree("large")
        small(count, rounds)
        tiny(rounds)
        os.chdir(ROOT)


if __name__ == "__main__":
    main(*(int(word) for word in (*sys.argv[1:], *("2000", "20000", "2")[len(sys.argv) - 1 :])))
