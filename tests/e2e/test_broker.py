# SPDX-License-Identifier: Apache-2.0
"""The broker as a process of its own, with SoftHSM and SQLite, and an identity provider over real HTTPS."""

from __future__ import annotations

import base64
import hashlib
import json
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline_guard.adapters.oidc.job_key import JobKey
from pipeline_guard.broker.tls import make_certificate
from pipeline_guard.model.secret import Secret
from tests.fakes.issuer import OidcIssuer
from tests.fakes.serving import COMMAND, GRANT, Got, Job, Serving, values

VALUE = "correct horse " + "battery staple"
REST = """
    - {{secrets: [once], issuer: '{issuer}', claims: {{repository_id: "4712"}}, uses: 2}}
"""


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcIssuer]:
    with OidcIssuer(tmp_path_factory.mktemp("issuer")).running() as running:
        yield running


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory, issuer: OidcIssuer) -> Iterator[Serving]:
    made = Serving(tmp_path_factory.mktemp("broker"), issuer, policy=GRANT + REST)
    for name in ("db", "api", "once", "canary"):
        made.run("secrets", "put", name, given=VALUE)
    made.run("keys", "create", "release")
    with made:
        yield made


def records(serving: Serving) -> list[dict[str, str]]:
    """Return the audit log; it must verify, and hold no value."""
    assert "ok" in serving.run("audit", "verify").lower()
    text = serving.run("audit", "export")
    assert VALUE not in text
    return [json.loads(line) for line in text.splitlines() if '"action"' in line]


def same(got: Got) -> tuple[int, dict[str, object]]:
    return got.status, {name: value for name, value in got.body.items() if name != "request"}


def test_job_gets_what_is_granted_and_nothing_afterwards(serving: Serving, issuer: OidcIssuer) -> None:
    job = Job(serving)
    got = job.lease(issuer.token(check_run_id="1"), "db", "api")
    assert (got.status, values(got)) == (200, [VALUE.encode()] * 2)
    assert got.headers["cache-control"] == "no-store"
    renewed = job.act("POST", "/v1/leases/renew", {"seconds": 3600})
    assert sorted(each["secret"] for each in renewed.body["leases"]) == ["api", "db"]
    assert all(each["expires"] > got.body["leases"][0]["expires"] for each in renewed.body["leases"])
    assert job.act("DELETE", "/v1/leases", {}).body["ended"] == 2
    assert job.act("DELETE", "/v1/leases", {}).body["ended"] == 0
    assert job.act("POST", "/v1/leases/renew", {}).status == 401
    assert job.act("POST", "/v1/leases", {"secrets": [{"variable": "A", "name": "db"}]}).status == 401
    told = [each["action"] for each in records(serving) if each["actor"].startswith("job:octo/app:")]
    assert [told.count(action) for action in ("secret.lease", "secret.renew", "secret.revoke")] == [2, 2, 2]
    lease = next(each for each in records(serving) if each["action"] == "secret.lease")
    assert len(lease["policy_digest"]) == 64
    assert VALUE not in serving.log.read_text()


def test_one_grant_ends_without_the_others_of_its_job(serving: Serving, issuer: OidcIssuer) -> None:
    job = Job(serving)
    first = job.lease(issuer.token(check_run_id="2"), "db")
    second = job.act("POST", "/v1/leases", {"secrets": [{"variable": "A", "name": "api"}]})
    assert second.status == 200
    assert "session" not in second.body
    assert job.act("DELETE", "/v1/leases", {"grant": first.body["grant"]}).body["ended"] == 1
    assert job.act("DELETE", "/v1/leases", {}).body["ended"] == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "other"}, {"aud": ["pipeline-guard", "other"]}, {"exp": int(time.time()) - 60, "iat": int(time.time()) - 300, "nbf": 1}, {"jti": None},
        {"iat": int(time.time()) + 3600, "exp": int(time.time()) + 7200}, {"exp": int(time.time()) + 100_000}, {"sub": None},
    ],
)  # fmt: skip
def test_token_that_does_not_hold_is_refused_without_a_reason(serving: Serving, issuer: OidcIssuer, changes: dict[str, object]) -> None:
    refused = same(Job(serving).lease(issuer.token(**changes), "db"))
    assert refused == (401, {"schema": "pipeline-guard/broker-error/v1", "error": "invalid_token"})
    assert same(Job(serving).lease("no.token.atall", "db")) == refused
    assert same(Job(serving).lease(issuer.token(), "db", proof="x.y.z")) == refused


