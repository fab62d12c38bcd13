# SPDX-License-Identifier: Apache-2.0
"""Signing for a job: what it sends, what its claims say, and what no job can have said."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from pipeline_guard.adapters.rehearsal import SoftwareToken
from pipeline_guard.errors import Denied, UsageError
from pipeline_guard.flows.remote_sign import MOST_SUBJECTS, RemoteSignDoors, remote_sign
from pipeline_guard.model.key import KeyType, KeyUsage
from pipeline_guard.sign.provenance import provenance_predicate
from pipeline_guard.sign.verify import verify_bundle
from tests.fakes.sealing import BreakableState
from tests.fakes.signing import StandingClock
from tests.unit.sign.test_provenance import github, gitlab

DIGESTS = {"app.whl": "sha256:" + "ab" * 32, "app.tar.gz": "sha256:" + "cd" * 32}


class Broker:
    """A token and a store in memory, with a key of each kind."""

    def __init__(self) -> None:
        self.token, self.state = SoftwareToken(StandingClock()), BreakableState()
        for name, kind in (("attest", KeyType.EC_P256), ("wrap", KeyType.AES_256)):
            self.state.add_key(self.token.create(name, 1, kind, KeyUsage.WRAP if kind is KeyType.AES_256 else KeyUsage.SIGN))
        self.doors = RemoteSignDoors("broker", StandingClock(), self.token, self.state)

    def pem(self) -> str:
        record = self.state.key("attest")
        assert record is not None
        return record.public_pem


@pytest.fixture
def broker() -> Broker:
    return Broker()


def payload_of(bundle: bytes) -> dict[str, Any]:
    return dict(json.loads(base64.b64decode(json.loads(bundle)["dsseEnvelope"]["payload"])))


@pytest.mark.parametrize("claims", [github(), gitlab()], ids=["github", "gitlab"])
def test_bundle_verifies_and_says_of_the_build_what_its_claims_say(broker: Broker, claims: Any) -> None:
    signed = remote_sign(DIGESTS, claims, "attest", doors=broker.doors, policy_digest="ef" * 32)
    verify_bundle(signed.bundle, broker.pem(), "x")
    statement = payload_of(signed.bundle)
    assert statement["predicate"] == provenance_predicate(claims)
    assert [(each["name"], each["digest"]) for each in statement["subject"]] == [
        ("app.tar.gz", {"sha256": "cd" * 32}),
        ("app.whl", {"sha256": "ab" * 32}),
    ]
    assert (signed.key, signed.version) == ("attest", 1)


def test_record_stands_before_the_signature_and_names_job_key_and_policy(broker: Broker) -> None:
    remote_sign(DIGESTS, github(), "attest", doors=broker.doors, policy_digest="ef" * 32)
    record = json.loads(list(broker.state.records())[-1])
    assert (record["action"], record["object"], record["policy_digest"]) == ("sign", "app.tar.gz, app.whl", "ef" * 32)
    assert record["why"] == "key attest version 1 for https://github.com/acme/app/actions/runs/13/attempts/2"
    broker.state.broken = True
    with pytest.raises(Exception, match="audit log"):
        remote_sign(DIGESTS, github(), "attest", doors=broker.doors)


@pytest.mark.parametrize(
    "digests",
    [
        {},
        {"": DIGESTS["app.whl"]},
        {"x" * 600: DIGESTS["app.whl"]},
        {"a\nb": DIGESTS["app.whl"]},
        {"a\ud800": DIGESTS["app.whl"]},
        {"a": ""},
        {"a": "sha256:zz"},
        {"a": "md5:" + "ab" * 16},
        {"a": "blake3:" + "ab" * 32},
        {str(number): DIGESTS["app.whl"] for number in range(MOST_SUBJECTS + 1)},
    ],
    ids=["none", "no name", "long name", "newline", "surrogate", "no digest", "no hex", "md5", "blake3", "too many"],
)
def test_what_a_job_may_not_send_is_refused_before_any_record(broker: Broker, digests: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        remote_sign(digests, github(), "attest", doors=broker.doors)
    assert list(broker.state.records()) == []


@pytest.mark.parametrize(
    "claims",
    [github(workflow_ref="other/app/.github/workflows/x.yml@refs/heads/main"), github(sha=""), gitlab(job_project_id="99")],
    ids=["workflow outside", "no commit", "fork"],
)
def test_token_that_does_not_tell_enough_gets_no_signature(broker: Broker, claims: Any) -> None:
    with pytest.raises(Denied):
        remote_sign(DIGESTS, claims, "attest", doors=broker.doors)
    assert list(broker.state.records()) == []


def test_only_a_signing_key_signs(broker: Broker) -> None:
    with pytest.raises(Denied, match="does not sign"):
        remote_sign(DIGESTS, github(), "wrap", doors=broker.doors)
    with pytest.raises(UsageError, match="no key called"):
        remote_sign(DIGESTS, github(), "none", doors=broker.doors)


def test_command_line_verifies_it(broker: Broker, guard: Any, tmp_path: Path) -> None:
    signed = remote_sign(DIGESTS, github(), "attest", doors=broker.doors)
    (tmp_path / "bundle.json").write_bytes(signed.bundle)
    (tmp_path / "key.pem").write_text(broker.pem())
    words = ("--bundle", "bundle.json", "--key", "key.pem")
    assert guard("verify", DIGESTS["app.whl"], *words, cwd=tmp_path).code == 0
    assert guard("verify", "sha256:" + "00" * 32, *words, cwd=tmp_path).code == 1
