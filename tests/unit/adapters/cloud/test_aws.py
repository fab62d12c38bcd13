# SPDX-License-Identifier: Apache-2.0
"""AWS KMS: refusals and what is sent, against moto's server. The working side is the contract suite.

NOTE: moto signs and encrypts with disabled keys and with keys that wait for their deletion, so nothing here relies on that.
"""

from __future__ import annotations

import socket

import pytest

from pipeline_guard.adapters.cloud.opening import open_service
from pipeline_guard.adapters.cloud.token import CloudToken
from pipeline_guard.errors import IntegrityError, Unavailable, UsageError
from pipeline_guard.model.key import KeyType, KeyUsage
from pipeline_guard.model.secret import Secret


def test_a_key_is_an_alias_of_a_key_that_cannot_leave_and_its_removal_is_scheduled(aws_kms: CloudToken) -> None:
    client = aws_kms._service._client  # type: ignore[attr-defined]  # the only way to see what the service holds
    ref = aws_kms.create("release/key.1", 3, KeyType.EC_P256, KeyUsage.SIGN).ref
    held = client.describe_key(KeyId=f"alias/pipeline-guard/{ref.id}")["KeyMetadata"]
    assert (held["Description"], held["KeySpec"], held["KeyUsage"], held["Origin"]) == (
        "release/key.1/3",
        "ECC_NIST_P256",
        "SIGN_VERIFY",
        "AWS_KMS",
    )
    assert aws_kms.describe("pkcs11:object=release%2Fkey.1%2F3").ref == ref
    aws_kms.destroy(ref)
    assert client.describe_key(KeyId=held["KeyId"])["KeyMetadata"]["KeyState"] == "PendingDeletion"
    with pytest.raises(Unavailable, match="cannot be used"):
        aws_kms.sign(ref, b"message")


def test_a_row_of_another_place_does_not_unwrap_and_a_missing_key_is_no_broken_row(aws_kms: CloudToken) -> None:
    ref = aws_kms.create("wrapping", 1, KeyType.AES_256, KeyUsage.WRAP).ref
    wrapped = aws_kms.wrap(ref, Secret(b"k" * 32), b"row 1")
    with pytest.raises(IntegrityError):
        aws_kms.unwrap(ref, wrapped, b"row 2")
    aws_kms.destroy(ref)
    with pytest.raises(Unavailable):
        aws_kms.unwrap(ref, wrapped, b"row 1")


def test_keys_beyond_one_page_are_found_by_label(aws_kms: CloudToken) -> None:
    made = [aws_kms.create(f"page-{number}", 1, KeyType.AES_256, KeyUsage.WRAP).ref for number in range(60)]
    assert aws_kms.describe("pkcs11:object=page-59%2F1").ref == made[-1]


def test_a_service_that_is_away_or_not_named_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        away = open_service(f"awskms://127.0.0.1:{closed.getsockname()[1]}/?region=eu-central-1&scheme=http", pin="", environ={})
        with pytest.raises(Unavailable, match="cannot be reached"):
            away.create("k", 1, KeyType.EC_P256, KeyUsage.SIGN)
    for uri, pin in (("awskms:///", ""), ("awskms:///alias/one?region=eu-central-1", ""), ("awskms:///?region=eu-central-1", "env:X")):
        with pytest.raises(UsageError):
            open_service(uri, pin=pin, environ={})


def test_missing_credentials_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    token = open_service("awskms://127.0.0.1:1/?region=eu-central-1&scheme=http", pin="", environ={})
    with pytest.raises(UsageError, match="credentials"):
        token.create("k", 1, KeyType.EC_P256, KeyUsage.SIGN)
