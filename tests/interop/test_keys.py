# SPDX-License-Identifier: Apache-2.0
"""Bundles of bare keys, every type of the matrix, both directions: ours in theirs, theirs in ours."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import securesystemslib.dsse
import securesystemslib.exceptions
from cryptography.hazmat.primitives import serialization
from securesystemslib.signer import SSlibKey

from pipeline_guard.errors import IntegrityError
from pipeline_guard.flows.sign import SignRequest, sign
from pipeline_guard.flows.verify import key_in, verify_one
from pipeline_guard.model.key import KeyType, KeyUsage
from tests.fakes.signing import SigningPlace
from tests.interop.conftest import Tools
from tests.interop.matrix import COSIGN, KEY_JUDGES, KEYS, MODEL, NPM, SSLIB

NONE = '{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogConfig":{"selector":"ANY"},"tsaConfig":{"selector":"ANY"}}'


@pytest.fixture
def place(tools: Tools) -> SigningPlace:
    """A token that has a key of every type, a file, a model, and somebody else's public key."""
    found = SigningPlace()
    Path("artifact").write_bytes(b"hello\n")
    Path("model").mkdir()
    Path("model/weights.bin").write_bytes(bytes(300))
    Path("none.json").write_text(NONE)
    for key_type in KEYS:
        record = found.token.create(key_type, 1, KeyType(key_type), KeyUsage.SIGN)
        found.state.add_key(record)
        Path(f"{key_type}.pem").write_text(record.public_pem)
        other = found.token.create(f"{key_type}-other", 1, KeyType(key_type), KeyUsage.SIGN)
        Path(f"{key_type}-other.pem").write_text(other.public_pem)
    return found


def private(place: SigningPlace, key_type: str) -> str:
    """Write a private key for foreign software, which no real token gives; return the file's name."""
    record = place.state.key(key_type)
    assert record
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    material: Any = place.token.material(record.ref)
    Path(f"{key_type}.private").write_bytes(material.private_bytes(*form))
    return f"{key_type}.private"


def accepts(tools: Tools, judge: str, key: str) -> bool:
    if judge == COSIGN:
        words = ["--key", key, "--bundle", "bundle.json", "--insecure-ignore-tlog", "--type", "slsaprovenance1", "artifact"]
        return tools.cosign("verify-blob-attestation", *words)
    if judge == NPM:
        return tools.node({"bundle": "bundle.json", "key": key}) == "ok"
    if judge == MODEL:
        words = ["verify", "key", "--signature", "model.sig", "--public_key", key, "model"]
        return tools.run(sys.executable, "-W", "ignore", "-m", "model_signing", *words).returncode == 0
    return in_securesystemslib(key)


def in_securesystemslib(key: str) -> bool:
    """The envelope of the bundle, its key id filled in as that library wants it."""
    envelope = json.loads(Path("bundle.json").read_text())["dsseEnvelope"]
    public = SSlibKey.from_crypto(serialization.load_pem_public_key(Path(key).read_bytes()))
    envelope["signatures"][0]["keyid"] = public.keyid
    try:
        securesystemslib.dsse.Envelope.from_dict(envelope).verify([public], 1)
    except securesystemslib.exceptions.VerificationError:
        return False
    return True


def signed(place: SigningPlace, key_type: str) -> None:
    sign(SignRequest(("artifact",), "provenance", key_type, "bundle.json", "user:ada"), doors=place.sign_doors)
    sign(SignRequest(("model",), "model", key_type, "model.sig", "user:ada"), doors=place.sign_doors)


@pytest.mark.parametrize("judge", KEY_JUDGES)
@pytest.mark.parametrize("key_type", KEYS)
def test_each_judge_accepts_what_the_table_says_and_refuses_another_key(
    place: SigningPlace, tools: Tools, key_type: str, judge: str
) -> None:
    signed(place, key_type)
    assert accepts(tools, judge, f"{key_type}.pem") is (judge in KEYS[key_type]), tools.said
    assert not accepts(tools, judge, f"{key_type}-other.pem"), tools.said


