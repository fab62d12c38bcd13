# SPDX-License-Identifier: Apache-2.0
"""Secrets that stay in a store of others: leased, masked, recorded and ended as our own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.fakes.issuer import OidcIssuer
from tests.fakes.service import served
from tests.fakes.serving import COMMAND, Job, Serving, values
from tests.fakes.stores import JWT, VaultServer

Guard = Callable[..., Any]
VALUE = "kq7w9x2m-T5zz" + "-of-others"


def project(folder: Path, address: str) -> Path:
    (folder / ".pipeline-guard.yml").write_text(
        "version: 1\n"
        "secrets:\n"
        "  APP_PASSWORD: {from: 'vault:kv/data/team/app#password', ttl: 5m}\n"
        "  DB: {from: 'vault:database/creds/app', ttl: 5m, as: file}\n"
        f"backends:\n  vault: {{url: 'http://{address}', role: ci, identity: env:PIPELINE_GUARD_JOB}}\n"
    )
    return folder


def test_value_and_made_role_reach_the_command_are_hidden_recorded_and_ended(guard: Guard, tmp_path: Path) -> None:
    server = VaultServer()
    server.kept["kv/data/team/app"] = {"password": VALUE}
    with served(server) as address:
        project(tmp_path, address)
        script = f'test "$APP_PASSWORD" = "{VALUE}" && grep -q v-jwt-app-1 "$DB" && echo "$APP_PASSWORD" && cat "$DB"'
        ran = guard("run", "--", "sh", "-c", script, cwd=tmp_path, env={"PIPELINE_GUARD_JOB": JWT})
        assert (ran.code, ran.err.count("error")) == (0, 0), ran.err
        assert ran.out.startswith("***\n")
        assert "Made-1" not in ran.out
        assert (server.leases, len(server.tokens)) == (set(), 1), "the role is gone, and so is every login"
    records = json.loads(guard("audit", "list", "--format", "json", cwd=tmp_path).out)["audit-records"]
    acts = [(record["action"], record["object"]) for record in records if record["action"].startswith("secret.")]
    assert acts.index(("secret.lease", "vault:database/creds/app")) < acts.index(("secret.made", "vault:database/creds/app"))
    assert ("secret.undo", "vault:database/creds/app") in acts
    assert ("secret.hidden", "vault:kv/data/team/app#password") in acts
    assert VALUE not in json.dumps(records)
    assert "Made-1" not in json.dumps(records)
    for path in (tmp_path / "home").rglob("*"):
        assert not path.is_file() or VALUE.encode() not in path.read_bytes()


def test_backend_that_refuses_leaves_no_lease_and_starts_nothing(guard: Guard, tmp_path: Path) -> None:
    with served(VaultServer()) as address:
        project(tmp_path, address)
        ran = guard("run", "--", "touch", str(tmp_path / "started"), cwd=tmp_path, env={"PIPELINE_GUARD_JOB": JWT})
        assert ran.code == 4
        assert ran.err.startswith("pipeline-guard: error: vault:kv/data/team/app#password is not in OpenBao, or may not be read\n")
    assert not (tmp_path / "started").exists()


def test_backend_that_is_away_is_unavailable_not_denied(guard: Guard, tmp_path: Path) -> None:
    project(tmp_path, "127.0.0.1:1")
    ran = guard("run", "--", "true", cwd=tmp_path, env={"PIPELINE_GUARD_JOB": JWT})
    assert ran.code == 5
    assert "pipeline-guard: hint: check the network and backends.vault.url" in ran.err


def test_job_without_an_identity_is_told_which_variable_is_missing(guard: Guard, tmp_path: Path) -> None:
    with served(VaultServer()) as address:
        project(tmp_path, address)
        ran = guard("run", "--", "true", cwd=tmp_path)
    assert ran.code == 2
    assert "PIPELINE_GUARD_JOB" in ran.err


BROKER_GRANT = """
    - name: deploy
      secrets: ["vault:kv/data/team/app#password", "vault:database/creds/app"]
      issuer: '{issuer}'
      claims: {{repository_id: "4711", repository_owner_id: "42", ref: refs/heads/main, event_name: push}}
