# SPDX-License-Identifier: Apache-2.0
"""A job that ended without a word: the broker asks the forge, and what the job held is gone before its time. SIGHUP: another configuration
without a restart, whole or not at all."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.e2e.test_engines import Database, gone_within
from tests.fakes.forge_server import serving
from tests.fakes.issuer import GITLAB, OidcIssuer
from tests.fakes.jobs import ActionsJobs, PipelineJobs
from tests.fakes.serving import GRANT, Job, Serving, values
from tests.postgres import PostgresServer

TOKEN = "glpat-" + "asks-after-jobs"
GITLAB_GRANT = """
    - name: deploy
      secrets: [db]
      issuer: '{issuer}'
      claims: {{project_id: "7", namespace_id: "3", ref_path: refs/heads/main, ref_protected: "true", pipeline_source: push}}
"""


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcIssuer]:
    with OidcIssuer(tmp_path_factory.mktemp("issuer")).running() as running:
        yield running


def until(holds: Callable[[], bool], seconds: float = 120) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if holds():
            return True
        time.sleep(0.2)
    return False


def watching(made: Serving, how: str) -> None:
    made.config.write_text(made.config.read_text().replace("kind: github}", f"kind: github, watch: {{{how}}}}}"))


def log_of(broker: Serving) -> list[dict[str, str]]:
    return [json.loads(line) for line in broker.run("audit", "export").splitlines() if '"action"' in line]


def test_role_of_a_job_that_was_killed_ends_when_github_says_so(tmp_path: Path, issuer: OidcIssuer, postgres: PostgresServer) -> None:
    """Asked by an App whose key lies in the token; the role would live for an hour."""
    database = Database(postgres)
    engines = {"db-role": {"kind": "postgresql", "url": "secret:db/maker", "roles": [database.writer]}}
    policy = GRANT.replace("secrets: [db,", "secrets: [db-role, db,")
    rest = f"engines: {json.dumps(engines)}\n"
    broker = Serving(tmp_path / "broker", issuer, policy=policy, rest=rest, url=postgres.database())
    broker.run("secrets", "put", "db/maker", given=database.maker_url)
    broker.run("secrets", "put", "db", given="a value of some length")
    private = rsa.generate_private_key(65537, 2048)
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    (tmp_path / "app.pem").write_bytes(pem)
    broker.run("keys", "import", "watching-app", "--from-file", str(tmp_path / "app.pem"))
    public = private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    with serving(ActionsJobs(public_pem=public, jobs={(900, 1, 77): "in_progress", (900, 1, 78): "in_progress"})) as github:
        watching(broker, f"app: '4711', key: watching-app, api: '{github.url}', every: 1s")
        with broker:
            killed, other = Job(broker), Job(broker)
            got = killed.lease(issuer.token(check_run_id="77"), "db-role")
            assert other.lease(issuer.token(check_run_id="78"), "db").status == 200
            session = psycopg.connect(values(got)[0].decode(), autocommit=True)
            assert until(lambda: ("GET", "/repos/octo/app/actions/jobs/77") in github.asked)
            assert database.roles(), "it runs, and keeps what it has"
            github.forge.jobs[900, 1, 77] = "completed"
            assert gone_within(120, database)
            with pytest.raises(psycopg.OperationalError):
                session.execute("SELECT 1")
            session.close()
            assert killed.act("POST", "/v1/leases", {"secrets": [{"variable": "A", "name": "db"}]}).status == 401
            assert other.act("POST", "/v1/leases", {"secrets": [{"variable": "A", "name": "db"}]}).status == 200
            told = [
                (each["action"], each["outcome"])
                for each in log_of(broker)
                if each["action"] in ("job.end", "secret.revoke", "secret.undo")
            ]
            assert told == [("job.end", "done"), ("secret.revoke", "granted"), ("secret.undo", "done")]
            assert 'forge_questions_total{of="github ended"} 1' in Job(broker).ask("GET", "/metrics").body.decode()
    assert github.forge.made == 1


def test_gitlab_is_asked_with_a_stored_token_and_its_silence_ends_nothing(tmp_path: Path, issuer: OidcIssuer) -> None:
    broker = Serving(tmp_path, issuer, policy=GITLAB_GRANT)
    broker.run("secrets", "put", "db", given="a value of some length")
    broker.run("secrets", "put", "gitlab/watch", given=TOKEN)
    with serving(PipelineJobs(TOKEN)) as gitlab:
        watching(broker, f"token: 'secret:gitlab/watch', api: '{gitlab.url}', every: 1s")
        broker.config.write_text(broker.config.read_text().replace("kind: github", "kind: gitlab"))
        with broker:
            job = Job(broker)
            assert job.lease(issuer.token(GITLAB), "db").status == 200
            wanted = {"secrets": [{"variable": "A", "name": "db"}]}
            assert until(lambda: "had no answer" in broker.log.read_text()), "the job is not shown to this token"
            assert job.act("POST", "/v1/leases", wanted).status == 200
            gitlab.forge.jobs["7", "6"] = "success"
            assert until(lambda: '"job.end"' in broker.run("audit", "export"))
            assert job.act("POST", "/v1/leases", wanted).status == 401
            assert TOKEN not in broker.log.read_text() + broker.run("audit", "export")
            uses = [each for each in log_of(broker) if each["action"] == "secret.use"]
            assert [each["object"] for each in uses] == ["gitlab/watch"], "looked at once, not once a question"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory, issuer: OidcIssuer) -> Iterator[Serving]:
    made = Serving(tmp_path_factory.mktemp("broker"), issuer)
    for name in ("db", "further"):
        made.run("secrets", "put", name, given="a value of some length")
    with made:
        yield made


def reload(broker: Serving, text: str) -> str:
    broker.config.write_text(text)
    seen = broker.log.read_text().count('"task": "reload"')
    assert broker.process is not None
    broker.process.send_signal(signal.SIGHUP)
    assert until(lambda: broker.log.read_text().count('"task": "reload"') > seen)
    return next(line for line in reversed(broker.log.read_text().splitlines()) if '"task": "reload"' in line)


def failures(broker: Serving) -> int:
    found = re.search(r'background_failures_total\{of="reload"\} (\d+)', Job(broker).ask("GET", "/metrics").body.decode())
    return int(found[1]) if found else 0


def ask(broker: Serving, issuer: OidcIssuer, name: str) -> int:
    return Job(broker).lease(issuer.token(check_run_id=str(time.monotonic_ns())), name).status


def test_policy_that_was_changed_counts_for_the_next_request_and_is_on_record(broker: Serving, issuer: OidcIssuer) -> None:
    assert (ask(broker, issuer, "db"), ask(broker, issuer, "further")) == (200, 403)
    text = broker.config.read_text()
    assert "why" not in reload(broker, text.replace("secrets: [db,", "secrets: [further,"))
    assert (ask(broker, issuer, "db"), ask(broker, issuer, "further")) == (403, 200)
    (record,) = [each for each in log_of(broker) if each["action"] == "policy.load"]
    digests = [each["policy_digest"] for each in log_of(broker) if each["action"] == "secret.lease" and each["outcome"] == "granted"]
    assert record["policy_digest"] == digests[-1] != digests[0]
    assert "why" not in reload(broker, text)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("version: 1", "version: 2", "version"),
        ("grants:", "grnats:", "unknown key grnats"),
        ("listen: 127.0.0.1:0", "listen: 127.0.0.1:1", "broker.listen changes only with a new process"),
        ("certificate.pem", "missing.pem", "cannot use"),
        ("policy:", "store: {url: 'postgresql://nobody@127.0.0.1:1/x'}\npolicy:", "store changes only with a new process"),
        ("kind: github}", "kind: github, jwks: missing.json}", "missing.json"),
    ],
)
def test_configuration_that_cannot_be_used_leaves_the_one_before(old: str, new: str, why: str, broker: Serving, issuer: OidcIssuer) -> None:
    text, failed = broker.config.read_text(), failures(broker)
    assert why in reload(broker, text.replace(old, new).replace("secrets: [db,", "secrets: [further,"))
    assert (ask(broker, issuer, "db"), ask(broker, issuer, "further")) == (200, 403)
    assert failures(broker) == failed + 1
    broker.config.write_text(text)
    assert "why" not in reload(broker, text)
