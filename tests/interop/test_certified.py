# SPDX-License-Identifier: Apache-2.0
"""Bundles of a private trust root, its keys in memory, judged by cosign, sigstore-go, @sigstore/verify, sigstore and model-signing."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline_guard.model.digest import Digest
from pipeline_guard.model.subject import Subject
from pipeline_guard.sign.model_manifest import model_payload
from pipeline_guard.sign.statement import blob_payload, local_provenance_payload
from tests.fakes.trust import IDENTITY, ISSUER, PrivateTrust
from tests.interop.conftest import Tools
from tests.interop.matrix import CERTIFIED, CERTIFIED_JUDGES, COSIGN, GO, MODEL, NPM, PYTHON

CONTENT = b"hello\n"
SUBJECT = Subject("artifact", Digest.sha256(CONTENT))
WEIGHTS = bytes(300)
PREDICATES = {
    "a statement about a file": "https://sigstore.dev/cosign/sign/v1",
    "SLSA provenance": "slsaprovenance1",
    "a model": "https://model_signing/signature/v1.0",
}


@dataclass
class Question:
    """One bundle and what is asked about it."""

    what: str
    identity: str = IDENTITY
    issuer: str = ISSUER

    @property
    def is_blob(self) -> bool:
        return self.what not in PREDICATES


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def payload_of(what: str) -> bytes:
    if what == "a model":
        return model_payload("model", {"weights.bin": hashlib.sha256(WEIGHTS).hexdigest()}, "")
    return {"a statement about a file": blob_payload([SUBJECT]), "SLSA provenance": local_provenance_payload([SUBJECT])}.get(what, b"")


def lay_out(what: str, trust: PrivateTrust, **changes: Any) -> None:
    """Write the artifact, the model, the bundle and the trust into the current folder."""
    Path("artifact").write_bytes(CONTENT)
    Path("model").mkdir(exist_ok=True)
    Path("model/weights.bin").write_bytes(WEIGHTS)
    content: dict[str, Any] = {"payload": payload_of(what)} if payload_of(what) else {"blob": CONTENT}
    Path("bundle.json").write_bytes(trust.bundle(**content, **changes))
    Path("root.json").write_bytes(trust.root_bytes())
    Path("config.json").write_text(json.dumps(trust.config))


def cosign(tools: Tools, question: Question) -> bool:
    words = ["--bundle", "bundle.json", "--trusted-root", "root.json", "--use-signed-timestamps"]
    words += ["--certificate-identity", question.identity, "--certificate-oidc-issuer", question.issuer]
    if question.is_blob:
        return tools.cosign("verify-blob", *words, "artifact")
    words += ["--type", PREDICATES[question.what]]
    if question.what == "a model":
        root = hashlib.sha256(hashlib.sha256(Path("model/weights.bin").read_bytes()).digest()).hexdigest()
        return tools.cosign("verify-blob-attestation", *words, "--digest", root, "--digestAlg", "sha256")
    return tools.cosign("verify-blob-attestation", *words, "artifact")


def sigstore_go(tools: Tools, question: Question) -> bool:
    words = ["-expectedIssuer", question.issuer, "-expectedSAN", question.identity, "-trustedrootJSONpath", "root.json"]
    if question.what == "a model":
        root = hashlib.sha256(hashlib.sha256(Path("model/weights.bin").read_bytes()).digest()).hexdigest()
        return tools.sigstore_go(*words, "-artifact-digest", root, "-artifact-digest-algorithm", "sha256", "bundle.json")
    return tools.sigstore_go(*words, "-artifact", "artifact", "bundle.json")


def sigstore_js(tools: Tools, question: Question) -> bool:
    asked = {"bundle": "bundle.json", "root": "root.json", "artifact": "artifact", "identity": question.identity, "issuer": question.issuer}
    return tools.node(asked) == "ok"


def sigstore_python(tools: Tools, question: Question) -> bool:
    words = [sys.executable, "-W", "ignore", "-m", "sigstore", "--trust-config", "config.json", "verify", "identity", "--offline"]
    words += ["--bundle", "bundle.json", "--cert-identity", question.identity, "--cert-oidc-issuer", question.issuer]
    subject = f"sha256:{hashlib.sha256(hashlib.sha256(Path('model/weights.bin').read_bytes()).digest()).hexdigest()}"
    return tools.run(*words, subject if question.what == "a model" else "artifact").returncode == 0


def model_signing(tools: Tools, question: Question) -> bool:
    words = [sys.executable, "-W", "ignore", "-m", "model_signing", "verify", "sigstore", "--signature", "bundle.json"]
    words += ["--trust_config", "config.json", "--identity", question.identity, "--identity_provider", question.issuer, "model"]
    return tools.run(*words).returncode == 0


JUDGES: dict[str, Callable[[Tools, Question], bool]] = {
    COSIGN: cosign,
    GO: sigstore_go,
    NPM: sigstore_js,
    PYTHON: sigstore_python,
    MODEL: model_signing,
}
PAIRS = [(what, judge) for what in CERTIFIED for judge in CERTIFIED_JUDGES]


@pytest.mark.parametrize(("what", "judge"), PAIRS)
def test_each_judge_accepts_what_the_table_says_and_nothing_else(tools: Tools, what: str, judge: str) -> None:
    lay_out(what, PrivateTrust(now()))
    assert JUDGES[judge](tools, Question(what)) is (judge in CERTIFIED[what]), tools.said


ACCEPTED = [pair for pair in PAIRS if pair[1] in CERTIFIED[pair[0]]]


@pytest.mark.parametrize(("what", "judge"), ACCEPTED)
def test_each_judge_refuses_another_identity_issuer_root_and_a_missing_timestamp(tools: Tools, what: str, judge: str) -> None:
    trust = PrivateTrust(now())
    lay_out(what, trust)
    assert not JUDGES[judge](tools, Question(what, identity=IDENTITY + "x")), tools.said
    assert not JUDGES[judge](tools, Question(what, issuer=ISSUER + ".evil")), tools.said
    other = PrivateTrust(now())
    Path("root.json").write_bytes(other.root_bytes())
    Path("config.json").write_text(json.dumps(other.config))
    assert not JUDGES[judge](tools, Question(what)), tools.said
    lay_out(what, trust, stamped=False)
    assert not JUDGES[judge](tools, Question(what)), tools.said


@pytest.mark.parametrize(("what", "judge"), ACCEPTED)
def test_each_judge_refuses_a_changed_byte(tools: Tools, what: str, judge: str) -> None:
    lay_out(what, PrivateTrust(now()))
    bundle = json.loads(Path("bundle.json").read_text())
    if judge == NPM and what not in ("a file (messageSignature)",):
        # it looks at the statement alone: the artifact is for its caller to compare
        payload = bundle["dsseEnvelope"]["payload"]
        bundle["dsseEnvelope"]["payload"] = payload[:100] + ("A" if payload[100] != "A" else "B") + payload[101:]
        Path("bundle.json").write_text(json.dumps(bundle))
    else:
        Path("artifact").write_bytes(b"hellO\n")
        Path("model/weights.bin").write_bytes(WEIGHTS[:-1] + b"\1")
    assert not JUDGES[judge](tools, Question(what)), tools.said


@pytest.mark.parametrize("rekor", ["v2", "dsse", "hashedrekord"])
def test_logs_of_the_first_version_are_accepted_too(tools: Tools, rekor: str) -> None:
    what = "a file (messageSignature)" if rekor == "hashedrekord" else "SLSA provenance"
    lay_out(what, PrivateTrust(now()), rekor=rekor)
    for judge in (COSIGN, GO, NPM, PYTHON):
        assert JUDGES[judge](tools, Question(what)), tools.said


def test_keys_in_a_token_serve_as_well(tools: Tools) -> None:
    """The command itself, with SoftHSM: authority, logs, time and signer."""

    def guard(*words: str) -> int:
        environment = {
            **tools.environment,
            "PIPELINE_GUARD_HOME": str(tools.folder / "guard"),
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        done = subprocess.run([sys.executable, "-m", "pipeline_guard", *words], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.returncode

    lay_out("SLSA provenance", PrivateTrust(now()))
    Path("trust").mkdir()
    guard("keys", "create", "signing")
    words = ["--private-trust", "trust", "--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER, "--bundle", "bundle.json"]
    guard("sign", "artifact", "--key", "signing", "--type", "provenance", *words)
    Path("root.json").write_bytes(Path("trust/trusted_root.json").read_bytes())
    Path("config.json").write_bytes(Path("trust/client_trust_config.json").read_bytes())
    for judge in (COSIGN, GO, NPM, PYTHON):
        assert JUDGES[judge](tools, Question("SLSA provenance")), tools.said
        assert not JUDGES[judge](tools, Question("SLSA provenance", identity=IDENTITY + "x")), tools.said