def test_what_is_not_granted_looks_like_what_is_not_there(serving: Serving, issuer: OidcIssuer) -> None:
    answers = [
        same(Job(serving).lease(issuer.token(check_run_id="3"), "missing")),  # granted, not stored
        same(Job(serving).lease(issuer.token(check_run_id="3"), "unheard-of")),
        same(Job(serving).lease(issuer.token(check_run_id="3", repository_id="1"), "db")),
        same(Job(serving).lease(issuer.token(check_run_id="3", ref="refs/heads/dev"), "db")),
        same(Job(serving).lease(issuer.token(check_run_id="3", event_name="pull_request_target"), "db")),
        same(Job(serving).lease(issuer.token(check_run_id="3"), "db", "unheard-of")),
        same(Job(serving).lease(issuer.token(check_run_id="3", iss="https://evil.example"), "db")),
    ]
    assert answers == [(403, {"schema": "pipeline-guard/broker-error/v1", "error": "denied"})] * len(answers)
    reasons = " ".join(each["why"] for each in records(serving) if each["outcome"] == "denied")
    assert "refs/heads/dev" in reasons
    assert "pull_request_target" in reasons


def test_stolen_session_token_alone_is_useless(serving: Serving, issuer: OidcIssuer) -> None:
    job = Job(serving)
    job.lease(issuer.token(check_run_id="4"), "db")
    wanted = {"secrets": [{"variable": "A", "name": "api"}]}
    assert job.act("POST", "/v1/leases", wanted, key=JobKey.make()).status == 401
    assert job.ask("POST", "/v1/leases", wanted, {"Authorization": f"DPoP {job.session}"}).status == 401
    assert job.ask("POST", "/v1/leases", wanted, {"Authorization": f"Bearer {job.session}"}).status == 401
    proof = job.key.proof("POST", f"{serving.address}/v1/leases", Secret(job.session.encode()))
    headers = {"Authorization": f"DPoP {job.session}", "DPoP": proof}
    assert job.ask("POST", "/v1/leases", wanted, headers).status == 200
    assert job.ask("POST", "/v1/leases", wanted, headers).status == 401  # the proof counted once
    assert job.ask("DELETE", "/v1/leases", {}, headers).status == 401  # and for one method


def test_token_that_names_the_jobs_key_is_of_no_use_to_another(serving: Serving, issuer: OidcIssuer) -> None:
    job = Job(serving)
    token = issuer.token(check_run_id="5", aud=f"pipeline-guard#{job.key.thumbprint()}")
    assert Job(serving).lease(token, "db").status == 401
    assert job.lease(token, "db").status == 200


def test_64_replays_of_one_token_have_one_winner_also_after_a_restart(tmp_path: Path, issuer: OidcIssuer) -> None:
    serving = Serving(tmp_path, issuer)
    serving.run("secrets", "put", "db", given=VALUE)
    with serving:
        token = issuer.token()
        jobs = [Job(serving) for _ in range(64)]
        with ThreadPoolExecutor(64) as pool:
            statuses = list(pool.map(lambda job: job.lease(token, "db").status, jobs))
        assert statuses.count(200) == 1
        assert set(statuses) <= {200, 401, 429}
        winner = jobs[statuses.index(200)]
        assert serving.stop(signal.SIGKILL) == -signal.SIGKILL
        serving.start()
        assert Job(serving).lease(token, "db").status in (401, 429)
        assert winner.act("DELETE", "/v1/leases", {}).body["ended"] == 1  # its lease outlived the broker
    told = [each["action"] for each in records(serving)]
    assert told.count("secret.lease") == 1
    assert "broker.replay" in told


