# SPDX-License-Identifier: Apache-2.0
"""Backends against servers that speak the documented APIs, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline_guard.adapters.backends.opening import open_backend
from pipeline_guard.adapters.cloud.token import CloudToken
from pipeline_guard.adapters.engines.references import referred
from pipeline_guard.errors import Denied, GuardError, Unavailable, UsageError
from pipeline_guard.model.dynamic import Made, Wish
from pipeline_guard.model.reference import Reference
from pipeline_guard.model.secret import Secret
from pipeline_guard.policy.backends import BackendsSection
from pipeline_guard.ports import Engine
from tests.fakes.service import served
from tests.fakes.stores import ACCESS, JWT, ROOT, Clouds, VaultServer

EXPIRES = datetime(2036, 1, 1, tzinfo=UTC)
VALUE = "kq7w9x2m-T5zz-of-others"


def backend(text: str, settings: Mapping[str, str], environ: Mapping[str, str] | None = None) -> Engine:
    reference = Reference.parse(text)
    known = {**BackendsSection().settings(reference.scheme), **settings}
    found = {"JWT": JWT, "ROOT": ROOT, "ACCESS": ACCESS, **(environ or {})}
    return open_backend(
        reference,
        known,
        environ=found,
        referred=lambda name: referred(name, found),
        identity=lambda audience: Secret(f"for {audience}".encode()),
    )


def make(engine: Engine) -> Made:
    return engine.make(Wish("a", "0" * 32, "run:1", EXPIRES, {}, {}))


@pytest.fixture
def vault() -> Iterator[tuple[dict[str, str], VaultServer]]:
    server = VaultServer()
    server.kept |= {"kv/data/team/app": {"password": VALUE, "port": 5432}, "old/app": {"password": VALUE}}
    with served(server) as address:
        yield {"url": f"http://{address}", "role": "ci", "identity": "env:JWT"}, server


@pytest.fixture
def clouds() -> Iterator[tuple[dict[str, str], Clouds]]:
    server = Clouds()
    server.google["projects/p/secrets/db/versions/latest"] = json.dumps({"password": VALUE}).encode()
    server.google["projects/p/secrets/db/versions/3"] = b"the third"
    server.azure["db"] = VALUE
    server.kubernetes["team/db"] = {"password": VALUE.encode()}
    with served(server) as address:
        yield {"endpoint": f"http://{address}", "token": "env:ACCESS"}, server


@pytest.mark.parametrize("path", ["kv/data/team/app", "old/app"])
def test_vault_value_is_read_as_the_role_and_the_login_is_given_back(path: str, vault: tuple[dict[str, str], VaultServer]) -> None:
    settings, server = vault
    made = make(backend(f"vault:{path}#password", settings))
    assert made.value.reveal() == VALUE.encode()
    assert made.expires == EXPIRES
    assert "the value itself stays valid" in made.about
    assert VALUE not in made.about
    assert set(server.tokens) == {ROOT}, "the login's token is gone"
    backend(f"vault:{path}#password", settings).undo(made.handle)  # nothing to undo, and that is fine


def test_vault_fields_come_alone_or_together_and_numbers_as_text(vault: tuple[dict[str, str], VaultServer]) -> None:
    settings, _ = vault
    assert make(backend("vault:kv/data/team/app#port", settings)).value.reveal() == b"5432"
    assert json.loads(make(backend("vault:kv/data/team/app", settings)).value.reveal()) == {"password": VALUE, "port": 5432}
    with pytest.raises(UsageError, match="has no field nothing") as raised:
        make(backend("vault:kv/data/team/app#nothing", settings))
    assert VALUE not in raised.value.what + raised.value.hint


def test_vault_database_role_lives_as_long_as_the_lease_and_is_ended_by_another_process(vault: tuple[dict[str, str], VaultServer]) -> None:
    settings, server = vault
    made = make(backend("vault:database/creds/app", settings))
    assert sorted(json.loads(made.value.reveal()).values()) == ["Made-1-for-one-job", "v-jwt-app-1"]
    assert made.revocable
    assert timedelta(minutes=59) < made.expires - datetime.now(UTC) <= timedelta(hours=1)
    assert server.leases == {"database/creds/app/1"}
    another = backend("vault:database/creds/app", {**settings, "identity": "env:NOT_SET"})  # needs no identity any more
    another.undo(Secret(made.handle.reveal()))
    assert server.leases == set()
    another.undo(Secret(made.handle.reveal()))  # again is fine


def test_vault_lease_of_a_fixed_token_is_ended_by_its_name(vault: tuple[dict[str, str], VaultServer]) -> None:
    settings, server = vault
    engine = backend("vault:database/creds/app#password", {"url": settings["url"], "token": "env:ROOT"})
    made = make(engine)
    assert made.handle == Secret(b"database/creds/app/1")
    engine.undo(made.handle)
    engine.undo(made.handle)
    assert (server.leases, set(server.tokens)) == (set(), {ROOT})


def test_vault_that_was_read_in_vain_keeps_no_login_and_no_lease(vault: tuple[dict[str, str], VaultServer]) -> None:
    settings, server = vault
    for path in ("kv/data/missing#x", "kv/data/forbidden#x", "database/creds/app#nothing"):
        with pytest.raises(GuardError):
            make(backend(f"vault:{path}", settings))
    assert (server.leases, set(server.tokens)) == (set(), {ROOT})


def test_vault_says_the_same_of_what_is_missing_and_of_what_may_not_be_read(vault: tuple[dict[str, str], VaultServer]) -> None:
    settings, _ = vault
    told = []
    for path in ("kv/data/missing", "kv/data/forbidden"):
        with pytest.raises(Denied) as raised:
            make(backend(f"vault:{path}", settings))
        told.append(raised.value.what.replace(path, "PATH"))
    assert told == ["vault:PATH is not in OpenBao, or may not be read"] * 2


def test_vault_refuses_another_role_or_identity(vault: tuple[dict[str, str], VaultServer]) -> None:
    settings, _ = vault
    for changed in ({"role": "admin"}, {"identity": "", "audience": "x"}):
        with pytest.raises(Denied, match="does not let this job in as role"):
            make(backend("vault:kv/data/team/app", {**settings, **changed}))
    with pytest.raises(UsageError, match="how to log in"):
        make(backend("vault:kv/data/team/app", {"url": settings["url"]}))


def test_vault_that_is_sealed_or_away_or_broken_is_unavailable_and_quotes_nothing(vault: tuple[dict[str, str], VaultServer]) -> None:
    settings, server = vault
    server.sealed = True
    with pytest.raises(Unavailable, match="answers 503"):
        make(backend("vault:kv/data/team/app", settings))
    server.sealed = False
    for answer in ((200, b"[1]"), (200, b"{"), (500, b"VALUE-in-an-error"), (302, b""), (200, b'{"auth": {"client_token": 5}}')):
        server.broken = answer
        with pytest.raises(Unavailable) as raised:
            make(backend("vault:kv/data/team/app", settings))
        assert "VALUE" not in raised.value.what + raised.value.hint
    with pytest.raises(Unavailable, match="cannot be reached"):
        make(backend("vault:kv/data/team/app", {**settings, "url": "http://127.0.0.1:1"}))


def test_vault_whose_revocation_fails_is_asked_again(vault: tuple[dict[str, str], VaultServer]) -> None:
    settings, server = vault
    engine = backend("vault:database/creds/app", settings)
    made = make(engine)
    server.broken = (500, b"")
    with pytest.raises(Unavailable, match="answers 500 when a token is given back"):
        engine.undo(made.handle)
    server.broken = None
    engine.undo(made.handle)
    assert server.leases == set()


def test_vault_over_plain_http_on_another_machine_gets_no_identity() -> None:
    with pytest.raises(UsageError, match="no HTTPS address"):
        make(backend("vault:kv/data/x", {"url": "http://vault.example:8200", "role": "ci", "identity": "env:JWT"}))


SAME: list[tuple[str, Callable[[Mapping[str, str]], Mapping[str, str]]]] = [
    ("gcpsm:projects/p/secrets/db#password", lambda settings: settings),
    ("azurekv:our-vault/db", lambda settings: settings),
    ("k8s:team/db#password", lambda settings: {"url": settings["endpoint"], "token": settings["token"]}),
]


@pytest.mark.parametrize(("text", "fit"), SAME)
def test_value_comes_with_its_version_and_stays_valid(text: str, fit: Any, clouds: tuple[dict[str, str], Clouds]) -> None:
    settings, server = clouds
    engine = backend(text, fit(settings))
    made = make(engine)
    assert made.value.reveal() == VALUE.encode()
    assert "version" in made.about
    assert "stays valid" in made.about
    engine.undo(made.handle)
    assert len(server.seen) == 1


@pytest.mark.parametrize(("text", "fit"), SAME)
def test_what_is_missing_refused_or_broken_is_told_without_the_answers_text(
    text: str, fit: Any, clouds: tuple[dict[str, str], Clouds]
) -> None:
    settings, server = clouds
    with pytest.raises(Denied, match=r"is not in .*, or may not be read"):
        make(backend(text.replace("db", "missing"), fit(settings)))
    with pytest.raises(Denied):
        make(backend(text, fit(settings), {"ACCESS": "another"}))
    for answer in (
        (200, b"{}"),
        (200, b"["),
        (500, b"VALUE-in-an-error"),
        (302, b""),
        (200, b'{"payload": {"data": "%"}, "data": {"password": 5}}'),
    ):
        server.broken = answer
        with pytest.raises((Unavailable, UsageError)) as raised:
            make(backend(text, fit(settings)))
        assert "VALUE" not in raised.value.what + raised.value.hint


def test_google_version_can_be_pinned_and_damage_on_the_way_is_seen(clouds: tuple[dict[str, str], Clouds]) -> None:
    settings, server = clouds
    assert make(backend("gcpsm:projects/p/secrets/db/versions/3", settings)).value.reveal() == b"the third"
    server.damaged = True
    with pytest.raises(Unavailable, match="damaged on its way"):
        make(backend("gcpsm:projects/p/secrets/db", settings))


def test_kubernetes_key_that_is_not_there_is_told_by_name(clouds: tuple[dict[str, str], Clouds]) -> None:
    settings, _ = clouds
    with pytest.raises(UsageError, match="has no key other"):
        make(backend("k8s:team/db#other", {"url": settings["endpoint"], "token": settings["token"]}))
    with pytest.raises(UsageError, match="address of Kubernetes is not named"):
        make(backend("k8s:team/db#password", {"token": "env:ACCESS"}))


def test_aws_secret_is_read_from_motos_server(aws_kms: CloudToken, monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    endpoint = aws_kms._service._client.meta.endpoint_url  # type: ignore[attr-defined]
    client = boto3.session.Session(region_name="eu-central-1").client("secretsmanager", endpoint_url=endpoint)
    client.create_secret(Name="prod/db", SecretString=json.dumps({"password": VALUE}))
    client.create_secret(Name="prod/raw", SecretBinary=b"\x00\xffraw-bytes")
    settings = {"region": "eu-central-1", "endpoint": endpoint}
    assert make(backend("awssm:prod/db#password", settings)).value.reveal() == VALUE.encode()
    assert make(backend("awssm:prod/raw", settings)).value.reveal() == b"\x00\xffraw-bytes"
    arn = client.describe_secret(SecretId="prod/db")["ARN"]
    assert make(backend(f"awssm:{arn}#password", settings)).value.reveal() == VALUE.encode()
    with pytest.raises(Denied, match="is not in AWS Secrets Manager, or may not be read"):
        make(backend("awssm:prod/missing", settings))
    with pytest.raises(UsageError, match="has no fields"):
        make(backend("awssm:prod/raw#password", settings))
    with pytest.raises(UsageError, match="region"):
        make(backend("awssm:prod/db", {"endpoint": endpoint}))
    with pytest.raises(Unavailable, match="cannot be reached"):
        make(backend("awssm:prod/db", {**settings, "endpoint": "http://127.0.0.1:1"}))
