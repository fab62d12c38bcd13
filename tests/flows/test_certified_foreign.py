# SPDX-License-Identifier: Apache-2.0
"""What a private trust root of ours signs, judged by software from PyPI: sigstore and model-signing; each is seen to refuse."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sigstore
from sigstore.errors import VerificationError
from sigstore.models import Bundle, ClientTrustConfig, InvalidBundle
from sigstore.verify import Verifier, policy

from pipeline_guard.model.digest import Digest
from pipeline_guard.model.subject import Subject
from pipeline_guard.sign.model_manifest import model_payload
from pipeline_guard.sign.statement import blob_payload
from pipeline_guard.sign.trusted_root import read_trusted_root
from tests.fakes.trust import IDENTITY, ISSUER, PrivateTrust

TRUST = PrivateTrust()
CONTENT = b"hello\n"
PAYLOAD = blob_payload([Subject("hello.txt", Digest.sha256(CONTENT))])


def judge(trust: PrivateTrust, bundle: bytes, *, identity: str = IDENTITY, issuer: str = ISSUER, content: bytes = CONTENT) -> Any:
    verifier = Verifier(trusted_root=ClientTrustConfig.from_json(json.dumps(trust.config)).trusted_root)
    read, wanted = Bundle.from_json(bundle), policy.Identity(identity=identity, issuer=issuer)
    if b'"dsseEnvelope"' in bundle:
        return verifier.verify_dsse(read, wanted)
    return verifier.verify_artifact(content, read, wanted)


@pytest.mark.parametrize("rekor", ["v2", "dsse"])
def test_sigstore_accepts_our_statement(rekor: str) -> None:
    assert judge(TRUST, TRUST.bundle(payload=PAYLOAD, rekor=rekor)) == ("application/vnd.in-toto+json", PAYLOAD)


@pytest.mark.parametrize("rekor", ["v2", "hashedrekord"])
def test_sigstore_accepts_our_blob(rekor: str) -> None:
    bundle = TRUST.bundle(blob=CONTENT, rekor=rekor)
    judge(TRUST, bundle)
    with pytest.raises(VerificationError):
        judge(TRUST, bundle, content=b"hellO\n")


def test_sigstore_refuses_the_wrong_identity_issuer_root_and_a_missing_timestamp() -> None:
    bundle = TRUST.bundle(payload=PAYLOAD)
    for wrong in ({"identity": IDENTITY + "x"}, {"issuer": ISSUER + "/"}):
        with pytest.raises(VerificationError):
            judge(TRUST, bundle, **wrong)
    with pytest.raises(VerificationError):
        judge(PrivateTrust(), bundle)
    with pytest.raises(InvalidBundle):
        judge(TRUST, TRUST.bundle(payload=PAYLOAD, stamped=False))


def test_the_roots_that_sigstore_ships_are_read() -> None:
    folder = Path(sigstore.__file__).parent / "_store"
    paths = sorted(folder.glob("*/trusted_root.json"))
    assert len(paths) == 2
    for path in paths:
        root = read_trusted_root(path.read_bytes(), path.name)
        written = json.loads(path.read_text())
        assert len(root.authorities) == len(written["certificateAuthorities"])
        assert len(root.logs) == len(written["tlogs"])
        assert len(root.ct_logs) == len(written["ctlogs"])
        assert len(root.timestamp_authorities) == len(written["timestampAuthorities"])


def model_signing(*words: str) -> int:
    done = subprocess.run([sys.executable, "-W", "ignore", "-m", "model_signing", *words], capture_output=True, text=True)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode


def test_model_signing_accepts_our_certified_model_and_refuses_a_changed_byte_and_another_identity(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    files = {"config.json": b"{}", "weights.bin": bytes(300)}
    for name, content in files.items():
        (model / name).write_bytes(content)
    payload = model_payload("model", {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}, "")
    (tmp_path / "model.sig").write_bytes(TRUST.bundle(payload=payload))
    (tmp_path / "trust.json").write_text(json.dumps(TRUST.config))
    question = ["verify", "sigstore", "--signature", str(tmp_path / "model.sig"), "--trust_config", str(tmp_path / "trust.json")]

    def answer(identity: str) -> int:
        return model_signing(*question, "--identity", identity, "--identity_provider", ISSUER, str(model))

    assert answer(IDENTITY) == 0
    assert answer(IDENTITY + "x") != 0
    (model / "weights.bin").write_bytes(bytes(299) + b"\1")
    assert answer(IDENTITY) != 0
