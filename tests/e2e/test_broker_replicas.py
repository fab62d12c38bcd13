# SPDX-License-Identifier: Apache-2.0
"""Two brokers over one PostgreSQL and one token: nothing is decided in a process."""

from __future__ import annotations

import json
import random
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from tests.fakes.issuer import OidcIssuer
from tests.fakes.serving import Got, Job, Serving, values
from tests.postgres import PostgresServer

VALUE = "correct horse " + "battery staple"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcIssuer]:
    with OidcIssuer(tmp_path_factory.mktemp("issuer")).running() as running:
        yield running


@pytest.fixture
def replicas(tmp_path: Path, issuer: OidcIssuer, postgres: PostgresServer) -> Iterator[tuple[list[Serving], str]]:
    url = postgres.database()
    broker = "  rates: {issuer: 100000, repository: 100000, job: 100000}\n"
    home = tmp_path / "home"
    pair = [Serving(tmp_path / name, issuer, url=url, home=home, broker=broker) for name in ("a", "b")]
    pair[0].run("secrets", "put", "db", given=VALUE)
    with pair[0], pair[1]:
        yield pair, url


def log_of(serving: Serving) -> list[dict[str, str]]:
    assert "ok" in serving.run("audit", "verify").lower()
    text = serving.run("audit", "export")
    assert VALUE not in text
    return [json.loads(line) for line in text.splitlines() if '"action"' in line]


def test_64_replays_across_two_replicas_have_one_winner(replicas: tuple[list[Serving], str], issuer: OidcIssuer) -> None:
    pair, _ = replicas
    token = issuer.token()
    jobs = [Job(pair[number % 2]) for number in range(64)]
    with ThreadPoolExecutor(64) as pool:
        statuses = Counter(pool.map(lambda job: job.lease(token, "db").status, jobs))
    assert statuses == {200: 1, 401: 63}
    assert Job(pair[0]).lease(token, "db").status == Job(pair[1]).lease(token, "db").status == 401
    assert [each["action"] for each in log_of(pair[0])].count("secret.lease") == 1


def test_session_of_one_replica_is_known_to_the_other(replicas: tuple[list[Serving], str], issuer: OidcIssuer) -> None:
    (first, second), _ = replicas
    job = Job(first)
    assert job.lease(issuer.token(), "db").status == 200
    assert job.act("POST", "/v1/leases/renew", {"seconds": 60}, address=second.address).status == 200
    assert job.act("DELETE", "/v1/leases", {}, address=second.address).body["ended"] == 1
    assert job.act("POST", "/v1/leases/renew", {"seconds": 60}).status == 401


def test_killed_replica_loses_no_lease_and_none_is_issued_twice(replicas: tuple[list[Serving], str], issuer: OidcIssuer) -> None:
    pair, url = replicas
    chance = random.Random(7)
    tokens = [issuer.token(check_run_id=str(1000 + number)) for number in range(60)]

    def ask(number: int) -> tuple[int, Got | None]:
        """Ask one replica; where it dies, ask the other the same with the same key, as the client does."""
        job = Job(pair[number % 2])
        for turn in range(4):
            serving = pair[(number + turn) % 2]
            try:
                return number, job.lease(tokens[number], "db", address=serving.address)
            except OSError:
                continue
        return number, None

    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(ask, number) for number in range(30)]
        chance.choice(waiting).result()
        victim = pair[chance.randrange(2)]
        victim.stop(signal.SIGKILL)
        waiting += [pool.submit(ask, number) for number in range(30, 60)]
        answers = dict(each.result() for each in waiting)
    granted = {number: got for number, got in answers.items() if got is not None and got.status == 200}
    assert len(granted) == 60, Counter(got.status if got else 0 for got in answers.values())
    assert all(values(got) == [VALUE.encode()] for got in granted.values())
    ids = [got.body["leases"][0]["lease"] for got in granted.values()]
    assert len(set(ids)) == 60
    with psycopg.connect(url.replace("postgresql+psycopg", "postgresql")) as connection:
        kept = {row[0] for row in connection.execute("SELECT id FROM leases WHERE ended = ''")}
        used = connection.execute("SELECT count(*), count(DISTINCT token) FROM sessions").fetchone()
    assert set(ids) <= kept
    assert used == (60, 60)
    survivor = pair[0] if victim is pair[1] else pair[1]
    assert Job(survivor).lease(tokens[0], "db").status == 401
    log_of(survivor)
