# SPDX-License-Identifier: Apache-2.0
"""ML-DSA in a token: Kryoptic makes and keeps the key, our commands sign with it, cryptography and OpenSSL's own judge agree."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from pipeline_guard.sign.dsse import pae

MODULE = Path(__file__).parents[2] / ".venv" / "interop" / "token" / "libkryoptic_module.so"
PIN = "98" + "7654"
INITIALISE = """
import sys
from pipeline_guard.adapters.hsm.library import load
from pipeline_guard.adapters.hsm.objects import initialize_token
from pipeline_guard.model.secret import Secret
initialize_token(load(sys.argv[1], ""), "kry", so_pin=Secret(sys.argv[2].encode()), pin=Secret(sys.argv[2].encode()))
"""
Run = Callable[..., Any]


@pytest.fixture
def run(guard: Run, tmp_path: Path) -> Run:
    """Run a command where the configuration names a fresh token; expect success unless ``code`` says otherwise."""
    assert MODULE.is_file(), "make interop builds the token"
    config = tmp_path / "kryoptic.conf"
    config.write_text(f'[[slots]]\nslot = 1\ndbtype = "sqlite"\ndbargs = "{tmp_path}/token.sql"\n')
    environment = {"KRYOPTIC_CONF": str(config), "THE_PIN": PIN}
    here = {**os.environ, **environment, "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, "-c", INITIALISE, str(MODULE), PIN], env=here, check=True, timeout=60)
    text = f'version: 1\ntoken: {{uri: "pkcs11:token=kry", module: {MODULE}, pin: "env:THE_PIN"}}\n'
    (tmp_path / ".pipeline-guard.yml").write_text(text)
    (tmp_path / "file").write_text("data")

    def run(*words: str, code: int = 0) -> Any:
        done = guard(*words, cwd=tmp_path, env=environment)
        assert (done.code, "Traceback" in done.err) == (code, False), done
        return done

    return run


def envelope(path: Path) -> tuple[str, bytes, bytes]:
    """Return a bundle's key hint, the bytes that were signed, and the signature."""
    bundle = json.loads(path.read_bytes())
    content = bundle["dsseEnvelope"]
    signature = base64.b64decode(content["signatures"][0]["sig"])
    return bundle["verificationMaterial"]["publicKey"]["hint"], pae(base64.b64decode(content["payload"])), signature


def test_a_hybrid_signature_is_made_in_the_token_alone_and_says_so(run: Run, tmp_path: Path) -> None:
    run("keys", "create", "release")
    assert "software" not in run("keys", "create", "quantum", "--type", "ml-dsa-65").out
    run("sign", "file", "--key", "release", "--pq-key", "quantum")
    hint, signed, signature = envelope(tmp_path / "file.pq.sigstore.json")
    assert hint.startswith("ml-dsa-65;token;sha256:")
    assert len(signature) == 3309
    run("keys", "export-public", "quantum", "--output", "quantum.pem")
    public = load_pem_public_key((tmp_path / "quantum.pem").read_bytes())
    assert isinstance(public, MLDSA65PublicKey)
    public.verify(signature, signed)
    with pytest.raises(InvalidSignature):
        public.verify(signature, signed + b"!")
    rule = "{subjects: [file], require: [classical, pq], signers: [{key: release}, {key: quantum.pem}]}"
    (tmp_path / "policy.yml").write_text(f"version: 1\nrules:\n  - {rule}\n")
    run("verify", "file", "--policy", "policy.yml")
    (tmp_path / "file.pq.sigstore.json").unlink()
    assert "no pq signature" in run("verify", "file", "--policy", "policy.yml", code=1).out


def test_the_key_in_the_token_signs_by_uri_is_rotated_and_destroyed(run: Run) -> None:
    run("keys", "create", "quantum", "--type", "ml-dsa-65")
    run("sign", "file", "--key", "pkcs11:token=kry;object=quantum%2F1")
    assert "key quantum/1" in run("verify", "file", "--key", "quantum").out
    run("keys", "rotate", "quantum")
    run("sign", "file", "--key", "quantum")
    assert "key quantum/2" in run("verify", "file", "--key", "quantum").out
    run("keys", "revoke", "quantum")
    run("sign", "file", "--key", "quantum", code=4)


def test_the_token_keeps_what_it_promises(run: Run) -> None:
    found = json.loads(run("token", "check", "--format", "json").out)
    assert found["verdict"] in ("accept", "restrict"), found  # not "reject", as NSS, which has ML-DSA too


@pytest.mark.parametrize("kind", ["ec-p256", "ec-p384", "ed25519", "rsa-3072"])
def test_classical_keys_of_the_same_token_sign_too(run: Run, kind: str) -> None:
    run("keys", "create", "release", "--type", kind)
    run("sign", "file", "--key", "release")
    run("verify", "file", "--key", "release")
