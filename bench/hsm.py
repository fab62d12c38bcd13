# SPDX-License-Identifier: Apache-2.0
"""P-256 signatures a second in one SoftHSM token: our adapter, and the same through our store, beside a bare C loop.

    python bench/hsm.py [SECONDS]

The bare loop is C_SignInit and C_Sign with a handle that was found once: through ctypes, and compiled where there is a
compiler. It makes nothing around the call: no SHA-256 of the message, no DER, no check that the key is still the one meant.
All take turns over the same key in rounds of a twentieth of a second; each is given by its median round. Seconds are CPU
seconds of the thread, which other load on the machine disturbs least; pkcs11-tool's are of the clock.
"""

from __future__ import annotations

import ctypes
import hashlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from pipeline_guard.adapters.clock import SystemClock
from pipeline_guard.adapters.hsm import cryptoki
from pipeline_guard.adapters.hsm.embedded import open_token
from pipeline_guard.adapters.sql.state import SqlState
from pipeline_guard.flows.key_use import GovernedToken
from pipeline_guard.model.key import KeyType, KeyUsage

ROUND = 0.05  # CPU seconds
C_LOOP = r"""
#include <time.h>
typedef unsigned long u;
typedef struct { u mechanism; void *parameter; u length; } mechanism;
/* returns calls a second, or the negative answer of the token */
double sign_loop(void *init, void *sign, u session, u key, double seconds) {
    unsigned char digest[32] = {1}, out[256];
    mechanism ecdsa = {0x1041, 0, 0};
    struct timespec begun, now;
    long count = 0;
    double passed;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begun);
    do {
        u length = sizeof out;
        u answer = ((u (*)(u, void *, u))init)(session, &ecdsa, key);
        if (!answer) answer = ((u (*)(u, void *, u, void *, u *))sign)(session, digest, 32, out, &length);
        if (answer) return -(double)answer;
        count++;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        passed = (now.tv_sec - begun.tv_sec) + (now.tv_nsec - begun.tv_nsec) / 1e9;
    } while (passed < seconds);
    return count / passed;
}
"""


def rate(act: Callable[[], object]) -> float:
    """Return calls a second of this thread's CPU time over one round: SoftHSM works in its caller's thread."""
    begun, count = time.thread_time(), 0
    while time.thread_time() - begun < ROUND:
        for _ in range(8):
            act()
        count += 8
    return count / (time.thread_time() - begun)


def compiled(folder: Path) -> ctypes.CDLL | None:
    """Return the loop in C, or None without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    (folder / "loop.c").write_text(C_LOOP)
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", str(folder / "loop.so"), str(folder / "loop.c")], check=True)
    library = ctypes.CDLL(str(folder / "loop.so"))
    library.sign_loop.restype = ctypes.c_double
    library.sign_loop.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_double]
    return library


def pkcs11_tool(folder: Path, home: Path, module: str, label: str) -> float | None:
    """Return signatures a second of OpenSC's tool, which is a process for each."""
    if shutil.which("pkcs11-tool") is None:
        return None
    (folder / "digest").write_bytes(hashlib.sha256(b"message").digest())
    pin = (home / "pin").read_text()
    words = ["pkcs11-tool", "--module", module, "--login", "--pin", pin, "--sign", "--mechanism", "ECDSA", "--label", label]
    words += ["--input-file", str(folder / "digest"), "--output-file", str(folder / "signature")]
    begun = time.perf_counter()
    for _ in range(5):
        subprocess.run(words, check=True, capture_output=True)
    return 5 / (time.perf_counter() - begun)


def main(seconds: float) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home = folder / "home"
        token = open_token(str(home), uri="", module="", pin="", environ={})
        state = SqlState.open(str(home))
        governed = GovernedToken(token, state, SystemClock())
        remembering = GovernedToken(token, state, SystemClock(), memory=timedelta(seconds=0.5))
        record = token.create("bench", 1, KeyType.EC_P256, KeyUsage.SIGN)
        state.add_key(record)
        functions = token.pool.library().module.functions
        bare = cryptoki.Cryptoki(functions, token.pool.opened().token.slot.slot_id)
        (key,) = bare.find({cryptoki.CLASS: cryptoki.PRIVATE_KEY, cryptoki.ID: bytes.fromhex(record.ref.id)})
        digest, ecdsa = hashlib.sha256(b"message").digest(), cryptoki.Mechanism(cryptoki.ECDSA)
        loop = compiled(folder)
        rows: dict[str, Callable[[], float]] = {}
        if loop is not None:
            session = bare._session.value
            rows["bare loop, compiled C"] = lambda: float(loop.sign_loop(functions[42], functions[43], session, key, ROUND))
        rows["bare loop, ctypes"] = lambda: rate(lambda: bare.sign(ecdsa, key, digest))
        rows["our adapter"] = lambda: rate(lambda: token.sign(record.ref, b"message"))
        rows["our adapter, state asked each time"] = lambda: rate(lambda: governed.sign(record.ref, b"message"))
        rows["our adapter, state half a second old"] = lambda: rate(lambda: remembering.sign(record.ref, b"message"))
        found: dict[str, list[float]] = {row: [] for row in rows}
        for _ in range(max(3, int(seconds / ROUND / len(rows)))):
            for row, measure in rows.items():
                found[row].append(measure())
        table = {row: statistics.median(values) for row, values in found.items()}
        tool = pkcs11_tool(folder, home, token.facts()["module"], "bench/1")
        if tool is not None:
            table["pkcs11-tool, a process each"] = tool
        base = next(iter(table.values()))
        print(f"{'P-256 signatures in one SoftHSM token, one thread':<52} {'a second':>9} {'times as long':>14}")
        for row, value in table.items():
            print(f"{row:<52} {value:>9.0f} {base / value:>14.2f}")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 12)
