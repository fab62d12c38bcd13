# SPDX-License-Identifier: Apache-2.0
"""Leases a second over the broker, on this machine: one process with SoftHSM, over SQLite or PostgreSQL.

    python bench/broker.py [--seconds 8] [--clients 1,8,64] [--leases 0]

Prints throughput, p50 and p99 with 1, 8 and 64 clients, each beside the floor of the same token and database: a lease and its record
written, the value opened in the token, by as many threads of this process, with no identity, policy, HTTP or TLS. Then how long the end
of a job's leases takes, over HTTP and as a command. With ``--leases N``
it then issues N leases and prints the broker's memory on the way. Bounded in time; loopback only.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import statistics
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline_guard.adapters.hsm.embedded import open_token
from pipeline_guard.adapters.sql.state import SqlState
from pipeline_guard.flows.key_use import GovernedToken
from pipeline_guard.flows.secrets import open_row
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.lease import Lease
from tests.fakes.issuer import OidcIssuer
from tests.fakes.serving import COMMAND, Job, Serving

RATES = "  rates: {issuer: 100000000, repository: 100000000, job: 100000000}\n"


def client(serving: Serving, tokens: list[str], ends: float, took: list[float], wrong: list[int]) -> None:
    """Lease with fresh tokens over one connection until the time is over."""
    job = Job(serving)
    connection = http.client.HTTPSConnection(serving.address.removeprefix("https://"), timeout=30, context=serving.trust())
    connection.connect()
    while time.monotonic() < ends:
        try:
            token = tokens.pop()
        except IndexError:
            break
        body = json.dumps({"identity_token": token, "secrets": [{"variable": "DB", "name": "db"}]})
        proof = job.key.proof("POST", f"{serving.address}/v1/leases")
        begun = time.perf_counter()
        connection.request("POST", "/v1/leases", body, {"DPoP": proof, "Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        took.append(time.perf_counter() - begun)
        if answer.status != 200:
            wrong.append(answer.status)
    connection.close()


def measured(serving: Serving, issuer: OidcIssuer, clients: int, seconds: float, most: int) -> tuple[float, float, float, int]:
    """Return leases a second, p50 and p99 in ms, and how many answers were not 200."""
    tokens = [issuer.token(check_run_id=str(number)) for number in range(most)]
    took: list[float] = []
    wrong: list[int] = []
    begun = time.monotonic()
    threads = [threading.Thread(target=client, args=(serving, tokens, begun + seconds, took, wrong)) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.monotonic() - begun
    cuts = statistics.quantiles(took, n=100)
    return len(took) / spent, cuts[49] * 1000, cuts[98] * 1000, len(wrong)


def revoked(serving: Serving, issuer: OidcIssuer, count: int) -> tuple[float, float, float]:
    """Return p50, p99 and the longest of ``count`` ends of a job's leases, in ms, as its post step sees them: 8 jobs at a time."""
    tokens = [issuer.token(check_run_id=f"9{number:09}") for number in range(count)]

    def end(token: str) -> float:
        job = Job(serving)
        if job.lease(token, "db").status != 200:
            raise SystemExit("no lease to end")
        begun = time.perf_counter()
        if job.act("DELETE", "/v1/leases", {}).body["ended"] != 1:
            raise SystemExit("a lease did not end")
        return (time.perf_counter() - begun) * 1000

    with ThreadPoolExecutor(8) as pool:
        took = sorted(pool.map(end, tokens))
    cuts = statistics.quantiles(took, n=100)
    return cuts[49], cuts[98], took[-1]


