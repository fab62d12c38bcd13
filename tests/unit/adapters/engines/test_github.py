# SPDX-License-Identifier: Apache-2.0
"""Installation tokens by an App key that was imported into a real token, from a server that keeps to GitHub's documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pkcs11
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from pipeline_guard.adapters.engines.github import GithubApp
from pipeline_guard.adapters.hsm.pkcs11 import Pkcs11Token
from pipeline_guard.errors import Denied, Unavailable, UsageError
from pipeline_guard.model.dynamic import EngineKey
from pipeline_guard.model.key import KeyType
from pipeline_guard.model.secret import Secret
from tests.fakes.engines import Clock, token_key, wish
from tests.fakes.forges import FakeGithub
from tests.fakes.service import served


def pem_of(private: Any, form: serialization.PrivateFormat = serialization.PrivateFormat.TraditionalOpenSSL) -> bytes:
    return bytes(private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))


@pytest.fixture(scope="module")
def app_key(embedded_token: Pkcs11Token) -> EngineKey:
    record = embedded_token.import_rsa("github-app", 1, Secret(pem_of(rsa.generate_private_key(65537, 2048))))
    return EngineKey("github-app", record.ref.type, record.public_pem, lambda message: embedded_token.sign(record.ref, message))


@pytest.fixture
def github(app_key: EngineKey) -> FakeGithub:
    return FakeGithub("4711", app_key.public_pem)


@pytest.fixture
def app(github: FakeGithub, app_key: EngineKey) -> Iterator[GithubApp]:
    with served(github) as address:
        yield GithubApp(Clock(), lambda: app_key, "4711", "77", {"contents": "read"}, ("tool",), f"http://{address}")


def test_token_is_narrowed_and_revoked_with_itself(app: GithubApp, github: FakeGithub) -> None:
    made = app.make(wish(app.clock))
    (body,) = github.alive.values()
    assert body == {"permissions": {"contents": "read"}, "repositories": ["tool"]}
    assert made.value.reveal().decode() in github.alive
    assert made.handle == made.value
    assert made.revocable
    assert timedelta(minutes=59) < made.expires - app.clock.now() <= timedelta(minutes=61)
    app.undo(made.handle)
    assert github.alive == {}
    app.undo(made.handle)  # gone already


def test_key_in_the_token_cannot_be_read_and_only_signs(embedded_token: Pkcs11Token) -> None:
    record = embedded_token.import_rsa("imported", 1, Secret(pem_of(rsa.generate_private_key(65537, 2048))))
    assert record.ref.type is KeyType.RSA_2048

    def look(lent: Any) -> dict[str, Any]:
        wanted = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY, pkcs11.Attribute.ID: bytes.fromhex(record.ref.id)}
        (key,) = list(lent.session.get_objects(wanted))
        with pytest.raises(pkcs11.AttributeSensitive):
            key[pkcs11.Attribute.PRIVATE_EXPONENT]
        names = ("LOCAL", "NEVER_EXTRACTABLE", "EXTRACTABLE", "SENSITIVE", "SIGN", "DECRYPT", "UNWRAP", "MODIFIABLE")
        return {name: bool(key[getattr(pkcs11.Attribute, name)]) for name in names}

    assert embedded_token.pool.use(look) == {
        "LOCAL": False, "NEVER_EXTRACTABLE": False, "EXTRACTABLE": False, "SENSITIVE": True, "SIGN": True, "DECRYPT": False,
        "UNWRAP": False, "MODIFIABLE": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"x",
        pem_of(ec.generate_private_key(ec.SECP256R1())),
        pem_of(rsa.generate_private_key(65537, 1024)),
        rsa.generate_private_key(65537, 2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
        ),
    ],
    ids=["nothing", "no pem", "ec", "short", "encrypted"],
)
def test_what_is_no_app_key_is_not_imported(embedded_token: Pkcs11Token, pem: bytes) -> None:
    with pytest.raises(UsageError):
        embedded_token.import_rsa("refused", 1, Secret(pem))


@pytest.mark.parametrize(
    "widen",
    [
        {"permissions": {"contents": "write", "metadata": "read"}},
        {"permissions": {"contents": "read", "actions": "read"}},
        {"permissions": {"contents": "everything"}},
        {"repository_selection": "all"},
        {"repositories": [{"name": "tool"}, {"name": "site"}]},
    ],
    ids=["higher", "another", "unknown level", "all repositories", "another repository"],
)
def test_wider_token_than_asked_for_is_given_back_and_denied(app: GithubApp, github: FakeGithub, widen: dict[str, Any]) -> None:
    github.widen = widen
    with pytest.raises(Denied, match="more than was asked for"):
        app.make(wish(app.clock))
    assert github.alive == {}


@pytest.mark.parametrize(
    "change",
    [{"app": "1"}, {"installation": "78"}, {"permissions": {"contents": "admin"}}, {"repositories": ("other",)}],
    ids=["app", "installation", "permission", "repository"],
)
def test_what_github_refuses_is_denied_without_its_text(app: GithubApp, change: dict[str, Any]) -> None:
    with pytest.raises(Denied) as caught:
        replace(app, **change).make(wish(app.clock))
    assert "message" not in caught.value.what


@pytest.mark.parametrize(
    "answer",
    [(500, b"{}"), (429, b"{}"), (201, b"no json"), (201, b'{"token": 7}'), (201, b'{"token": "x", "expires_at": "y"}'), (302, b"")],
)
def test_broken_answers_are_unavailable(app: GithubApp, github: FakeGithub, answer: tuple[int, bytes]) -> None:
    github.broken = answer
    with pytest.raises(Unavailable):
        app.make(wish(app.clock))


def test_revocation_that_github_does_not_answer_may_be_tried_again(app: GithubApp, github: FakeGithub) -> None:
    made = app.make(wish(app.clock))
    github.broken = (503, b"")
    with pytest.raises(Unavailable):
        app.undo(made.handle)
    with pytest.raises(Unavailable, match="cannot be reached"):
        replace(app, api="http://127.0.0.1:9").undo(made.handle)
    github.broken = None
    app.undo(made.handle)
    assert github.alive == {}


def test_key_of_another_kind_is_refused(app: GithubApp, embedded_token: Any) -> None:
    with pytest.raises(UsageError, match="no key of a GitHub App"):
        replace(app, key=token_key(embedded_token, "github-ec")).make(wish(app.clock))