"""


def acts_of(log: str) -> set[tuple[str, str, str]]:
    records = [json.loads(line) for line in log.splitlines() if line.startswith('{"') and '"action"' in line]
    return {(each["action"], each["object"], each["outcome"]) for each in records}


def test_broker_fetches_what_policy_grants_by_its_own_login_and_ends_what_was_made(tmp_path: Path) -> None:
    """The job names where the value is, and never sees how the broker gets there."""
    server = VaultServer()
    server.kept["kv/data/team/app"] = {"password": VALUE, "other": VALUE + "-other"}
    password, made, other = "vault:kv/data/team/app#password", "vault:database/creds/app", "vault:kv/data/team/app#other"
    with served(server) as address, OidcIssuer(tmp_path / "issuer").running() as issuer:
        rest = f"backends:\n  vault: {{url: 'http://{address}', role: ci, identity: env:PIPELINE_GUARD_JOB}}\n"
        broker = Serving(tmp_path / "broker", issuer, policy=BROKER_GRANT, rest=rest)
        broker.environ["PIPELINE_GUARD_JOB"] = JWT
        with broker:
            job = Job(broker)
            got = job.lease(issuer.token(), password, made)
            assert got.status == 200, got.body
            assert values(got)[0] == VALUE.encode()
            assert b"v-jwt-app-1" in values(got)[1]
            assert len(server.leases) == 1
            seen = len(server.seen)
            for name, code in (
                (other, 403),
                ("vault:kv/data/team/app", 403),
                (f"{password}x", 403),
                ("vault:../sys/x", 400),
                ("evil:x", 400),
            ):
                wanted = {"secrets": [{"variable": "A", "name": name}]}
                assert job.act("POST", "/v1/leases", wanted).status == code, name
            assert len(server.seen) == seen, "what is not granted is not asked for"
            assert job.act("DELETE", "/v1/leases", {}).body["ended"] == 2
            assert server.leases == set(), "the role is gone"
            log = broker.run("audit", "export") + broker.log.read_text()
            assert {("secret.lease", made, "granted"), ("secret.undo", made, "done"), ("secret.lease", other, "denied")} <= acts_of(log)
            assert VALUE not in log
            assert JWT not in log
            server.sealed = True
            assert Job(broker).lease(issuer.token(check_run_id="8"), password).status == 503


def test_run_names_a_store_of_others_and_the_broker_goes_there(tmp_path: Path) -> None:
    server = VaultServer()
    server.kept["kv/data/team/app"] = {"password": VALUE}
    with served(server) as address, OidcIssuer(tmp_path / "issuer").running() as issuer:
        rest = f"backends:\n  vault: {{url: 'http://{address}', role: ci, identity: env:PIPELINE_GUARD_JOB}}\n"
        broker = Serving(tmp_path / "broker", issuer, policy=BROKER_GRANT, rest=rest)
        broker.environ["PIPELINE_GUARD_JOB"] = JWT
        with broker:
            store = f"store: {{url: '{broker.address}', ca: '{broker.authority}'}}\n"
            place = tmp_path / "job"
            place.mkdir()
            bound = "secrets: {APP_PASSWORD: {from: 'vault:kv/data/team/app#password'}}\n"
            (place / ".pipeline-guard.yml").write_text(f"version: 1\n{store}{bound}")
            environ = {**os.environ, "PIPELINE_GUARD_HOME": str(place / "home"), "PIPELINE_GUARD_ID_TOKEN": issuer.token()}
            words = [COMMAND, "run", "--", "sh", "-c", 'echo "${#APP_PASSWORD} $APP_PASSWORD"']
            ran = subprocess.run(words, capture_output=True, text=True, cwd=place, env=environ)
    assert (ran.returncode, ran.stdout) == (0, f"{len(VALUE)} ***\n"), ran.stderr
