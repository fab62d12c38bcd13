# SPDX-License-Identifier: Apache-2.0
"""Whole commands over a key service in place of a token: OpenBao's transit engine as our small server plays it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import azure, gcp
from tests.fakes.openbao import TOKEN, Transit, serve

Guard = Callable[..., Any]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Path, Transit]]:
    folder = tmp_path / "project"
    folder.mkdir()
    with serve() as (address, transit):
        text = f'version: 1\ntoken: {{uri: "openbao://{address}/transit?scheme=http", pin: "env:BAO"}}\n'
        (folder / ".pipeline-guard.yml").write_text(text)
        yield folder, transit


def test_keys_signatures_and_secrets_live_in_the_service(guard: Guard, place: tuple[Path, Transit]) -> None:
    folder, transit = place
    env = {"BAO": TOKEN}
    info = guard("token", "info", cwd=folder, env=env)
    assert (info.code, "OpenBao" in info.out) == (0, True), info.err
    assert guard("keys", "create", "release", cwd=folder, env=env).code == 0
    (folder / "file").write_text("data")
    signed = guard("sign", "file", "--key", "release", cwd=folder, env=env)
    assert signed.code == 0, signed.err
    assert guard("verify", "file", "--key", "release", cwd=folder, env=env).code == 0
    assert guard("secrets", "put", "db", stdin="a-value-to-hand-out", cwd=folder, env=env).code == 0
    (folder / ".pipeline-guard.yml").write_text((folder / ".pipeline-guard.yml").read_text() + "secrets: {DB: {from: db}}\n")
    run = guard("run", "--", "sh", "-c", 'test "$DB" = a-value-to-hand-out', cwd=folder, env=env)
    assert run.code == 0, run.err
    assert {key.kind for key in transit.keys.values()} == {"ecdsa-p256", "aes256-gcm96"}


def test_token_check_says_that_the_boundary_is_the_providers(guard: Guard, place: tuple[Path, Transit]) -> None:
    folder, _ = place
    found = guard("token", "check", "--format", "json", cwd=folder, env={"BAO": TOKEN})
    assert found.code == 0, found.err
    document = json.loads(found.out)
    assert document["verdict"] == "note"
    assert "provider" in document["findings"][0]["rule"]


def test_a_wrong_token_is_denied_and_a_sealed_server_is_unavailable(guard: Guard, place: tuple[Path, Transit]) -> None:
    folder, transit = place
    wrong = guard("keys", "create", "release", cwd=folder, env={"BAO": "an" + "other"})
    assert (wrong.code, wrong.err.splitlines()[0]) == (4, "pipeline-guard: error: OpenBao refuses the token, or its policy the call")
    transit.broken = (503, b"{}")
    sealed = guard("keys", "create", "release", cwd=folder, env={"BAO": TOKEN})
    assert (sealed.code, "sealed" in sealed.err) == (5, True)
    assert TOKEN not in wrong.err + sealed.err


@pytest.mark.parametrize("service", [gcp, azure], ids=["google", "azure"])
def test_keys_and_secrets_live_with_google_and_azure_too(guard: Guard, tmp_path: Path, service: Any) -> None:
    with service.serve() as (uri, state):
        (tmp_path / ".pipeline-guard.yml").write_text(
            f'version: 1\ntoken: {{uri: "{uri}", pin: "env:CLOUD"}}\nsecrets: {{DB: {{from: db}}}}\n'
        )
        env = {"CLOUD": service.TOKEN}
        for words in (("keys", "create", "release"), ("token", "check"), ("sign", ".pipeline-guard.yml", "--key", "release")):
            done = guard(*words, cwd=tmp_path, env=env)
            assert done.code == 0, done.err
        assert guard("verify", ".pipeline-guard.yml", "--key", "release", cwd=tmp_path, env=env).code == 0
        assert guard("secrets", "put", "db", stdin="a-value-to-hand-out", cwd=tmp_path, env=env).code == 0
        run = guard("run", "--", "sh", "-c", 'test "$DB" = a-value-to-hand-out', cwd=tmp_path, env=env)
        assert run.code == 0, run.err
        assert len(state.keys) == 2