def test_lost_answer_is_given_again_to_the_same_key_only(serving: Serving, issuer: OidcIssuer) -> None:
    job, token = Job(serving), issuer.token(check_run_id="6")
    assert job.lease(token, "db").status == 200
    assert Job(serving).lease(token, "db").status == 401
    assert job.lease(token, "api").status == 401  # another request
    again = job.lease(token, "db")
    assert (again.status, values(again)) == (200, [VALUE.encode()])
    assert [job.lease(token, "db").status for _ in range(3)] == [200, 200, 401]  # not for ever
    assert job.act("DELETE", "/v1/leases", {}).body["ended"] == 4


def test_same_bytes_sent_twice_count_once(serving: Serving, issuer: OidcIssuer) -> None:
    job, token = Job(serving), issuer.token(check_run_id="7")
    proof = job.key.proof("POST", f"{serving.address}/v1/leases")
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: Job(serving, job.key).lease(token, "db", proof=proof).status, range(16)))
    assert statuses.count(200) == 1


def test_uses_and_rates_are_counted(tmp_path: Path, issuer: OidcIssuer) -> None:
    serving = Serving(tmp_path, issuer, policy=REST, broker="  rates: {job: 4}\n")
    serving.run("secrets", "put", "once", given=VALUE)
    with serving:
        ask = lambda run: Job(serving).lease(issuer.token(repository_id="4712", check_run_id=run), "once").status  # noqa: E731
        assert [ask("1") for _ in range(3)] == [200, 200, 429]
        denied = [Job(serving).lease(issuer.token(repository_id="4712", check_run_id="2"), "other").status for _ in range(6)]
        assert denied == [403, 403, 403, 403, 429, 429]
        limited = Job(serving).lease(issuer.token(repository_id="4712", check_run_id="2"), "other")
        assert limited.headers["retry-after"] == "60"


def test_canary_raises_an_alarm(serving: Serving, issuer: OidcIssuer) -> None:
    assert Job(serving).lease(issuer.token(check_run_id="8", repository_id="666"), "canary").status == 403
    assert [each["outcome"] for each in records(serving) if each["action"] == "canary"] == ["alarm"]
    metrics = Job(serving).ask("GET", "/metrics").body.decode()
    assert '"canary"' not in metrics  # nobody learns from here what to leave alone
    assert 'pipeline_guard_canary_touched_total{of=""} 1' in metrics


def test_remote_signature_says_what_was_verified_and_nothing_else(serving: Serving, issuer: OidcIssuer, tmp_path: Path) -> None:
    job = Job(serving)
    assert job.lease(issuer.token(check_run_id="9")).status == 200  # a session, and no secret
    artifact = tmp_path / "app.whl"
    artifact.write_bytes(b"wheel")
    subjects = [{"name": "app.whl", "sha256": hashlib.sha256(b"wheel").hexdigest()}]
    got = job.act("POST", "/v1/sign", {"key": "release", "type": "provenance", "subjects": subjects})
    assert got.status == 200, got.body
    (tmp_path / "bundle.json").write_text(json.dumps(got.body["bundle"]))
    (tmp_path / "key.pem").write_text(got.body["public_key"])
    serving.run("verify", str(artifact), "--bundle", str(tmp_path / "bundle.json"), "--key", str(tmp_path / "key.pem"))
    assert job.ask("GET", "/v1/public-keys/release").body.decode() == got.body["public_key"]
    payload = json.loads(base64.b64decode(got.body["bundle"]["dsseEnvelope"]["payload"]))
    assert payload["predicate"]["buildDefinition"]["externalParameters"]["workflow"]["path"] == ".github/workflows/deploy.yml"
    for key, kind in (("other", "blob"), ("release", "model")):
        assert job.act("POST", "/v1/sign", {"key": key, "type": kind, "subjects": subjects}).status in (400, 403)
    assert Job(serving).ask("GET", "/v1/public-keys/store").status == 403
    assert [each["action"] for each in records(serving)].count("sign") == 2  # one granted, one refused


