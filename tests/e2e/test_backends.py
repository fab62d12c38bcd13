# SPDX-License-Identifier: Apache-2.0
"""Secrets that stay in a store of others: leased, masked, recorded and ended as our own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.fakes.service import served
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
