# SPDX-License-Identifier: Apache-2.0
"""run, inject, revoke and sign against a broker: what a job sees, when all is well and when it is not."""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline_guard.adapters.broker_client import diagnose
from pipeline_guard.model.secret import Secret
from tests.fakes.issuer import OidcIssuer
from tests.fakes.serving import COMMAND, Job, Serving
from tests.flows.test_images import MANIFEST, TITLE, entry, image, put

VALUE = "correct horse " + "battery staple"
CONFIG = "version: 1\nsecrets: {DB_PASSWORD: {from: db, ttl: 5m}}\n"


@dataclass
class Machine:
    """A job's machine: a folder, an environment, and the broker's address in it."""

    folder: Path
    environ: dict[str, str]

    def run(self, *words: str, code: int = 0, **environ: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [COMMAND, *words], capture_output=True, text=True, cwd=self.folder, env={**self.environ, **environ}, timeout=60
        )
        assert done.returncode == code, done.stderr
        return done


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Start ``serve --dev`` and return the variables that it prints."""
    folder = tmp_path_factory.mktemp("dev")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = {**os.environ, "PIPELINE_GUARD_HOME": str(folder / "home")}
    (folder / "config.yml").write_text(
        CONFIG
        + f"policy:\n  grants:\n    - {{issuer: 'https://127.0.0.1:{port}/dev', secrets: [db], keys: [release], claims: {{repository_id: '1'}}}}\n"
    )
    for words, given in ((("secrets", "put", "db"), VALUE), (("keys", "create", "release"), "")):
        subprocess.run([COMMAND, *words], input=given, text=True, env=environ, check=True, capture_output=True)
    words = [COMMAND, "serve", "--dev", "--listen", f"127.0.0.1:{port}", "--config", str(folder / "config.yml")]
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(words, env=environ, stdout=out, stderr=err)
    try:
        deadline = time.monotonic() + 60
        while "pipeline-guard run" not in (folder / "out").read_text():
            assert process.poll() is None, (folder / "err").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        found = dict(re.findall(r"export (\w+)='?([^'\n]+)'?", (folder / "out").read_text()))
        yield {**found, "DEV_HOME": str(folder / "home"), "DEV_LOG": str(folder / "err")}
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def machine(tmp_path: Path, dev: dict[str, str]) -> Machine:
    (tmp_path / ".pipeline-guard.yml").write_text(CONFIG)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PIPELINE_GUARD")}
    return Machine(tmp_path, {**environ, **dev, "PIPELINE_GUARD_HOME": str(tmp_path / "home")})


def opened(dev: dict[str, str]) -> int:
    done = subprocess.run(
        [COMMAND, "audit", "export"], capture_output=True, text=True, env={**os.environ, "PIPELINE_GUARD_HOME": dev["DEV_HOME"]}
    )
    assert VALUE not in done.stdout
    actions = re.findall(r'"action":"(secret\.lease|secret\.revoke)"', done.stdout)
    return actions.count("secret.lease") - actions.count("secret.revoke")


def test_doctor_asks_the_broker_and_says_what_stands_behind_it(machine: Machine) -> None:
    told = machine.run("doctor", code=1).stdout
    assert told.count("\nfix ") == 1, told  # its folder is no clone
    assert "ok       store          it is the broker's\n" in told
    assert "ok       broker         it is ready, and its clock agrees with ours\n" in told
    assert "ok       clock " in told
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))  # bound, and nobody listens
        gone = machine.run("doctor", code=1, PIPELINE_GUARD_STORE_URL=f"https://127.0.0.1:{probe.getsockname()[1]}").stdout
    assert "fix      broker         the broker: " in gone


def test_run_gets_its_secret_filters_it_and_leaves_no_lease(machine: Machine, dev: dict[str, str]) -> None:
    done = machine.run("run", "--", "sh", "-c", 'echo "${#DB_PASSWORD} $DB_PASSWORD"; exit 7', code=7)
    assert done.stdout == f"{len(VALUE)} ***\n"
    assert opened(dev) == 0
    assert VALUE not in Path(dev["DEV_LOG"]).read_text()


def test_inject_outlives_its_step_and_revoke_needs_no_new_token(machine: Machine, dev: dict[str, str]) -> None:
    variables = Path(machine.run("inject", "--target", "env").stdout.strip())
    assert VALUE in variables.read_text()
    (session,) = (machine.folder / "home" / "jobs").glob("pipeline-guard-session-*.json")
    assert session.stat().st_mode & 0o777 == 0o600
    without = {"ACTIONS_ID_TOKEN_REQUEST_URL": "", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": ""}
    machine.run("run", "--", "true", **without)  # a later step of the same job: its session is enough
    assert opened(dev) == 1
    assert "revoked 1 lease" in machine.run("revoke", **without).stderr
    assert "revoked 0 leases" in machine.run("revoke", **without).stderr
    assert not variables.exists()
    assert not session.exists()
    assert opened(dev) == 0


def test_sign_by_the_brokers_key_verifies(machine: Machine, dev: dict[str, str]) -> None:
    (machine.folder / "app.whl").write_bytes(b"wheel")
    machine.run("sign", "app.whl", "--key", "release", "--type", "provenance")
    bundle = machine.folder / "app.whl.sigstore.json"
    owner = {**os.environ, "PIPELINE_GUARD_HOME": dev["DEV_HOME"]}
    words = [COMMAND, "verify", str(machine.folder / "app.whl"), "--bundle", str(bundle), "--key", "release"]
    assert subprocess.run(words, env=owner, cwd=machine.folder.parent).returncode == 0
    assert "dev.yml" in base64.b64decode(json.loads(bundle.read_text())["dsseEnvelope"]["payload"]).decode()
    assert "policy does not grant" in machine.run("sign", "app.whl", "--key", "other", code=4).stderr
    model = machine.folder / "model"
    (model / "empty").mkdir(parents=True)
    (model / "weights.safetensors").write_bytes(b"weights")
    (model / "run.sh").write_bytes(b"#!/bin/sh")
    (model / "run.sh").chmod(0o755)
    machine.run("sign", "model", "--key", "release")
    assert subprocess.run([COMMAND, "verify", str(model), "--key", "release"], env=owner, cwd=machine.folder.parent).returncode == 0
    machine.run("sign", "model/weights.safetensors", "--type", "model", "--key", "release")
    (model / "weights.safetensors").write_bytes(b"other")
    assert subprocess.run([COMMAND, "verify", str(model), "--key", "release"], env=owner, cwd=machine.folder.parent).returncode == 1


def test_image_is_signed_by_the_brokers_key_and_its_bundle_goes_beside_it(
    machine: Machine, dev: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(machine.folder)
    document, *blobs = image("amd64")
    manifest = put(json.dumps(document).encode())
    for blob in blobs:
        put(blob)
    Path("image/oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    listed = [entry(manifest, MANIFEST, annotations={TITLE: "v1"})]
    Path("image/index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": listed}))
    machine.run("sign", "oci:image:v1", "--key", "release", "--type", "provenance")
    owner = {**os.environ, "PIPELINE_GUARD_HOME": dev["DEV_HOME"]}
    words = [COMMAND, "verify", "oci:image:v1", "--key", "release"]
    assert subprocess.run(words, env=owner, cwd=machine.folder).returncode == 0


def log_of(dev: dict[str, str]) -> list[dict[str, str]]:
    environ = {**os.environ, "PIPELINE_GUARD_HOME": dev["DEV_HOME"]}
    done = subprocess.run([COMMAND, "audit", "export"], capture_output=True, text=True, env=environ, check=True)
    return [json.loads(line) for line in done.stdout.splitlines() if '"action"' in line]


def test_what_a_command_printed_is_counted_in_the_brokers_log(machine: Machine, dev: dict[str, str]) -> None:
    before = len(log_of(dev))
    machine.run("run", "--", "sh", "-c", 'echo "$DB_PASSWORD"; echo "$DB_PASSWORD" | base64 >&2')
    told = [(each["action"], each["object"], each["why"]) for each in log_of(dev)[before:]]
    assert ("secret.hidden", "db", "2 times in the command's output, says the job") in told
    before = len(log_of(dev))
    machine.run("run", "--", "true")
    assert "secret.hidden" not in [each["action"] for each in log_of(dev)[before:]], "nothing was hidden, nothing is told"


def test_run_that_is_killed_ends_its_own_leases_and_those_of_other_steps_live_on(machine: Machine, dev: dict[str, str]) -> None:
    opened_before = opened(dev)
    temp = {"RUNNER_TEMP": str(machine.folder / "temp"), "GITHUB_ACTIONS": "", "GITHUB_RUN_ID": "7"}
    machine.run("inject", **temp)
    assert opened(dev) == opened_before + 1
    words = [COMMAND, "run", "--", "sh", "-c", "echo up; exec sleep 97"]
    ours = subprocess.Popen(
        words,
        cwd=machine.folder,
        env={**machine.environ, **temp},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert ours.stdout is not None
    with ours.stdout as output:
        assert output.readline() == b"up\n"
    assert opened(dev) == opened_before + 2
    ours.kill()
    ours.wait(30)
    deadline = time.monotonic() + 60
    while opened(dev) != opened_before + 1 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert opened(dev) == opened_before + 1, "what inject has goes on"
    assert "revoked 1 lease" in machine.run("revoke", **temp).stderr
    assert opened(dev) == opened_before


def test_command_that_needs_the_store_itself_says_so(machine: Machine) -> None:
    assert "needs the store itself" in machine.run("secrets", "list", code=2).stderr


NONE = {"ACTIONS_ID_TOKEN_REQUEST_URL": "", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": ""}


def test_missing_permission_names_the_line_to_add(machine: Machine) -> None:
    said = machine.run("run", "--", "true", code=2, GITHUB_ACTIONS="true", **NONE).stderr
    assert "may not ask for an identity token" in said
    assert "permissions: {id-token: write" in said


def test_fork_pull_request_is_told_as_what_it_is(machine: Machine) -> None:
    event = machine.folder / "event.json"
    event.write_text(json.dumps({"pull_request": {"head": {"repo": {"id": 2}}, "base": {"repo": {"id": 1}}}}))
    facts = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(event)}
    assert "fork pull request: there is no job identity, by design" in machine.run("run", "--", "true", code=4, **facts, **NONE).stderr


def test_gitlab_job_without_a_token_is_told_the_line(machine: Machine) -> None:
    said = machine.run("run", "--", "true", code=2, GITLAB_CI="true", CI_JOB_ID="1", **NONE).stderr
    assert "id_tokens: {PIPELINE_GUARD_ID_TOKEN: {aud: pipeline-guard}}" in said


def test_broker_that_cannot_be_reached_is_named(machine: Machine) -> None:
    said = machine.run("run", "--", "true", code=5, PIPELINE_GUARD_STORE_URL="https://127.0.0.1:9").stderr
    assert "the broker: cannot reach 127.0.0.1: connection refused" in said


def test_wrong_request_token_is_told(machine: Machine) -> None:
    assert "request token is refused" in machine.run("run", "--", "true", code=5, ACTIONS_ID_TOKEN_REQUEST_TOKEN="x").stderr


def test_given_token_of_gitlab_serves_the_whole_job(tmp_path: Path) -> None:
    """A GitLab job has one token; several commands share the session that it began."""
    grant = "\n    - {{secrets: [db], issuer: '{issuer}', claims: {{repository_id: '4711'}}}}\n"
    with OidcIssuer(tmp_path / "issuer").running() as issuer:
        serving = Serving(tmp_path / "broker", issuer, policy=grant)
        serving.run("secrets", "put", "db", given=VALUE)
        job = tmp_path / "job"
        job.mkdir()
        (job / ".pipeline-guard.yml").write_text(CONFIG)
        with serving:
            base = {name: value for name, value in os.environ.items() if not name.startswith("PIPELINE_GUARD")}
            at = {"PIPELINE_GUARD_STORE_URL": serving.address, "PIPELINE_GUARD_STORE_CA": serving.authority}
            machine = Machine(job, {**base, **at, "PIPELINE_GUARD_HOME": str(job / "home"), "CI_JOB_ID": "1", "GITLAB_CI": "true"})
            token = issuer.token()
            for _ in range(3):
                assert (
                    machine.run("run", "--", "sh", "-c", "echo ${#DB_PASSWORD}", PIPELINE_GUARD_ID_TOKEN=token).stdout == f"{len(VALUE)}\n"
                )
            machine.run("revoke")
            said = machine.run("run", "--", "true", code=1, PIPELINE_GUARD_ID_TOKEN=token).stderr
            assert "refuses the job's identity: it is refused" in said
            for changes, words in (
                ({"aud": "other"}, "it is for the audience other, not pipeline-guard"),
                ({"exp": int(time.time()) - 100, "iat": int(time.time()) - 400, "nbf": 1}, "it has expired"),
            ):
                said = machine.run("run", "--", "true", code=1, PIPELINE_GUARD_ID_TOKEN=issuer.token(**changes)).stderr
                assert words in said
                assert "id_tokens" in said or "timeout: 1h" in said
            serving.stop()
            said = machine.run("run", "--", "true", code=5, PIPELINE_GUARD_ID_TOKEN=issuer.token()).stderr
            assert "connection refused" in said


def token(**claims: Any) -> Secret:
    import jwt

    now = int(time.time())
    return Secret(jwt.encode({"aud": "pipeline-guard", "iat": now, "nbf": now, "exp": now + 300, **claims}, "k" * 32, "HS256").encode())


@pytest.mark.parametrize(
    ("given", "apart", "word"),
    [
        ({}, 0.0, "it is refused"),
        ({}, 400.0, "the clocks are 400 s apart"),
        ({}, -90.0, "the clocks are 90 s apart"),
        ({"aud": ["pipeline-guard"]}, 0.0, "it is refused"),
        ({"aud": ["a", "b"]}, 0.0, "audience"),
        ({"aud": "pipeline-guard#key"}, 0.0, "it is refused"),
        ({"exp": 1}, 0.0, "expired"),
        ({"nbf": 2**33}, 0.0, "not valid yet"),
        (b"nonsense", 0.0, "malformed"),
        (b"a.b.c", 0.0, "malformed"),
    ],
)
def test_cause_is_read_off_the_jobs_own_token(given: dict[str, Any] | bytes, apart: float, word: str) -> None:
    mine = Secret(given) if isinstance(given, bytes) else token(**given)
    assert word in diagnose(mine, "pipeline-guard", apart, datetime.now(UTC))[0]


def test_approval_by_a_person_is_asked_for_handed_in_and_good_for_this_run_only(tmp_path: Path) -> None:
    with OidcIssuer(tmp_path / "issuer").running() as issuer:
        serving = Serving(
            tmp_path / "broker",
            issuer,
            rest="  secret-approvals:\n    - {secrets: [guarded], threshold: 1, approvers: {alice: alice.pem}}\n",
        )
        (serving.folder / "alice.pem").write_text("")  # named by the policy before it is there
        serving.run("keys", "create", "alice")
        serving.run("keys", "create", "mallory")
        serving.run("keys", "export-public", "alice", "--output", "alice.pem")
        serving.run("secrets", "put", "guarded", given=VALUE)
        with serving:
            refused = Job(serving).lease(issuer.token(), "guarded")
            assert (refused.status, refused.body["error"]) == (403, "approval_required")
            (serving.folder / "request.json").write_text(json.dumps(refused.body["approval"]))
            for person, key, status in (("alice", "mallory", 403), ("mallory", "mallory", 403), ("alice", "alice", 200)):
                approval = serving.run("keys", "approve", "request.json", "--key", key, "--approver", person)
                assert Job(serving).ask("POST", "/v1/approvals", approval.encode()).status == status
            assert Job(serving).lease(issuer.token(), "guarded").status == 200
            assert Job(serving).lease(issuer.token(run_id="901"), "guarded").status == 403
            assert Job(serving).lease(issuer.token(sha="c" * 40), "guarded").status == 403  # the same run, another commit