def test_old_tls_does_not_get_in(serving: Serving) -> None:
    old = serving.trust()
    assert attempt(serving, old).startswith(b"HTTP/1.1 200")
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises((ssl.SSLError, OSError)):
        attempt(serving, old)


def test_with_client_certificates_nobody_reaches_a_route_without_one(tmp_path: Path, issuer: OidcIssuer) -> None:
    authority, certificate, key = make_certificate(str(tmp_path / "client"), "job.example")
    _, stranger, other_key = make_certificate(str(tmp_path / "stranger"), "job.example")
    with Serving(tmp_path / "b", issuer, broker=f"  client-ca: {authority}\n") as serving:
        known, unknown = serving.trust(), serving.trust()
        known.load_cert_chain(certificate, key)
        unknown.load_cert_chain(stranger, other_key)
        assert attempt(serving, known).startswith(b"HTTP/1.1 200")
        for trust in (unknown, serving.trust()):
            with pytest.raises((ssl.SSLError, OSError)):
                attempt(serving, trust)


def attempt(serving: Serving, trust: ssl.SSLContext) -> bytes:
    host, _, port = serving.address.removeprefix("https://").partition(":")
    with socket.create_connection((host, int(port)), 10) as plain, trust.wrap_socket(plain, server_hostname=host) as secure:
        secure.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        found = secure.recv(100)
        if not found:
            raise ConnectionResetError
        return found


def test_health_readiness_and_description(serving: Serving) -> None:
    job = Job(serving)
    assert [job.ask("GET", path).status for path in ("/healthz", "/readyz", "/openapi.json")] == [200] * 3
    assert job.ask("GET", "/openapi.json").body["servers"] == [{"url": serving.address}]
    assert job.ask("GET", "/nothing").status == 404
    for line in serving.log.read_text().splitlines():
        if line.startswith("{"):
            assert {"time", "level"} <= set(json.loads(line))


def test_termination_lets_requests_end_and_leaves_nothing_half_done(tmp_path: Path, issuer: OidcIssuer) -> None:
    serving = Serving(tmp_path, issuer)
    serving.run("secrets", "put", "db", given=VALUE)
    with serving:
        with ThreadPoolExecutor(8) as pool:
            waiting = [
                pool.submit(lambda number=number: Job(serving).lease(issuer.token(check_run_id=f"t{number}"), "db")) for number in range(8)
            ]
            time.sleep(0.3)
            code = serving.stop(signal.SIGTERM)
            finished = [each for each in waiting if each.exception() is None]
        assert code in (0, -signal.SIGTERM)
        granted = [each.result().status for each in finished].count(200)
    assert [each["action"] for each in records(serving)].count("secret.lease") >= granted


def test_missing_policy_denies(tmp_path: Path, issuer: OidcIssuer) -> None:
    serving = Serving(tmp_path, issuer, policy=" []\n")
    serving.run("secrets", "put", "db", given=VALUE)
    with serving:
        assert Job(serving).lease(issuer.token(), "db").status == 403


def test_new_key_of_the_issuer_is_learnt_and_an_invented_one_asks_nobody_twice(serving: Serving, issuer: OidcIssuer) -> None:
    Job(serving).lease(issuer.token(), "db")
    asked = len(issuer.asked)
    issuer.rotate("invented", publish=False)
    for _ in range(5):
        assert Job(serving).lease(issuer.token(kid="invented"), "db").status == 401
    assert len(issuer.asked) - asked <= 2


def test_command_is_refused_without_a_certificate(tmp_path: Path) -> None:
    done = subprocess.run([COMMAND, "serve", "--listen", "127.0.0.1:0"], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, "serve --dev" in done.stderr) == (2, True)
