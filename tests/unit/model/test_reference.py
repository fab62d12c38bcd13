# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.model.reference import Reference, is_reference

GOOD = [
    "vault:kv/data/team/app#password",
    "vault:database/creds/app",
    "awssm:prod/db#password",
    "awssm:arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/db-AbCdEf",
    "gcpsm:projects/our-project/secrets/db/versions/3",
    "azurekv:our-vault/db-password#user",
    "k8s:team/db#tls.key",
]
BAD = [
    "vault:kv",
    "vault:kv/data/../../sys/raw",
    "vault:kv/data/x?version=1",
    "vault:/kv/data",
    "vault:kv//data",
    "vault:kv/data/x#",
    "vault:kv/data/x#a b",
    "vault:kv/da\nta",
    "awssm:",
    "awssm:a b",
    "gcpsm:projects/p/secrets/s/versions/1:destroy",
    "gcpsm:projects/p",
    "azurekv:evil.example/x/db",
    "azurekv:evil.example#/db",
    "azurekv:v/db",
    "k8s:team/db",
    "k8s:team/../db#x",
    "k8s:Team/db#x",
    "http://host/x",
    "file:/etc/passwd",
    "vault:kv/data/" + "x" * 130,
]


@pytest.mark.parametrize("text", GOOD)
def test_reference_reads_and_writes_the_same(text: str) -> None:
    assert str(Reference.parse(text)) == text
    assert is_reference(text)


@pytest.mark.parametrize("text", BAD)
def test_what_could_lead_elsewhere_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        Reference.parse(text)
    assert raised.value.hint


def test_names_of_our_own_store_are_none() -> None:
    assert not is_reference("db/password")
    assert not is_reference("db/password@3")
