# SPDX-License-Identifier: Apache-2.0
"""AWS sessions, from STS as moto plays it: call shapes only, for moto takes any web identity."""

from __future__ import annotations

import configparser
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from pipeline_guard.adapters.engines.aws import AwsRole
from pipeline_guard.errors import Denied, Unavailable, UsageError
from pipeline_guard.model.secret import Secret
from tests.fakes.engines import LEASE, Clock, wish

ROLE = "arn:aws:iam::123456789012:role/deploy"


@pytest.fixture
def role(aws_kms: Any, monkeypatch: pytest.MonkeyPatch) -> AwsRole:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    endpoint = str(aws_kms._service._client.meta.endpoint_url)
    return AwsRole(Clock(), None, ROLE, "", "eu-central-1", "", endpoint, "json")


def identity(role: AwsRole, value: bytes) -> str:
    found = json.loads(value)
    words = {
        "aws_access_key_id": found["AccessKeyId"],
        "aws_secret_access_key": found["SecretAccessKey"],
        "aws_session_token": found["SessionToken"],
    }
    client = boto3.client("sts", endpoint_url=role.endpoint, region_name=role.region, **words)
    return str(client.get_caller_identity()["Arn"])


def test_session_is_named_after_its_lease_and_lives_as_short_as_aws_permits(role: AwsRole) -> None:
    made = role.make(wish(role.clock, minutes=5))
    assert identity(role, made.value.reveal()) == f"arn:aws:sts::123456789012:assumed-role/deploy/guard-{LEASE}"
    life = made.expires - datetime.now(UTC)
    assert timedelta(minutes=14) < life <= timedelta(minutes=15, seconds=30)
    assert not made.revocable
    assert LEASE in made.about
    role.undo(made.handle)


def test_longer_lease_asks_for_what_it_says(role: AwsRole) -> None:
    made = role.make(wish(role.clock, minutes=30))
    assert timedelta(minutes=29) < made.expires - datetime.now(UTC) <= timedelta(minutes=31)


def test_credentials_file_is_what_aws_tools_read(role: AwsRole) -> None:
    made = replace(role, form="credentials-file").make(wish(role.clock))
    parsed = configparser.ConfigParser()
    parsed.read_string(made.value.reveal().decode())
    assert set(parsed["default"]) == {"aws_access_key_id", "aws_secret_access_key", "aws_session_token"}


def test_web_identity_needs_no_credentials_of_ours(role: AwsRole, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(UsageError, match="no credentials"):
        role.make(wish(role.clock))
    made = replace(role, web_identity=lambda: Secret(b"token\n")).make(wish(role.clock))
    assert json.loads(made.value.reveal())["Version"] == 1


def test_outage_is_told(role: AwsRole) -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        replace(role, endpoint="http://127.0.0.1:9").make(wish(role.clock))


def test_refusal_is_denied(role: AwsRole) -> None:
    with pytest.raises((Denied, UsageError, Unavailable)):
        replace(role, role="not an arn").make(wish(role.clock))