def revoked_by_command(serving: Serving, issuer: OidcIssuer, count: int) -> tuple[float, float, float]:
    """Return the median and longest of ``pipeline-guard revoke`` in ms, start of Python included, and the median of its CPU in ms."""
    took, spent = [], []
    with tempfile.TemporaryDirectory() as folder:
        store = f"store: {{url: '{serving.address}', ca: '{serving.authority}'}}"
        (Path(folder) / ".pipeline-guard.yml").write_text(f"version: 1\n{store}\nsecrets: {{DB: {{from: db, as: file}}}}\n")
        for number in range(count):
            job = {"PIPELINE_GUARD_ID_TOKEN": issuer.token(check_run_id=f"8{number}"), "CI_JOB_ID": str(number), "CI_PROJECT_ID": "7"}
            environ = {**os.environ, "PIPELINE_GUARD_HOME": f"{folder}/home", **job}
            subprocess.run([COMMAND, "inject", "--quiet"], cwd=folder, env=environ, check=True, capture_output=True)
            before, begun = os.times(), time.perf_counter()
            subprocess.run([COMMAND, "revoke", "--quiet"], cwd=folder, env=environ, check=True, capture_output=True)
            took.append((time.perf_counter() - begun) * 1000)
            after = os.times()
            spent.append((after.children_user + after.children_system - before.children_user - before.children_system) * 1000)
    return statistics.median(took), max(took), statistics.median(spent)


def floor(serving: Serving, threads: int, seconds: float) -> float:
    """Return how many leases a second store and token can do by themselves."""
    store = SqlState.connect(serving.environ["PIPELINE_GUARD_STORE_URL"]) if "PIPELINE_GUARD_STORE_URL" in serving.environ else None
    state = store or SqlState.open(str(serving.home))
    token = GovernedToken(
        open_token(str(serving.home), uri="", module="", pin="", environ={}), state, _Clock(), memory=timedelta(seconds=2)
    )
    row = state.get("db")
    if row is None:
        raise SystemExit("the secret is gone")
    lease = Lease("", "db", row.version, "floor", datetime.now(UTC), datetime.now(UTC))
    event = AuditEvent(datetime.now(UTC), "floor", "secret.lease", "db", "granted")
    ends = time.monotonic() + seconds

    def work(_number: int) -> int:
        done = 0
        while time.monotonic() < ends:
            state.issue([replace(lease, id=hashlib.sha256(os.urandom(16)).hexdigest())], [event])
            open_row(row, token)
            done += 1
        return done

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(work, range(threads))) / seconds


class _Clock:
    """The time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def used(serving: Serving) -> tuple[float, int]:
    """Return CPU seconds and resident KiB of the broker's process."""
    pid = serving.process.pid if serving.process else 0
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    resident = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return (int(fields[11]) + int(fields[12])) / 100, int(resident.split()[1])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--clients", default="1,8,64")
    parser.add_argument("--leases", type=int, default=0)
    parser.add_argument("--store", default="", help="URL of a PostgreSQL database; default: SQLite")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, OidcIssuer(Path(folder) / "issuer").running() as issuer:
        serving = Serving(Path(folder) / "broker", issuer, broker=RATES, url=args.store)
        serving.run("secrets", "put", "db", given="correct horse battery staple")
        with serving:
            titles = ("leases/s", "p50 ms", "p99 ms", "CPU ms a lease", "not 200", "floor/s")
            print(f"{'clients':>7} {titles[0]:>9} {titles[1]:>8} {titles[2]:>8} {titles[3]:>15} {titles[4]:>8} {titles[5]:>8}")
            for clients in map(int, args.clients.split(",")):
                before = used(serving)[0]
                rate, middle, worst, wrong = measured(serving, issuer, clients, args.seconds, int(args.seconds * 1200))
                spent = (used(serving)[0] - before) * 1000 / max(rate * args.seconds, 1)
                least = floor(serving, clients, args.seconds)
                print(f"{clients:>7} {rate:>9.0f} {middle:>8.1f} {worst:>8.1f} {spent:>15.2f} {wrong:>8} {least:>8.0f}")
            print(
                "end of a job's leases, 8 at a time: p50 {:.0f} ms, p99 {:.0f} ms, longest {:.0f} ms".format(*revoked(serving, issuer, 400))
            )
            told = "pipeline-guard revoke, whole command: median {:.0f} ms, longest {:.0f} ms, CPU {:.0f} ms"
            print(told.format(*revoked_by_command(serving, issuer, 12)))
            done = 0
            while done < args.leases:
                measured(serving, issuer, 16, 600, min(10_000, args.leases - done))
                done += 10_000
                print(f"after {min(done, args.leases):>7} leases: {used(serving)[1] / 1024:.0f} MiB resident")


if __name__ == "__main__":
    main()
