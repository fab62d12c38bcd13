# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from pipeline_guard.config import parse
from pipeline_guard.errors import UsageError

HEAD = b"version: 1\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"backends: {vault: {url: 'http://vault.example'}}", "no https address"),
        (b"backends: {vault: {url: 'https://user@vault.example'}}", "no https address"),
        (b"backends: {vault: {token: hvs-something}}", "backends.vault.token is no reference"),
        (b"backends: {vault: {identity: 'env:CI_JOB_JWT'}}", "backends.vault.identity is no reference"),
        (b"backends: {k8s: {token: abc}}", "backends.k8s.token is no reference"),
        (b"backends: {vault: {mount: '../sys'}}", "signs that we do not send"),
        (b"backends: {vaults: {}}", "unknown key vaults"),
        (b"secrets: {A_SECRET: {from: 'vault:kv/../x'}}", "no reference to a secret"),
        (b"secrets: {A_SECRET: {from: 'gdrive:x'}}", "no store is called 'gdrive'"),
    ],
)
def test_mistakes_are_told_by_place(text: bytes, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        parse(HEAD + text)


def test_backends_and_references_are_read() -> None:
    text = b"secrets: {A_SECRET: {from: 'vault:kv/data/x#y', ttl: 5m}}\nbackends: {vault: {url: 'https://bao.example:8200', role: ci}}\n"
    config = parse(HEAD + text)
    assert config.backends.settings("vault")["role"] == "ci"
    assert [binding.secret for binding in config.bindings()] == ["vault:kv/data/x#y"]
