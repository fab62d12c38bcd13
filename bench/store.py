# SPDX-License-Identifier: Apache-2.0
"""The store: leases granted, opened and on record per second; and lists and look-ups among 10,000 keys and 100,000 secrets.

On SQLite in a file, and on a PostgreSQL server where one is installed. A SoftHSM token unwraps; every grant is durable. The floor is
one row a transaction, by one thread and without any of our code, in the same run: it says how fast this disk syncs at that moment.
"""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from sqlalchemy import insert

from pipeline_guard.adapters.clock import SystemClock, SystemRandom
from pipeline_guard.adapters.hsm.embedded import open_token
from pipeline_guard.adapters.sql import tables
from pipeline_guard.adapters.sql.state import SqlState
from pipeline_guard.flows import lease, secret_life, secrets
from pipeline_guard.flows.key_use import GovernedToken
from pipeline_guard.model.lease import Binding, Delivery
from pipeline_guard.model.secret import Secret

SECONDS = float(os.environ.get("BENCH_SECONDS", "5"))
gc.set_threshold(50_000)  # as the command line sets it


def floor(state: SqlState) -> float:
    """Return how many rows a second are inserted and committed one by one."""
    raw: Any = state._engine.raw_connection()
    place, count, end = state._engine.dialect.paramstyle, 0, time.monotonic() + SECONDS
    try:
        raw.cursor().execute("CREATE TABLE IF NOT EXISTS bench_floor (line TEXT)")
        raw.commit()
        words = "INSERT INTO bench_floor VALUES (?)" if place == "qmark" else "INSERT INTO bench_floor VALUES (%s)"
        while time.monotonic() < end:
            if place == "qmark":
                raw.cursor().execute("BEGIN IMMEDIATE")
            raw.cursor().execute(words, ("x" * 300,))
            raw.commit()
            count += 1
    finally:
        raw.close()
    return count / SECONDS


def grants(state: SqlState, home: str, threads: int, memory: timedelta = timedelta(0)) -> tuple[float, float]:
    """Return how many leases a second so many threads issue, record durably and open; and the processor time of each in ms."""
    clock, random = SystemClock(), SystemRandom()
    token = GovernedToken(open_token(home, uri="", module="", pin="", environ={}), state, clock, memory=memory)
    doors = secrets.SecretDoors("bench", clock, random, token, token, state, state, state, state, state, state)
    if state.get("bench") is None:
        secrets.put("bench", Secret(b"a value of some length"), doors=doors)
    giving = lease.LeaseDoors("bench", clock, random, token, state, state)
    binding = [Binding("VALUE", "bench", timedelta(minutes=5), Delivery.ENV)]
    stop, counts = threading.Event(), [0] * threads

    def work(number: int) -> None:
        while not stop.is_set():
            lease.grant(binding, f"job-{number}", doors=giving)
            counts[number] += 1

    begun = time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        running = [pool.submit(work, number) for number in range(threads)]
        time.sleep(SECONDS)
        stop.set()
    for each in running:
        each.result()
    return sum(counts) / SECONDS, (time.process_time() - begun) * 1000 / sum(counts)


def timed(act: Callable[[], object], runs: int = 5) -> float:
    """Return the median time of an act in milliseconds."""
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        act()
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def scale(name: str, state: SqlState) -> None:
    """Print how long lists and look-ups take at a tenth and at the whole of the size."""
    rows: dict[str, list[float]] = {}
    filled = 0
    for kept in (10_000, 100_000):
        fill(state, range(filled, kept))
        filled = kept
        for what, act in (
            ("look up one secret", lambda: state.get("team-7/secret-7")),
            ("versions of one secret", lambda: state.secret_versions("team-7/secret-7")),
            ("look up one key", lambda: state.key("key-7")),
            ("search one name", lambda: secret_life.search("team-7/secret-7", (), state, state)),
            ("search 1 in 100 by label", lambda: secret_life.search("", (("team", "team-7"),), state, state)),
            ("search 1 in 100 by name", lambda: secret_life.search("team-7/*", (), state, state)),
            ("list every key", state.all_keys),
            ("list every secret", state.list),
        ):
            rows.setdefault(what, []).append(timed(act, 3))
    print(f"\n{name:<28} {'10,000 secrets':>15} {'100,000 secrets':>16} {'ratio':>7}   (ms; 1,000 and 10,000 keys)")
    for what, (small, large) in rows.items():
        print(f"{what:<28} {small:15.1f} {large:16.1f} {large / small:7.1f}")


def fill(state: SqlState, numbers: range) -> None:
    """Put in the secrets of these numbers, and a key for every tenth."""
    with state._change() as connection:
        template = dict(connection.execute(tables.secrets.select().where(tables.secrets.c.name == "bench")).mappings().one())
        key = dict(connection.execute(tables.keys.select().where(tables.keys.c.name == "store")).mappings().one())
        for start in range(0, len(numbers), 1000):
            part = numbers[start : start + 1000]
            names = [f"team-{number % 100}/secret-{number}" for number in part]
            connection.execute(insert(tables.secrets), [{**template, "name": name} for name in names])
            connection.execute(
                insert(tables.secret_labels), [{"label": "team", "value": name.partition("/")[0], "name": name} for name in names]
            )
            connection.execute(insert(tables.keys), [{**key, "name": f"key-{number // 10}"} for number in part if number % 10 == 0])


def cold(home: str, folder: Path, environment: dict[str, str]) -> float:
    """Return the median wall time of ``run -- true`` in milliseconds."""
    (folder / ".pipeline-guard.yml").write_text("version: 1\nsecrets: {VALUE: {from: bench}}\n")
    command = [sys.executable, "-m", "pipeline_guard", "run", "--", "true"]
    variables = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "PIPELINE_GUARD_HOME": home, **environment}
    return timed(lambda: subprocess.run(command, cwd=folder, env=variables, check=True), 7)


def measure(name: str, state: SqlState, home: str, folder: Path, environment: dict[str, str]) -> None:
    """Measure one store."""
    print(f"\n{name}: issue + unwrap + record, durable")
    low = floor(state)
    print(f"  floor      {low:8.0f} a second: INSERT and COMMIT of one row")
    for threads, memory in ((1, 0.0), (4, 0.0), (16, 0.0), (16, 0.5)):
        rate, cost = grants(state, home, threads, timedelta(seconds=memory))
        told = f", keys' states believed for {memory} s" if memory else ""
        print(f"  {threads:>2} threads {rate:8.0f} a second, {rate / low:.2f} of the floor, {cost:.2f} ms of processor each{told}")
    print(f"  cold `run -- true`  {cold(home, folder, environment):8.0f} ms")
    scale(name, state)
    print(f"  cold `run -- true` beside all these {cold(home, folder, environment):8.0f} ms")


def main() -> None:
    """Measure both stores."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        home = str(folder / "home")
        measure("SQLite", SqlState.open(home), home, folder, {})
        try:
            from tests.postgres import PostgresServer

            server = PostgresServer()
        except (ImportError, RuntimeError) as error:
            print(f"\nPostgreSQL: not measured ({error})")
            return
        try:
            url = server.database()
            measure("PostgreSQL", SqlState.connect(url), home, folder, {"PIPELINE_GUARD_STORE_URL": url})
        finally:
            server.remove()


if __name__ == "__main__":
    main()
