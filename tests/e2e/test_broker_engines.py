# SPDX-License-Identifier: Apache-2.0
"""A job that proves who it is gets what is made for it alone: broker as a process, SoftHSM, a real PostgreSQL, a real identity provider."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import jwt
import psycopg
import pytest

from tests.e2e.test_engines import Database, gone_within
from tests.fakes.issuer import OidcIssuer
from tests.fakes.serving import Job, Serving, values
from tests.postgres import PostgresServer

GRANT = """
    - name: deploy
      secrets: [db-role, api, shell]
      issuer: {issuer}
      claims: {{repository_id: "4711", ref: refs/heads/main, event_name: push}}
"""
ISSUER = "https://jobs.example.org/made"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcIssuer]:
    with OidcIssuer(tmp_path_factory.mktemp("issuer")).running() as running:
        yield running


@pytest.fixture(scope="module")
def database(postgres: PostgresServer) -> Database:
    return Database(postgres)


@pytest.fixture(scope="module")
def serving(
    tmp_path_factory: pytest.TempPathFactory, issuer: OidcIssuer, database: Database, postgres: PostgresServer
) -> Iterator[Serving]:
    engines = {
        "db-role": {"kind": "postgresql", "url": "secret:db/maker", "roles": [database.writer], "longest": "20s"},
        "api": {"kind": "jwt", "key": "made", "issuer": ISSUER, "audience": "api", "claims": ["repository_id"]},
        "shell": {"kind": "ssh", "key": "ssh-ca", "principals": ["deploy"], "krl": "revoked"},
    }
    made = Serving(
        tmp_path_factory.mktemp("broker"), issuer, policy=GRANT, rest=f"engines: {json.dumps(engines)}\n", url=postgres.database()
    )
    made.run("secrets", "put", "db/maker", given=database.maker_url)
    for name in ("made", "ssh-ca"):
        made.run("keys", "create", name)
    with made:
        yield made


def log_of(serving: Serving) -> list[dict[str, str]]:
    assert "ok" in serving.run("audit", "verify").lower()
    return [json.loads(line) for line in serving.run("audit", "export").splitlines() if '"action"' in line]


def test_role_lives_as_long_as_its_job_and_no_session_outlives_it(serving: Serving, issuer: OidcIssuer, database: Database) -> None:
    job = Job(serving)
    got = job.lease(issuer.token(check_run_id="1"), "db-role")
    assert got.status == 200, got.body
    (url,) = values(got)
    session = psycopg.connect(url.decode(), autocommit=True)
    session.execute("INSERT INTO orders VALUES (7)")
    assert session.execute("SELECT sum(id) FROM orders").fetchone() == (7,)
    assert job.act("DELETE", "/v1/leases", {}).body["ended"] == 1
    assert gone_within(2, database)
    with pytest.raises(psycopg.OperationalError):
        session.execute("SELECT 1")
    session.close()
    records = log_of(serving)
    told = [(each["action"], each["outcome"]) for each in records if each["object"] == "db-role"]
    assert told == [("secret.lease", "granted"), ("secret.made", "done"), ("secret.revoke", "granted"), ("secret.undo", "done")]
    everything = json.dumps(records) + serving.log.read_text()
    assert url.decode().split(":")[2].split("@")[0] not in everything
    assert database.password not in everything


def test_job_that_vanishes_leaves_nothing_once_its_time_is_over(serving: Serving, issuer: OidcIssuer, database: Database) -> None:
    job = Job(serving)
    got = job.lease(issuer.token(check_run_id="2"), "db-role")
    assert got.status == 200
    renewed = job.act("POST", "/v1/leases/renew", {"seconds": 3600})
    assert renewed.body["leases"] == [], "what was made for a time ends then; a long job asks for another"
    session = psycopg.connect(values(got)[0].decode(), autocommit=True)
    assert gone_within(60, database), "20 seconds of life, a sweep every 15"
    session.close()


def test_broker_that_is_killed_undoes_it_when_it_is_back(serving: Serving, issuer: OidcIssuer, database: Database) -> None:
    job = Job(serving)
    assert job.lease(issuer.token(check_run_id="3"), "db-role").status == 200
    serving.stop(9)
    time.sleep(20)
    assert database.roles()
    serving.start()
    assert gone_within(40, database)


def test_jwt_is_verified_with_the_published_documents_alone(serving: Serving, issuer: OidcIssuer) -> None:
    job = Job(serving)
    got = job.lease(issuer.token(check_run_id="4"), "api")
    assert got.status == 200, got.body
    (token,) = values(got)
    described = job.ask("GET", "/made/.well-known/openid-configuration").body
    assert described["issuer"] == ISSUER
    keys = {key["kid"]: jwt.PyJWK(key) for key in job.ask("GET", "/made/.well-known/jwks").body["keys"]}
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=described["id_token_signing_alg_values_supported"], audience="api", issuer=ISSUER)
    assert claims["repository_id"] == "4711", "a verified claim of the job, not its word"


def test_key_that_a_job_sends_is_certified_and_revoked(serving: Serving, issuer: OidcIssuer, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "job"], check=True)
    job = Job(serving)
    got = job.lease(issuer.token(check_run_id="5"), "shell", given={"public-key": (tmp_path / "job.pub").read_text()})
    assert got.status == 200, got.body
    (tmp_path / "cert.pub").write_bytes(values(got)[0])
    words = ["ssh-keygen", "-L", "-f", tmp_path / "cert.pub"]
    assert "deploy" in subprocess.run(words, check=True, capture_output=True, text=True).stdout
    job.act("DELETE", "/v1/leases", {})
    words = ["ssh-keygen", "-Q", "-f", serving.folder / "revoked", tmp_path / "cert.pub"]
    assert "REVOKED" in subprocess.run(words, capture_output=True, text=True).stdout
    refused = Job(serving).lease(issuer.token(check_run_id="6"), "shell")
    assert refused.status in (400, 403)