@pytest.mark.parametrize("judge", KEY_JUDGES)
def test_each_judge_refuses_a_changed_byte(place: SigningPlace, tools: Tools, judge: str) -> None:
    signed(place, "ec-p256")
    for name in ("bundle.json", "model.sig"):
        text = Path(name).read_text()
        at = text.index('"payload":"') + 60
        Path(name).write_text(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :])
    assert not accepts(tools, judge, "ec-p256.pem"), tools.said


def ours(place: SigningPlace, key: str) -> bool:
    try:
        verify_one("artifact", "bundle.json", key_in(Path(key).read_bytes(), key), doors=place.verify_doors)
    except IntegrityError as error:
        return not (error.what and error.hint)
    return True


# the types cosign can import; it signs P-384 with SHA-384 when asked to sign content, as ours reads it
@pytest.mark.parametrize("key_type", ["ec-p256", "ec-p384", "rsa-3072"])
@pytest.mark.parametrize("statement", [False, True], ids=["blob", "statement"])
def test_ours_accepts_what_cosign_signs(place: SigningPlace, tools: Tools, key_type: str, statement: bool) -> None:
    assert tools.cosign("import-key-pair", "--key", private(place, key_type), "--output-key-prefix", "cosign"), tools.said
    words = ["--key", "cosign.key", "--bundle", "bundle.json", "--yes", "--signing-config", "none.json", "artifact"]
    if statement:
        Path("predicate.json").write_text('{"builder":{"id":"x"}}')
        assert tools.cosign("attest-blob", "--predicate", "predicate.json", "--type", "slsaprovenance", *words), tools.said
    else:
        assert tools.cosign("sign-blob", *words), tools.said
    assert ours(place, f"{key_type}.pem"), Path("bundle.json").read_text()
    assert not ours(place, f"{key_type}-other.pem")
    Path("artifact").write_bytes(b"hellO\n")
    assert not ours(place, f"{key_type}.pem")


@pytest.mark.parametrize(
    ("key_type", "statement"), [("ec-p256", False), ("ec-p256", True), ("rsa-3072", False), ("rsa-3072", True), ("ed25519", True)]
)
def test_ours_accepts_what_sigstore_js_packs(place: SigningPlace, tools: Tools, key_type: str, statement: bool) -> None:
    signed(place, key_type)
    payload = json.loads(Path("bundle.json").read_text())["dsseEnvelope"]["payload"]
    import base64

    Path("statement").write_bytes(base64.b64decode(payload))
    asked = {"sign": "statement" if statement else "artifact", "private": private(place, key_type), "statement": statement}
    Path("bundle.json").write_text(tools.node(asked))
    assert ours(place, f"{key_type}.pem"), Path("bundle.json").read_text()
    Path("artifact").write_bytes(b"hellO\n")
    assert not ours(place, f"{key_type}.pem")


@pytest.mark.parametrize("key_type", ["ec-p256", "ec-p384"])
def test_ours_accepts_what_model_signing_signs(place: SigningPlace, tools: Tools, key_type: str) -> None:
    words = ["sign", "key", "--signature", "model.sig", "--private_key", private(place, key_type), "model"]
    assert tools.run(sys.executable, "-W", "ignore", "-m", "model_signing", *words).returncode == 0, tools.said

    def answer() -> bool:
        try:
            verify_one("model", "model.sig", key_in(Path(f"{key_type}.pem").read_bytes(), "k.pem"), doors=place.verify_doors)
        except IntegrityError:
            return False
        return True

    assert answer()
    Path("model/weights.bin").write_bytes(bytes(299) + b"\1")
    assert not answer()


def test_the_tables_know_every_judge() -> None:
    assert set().union(*KEYS.values()) == {COSIGN, NPM, SSLIB, MODEL}
