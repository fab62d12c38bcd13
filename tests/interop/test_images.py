# SPDX-License-Identifier: Apache-2.0
"""Signatures beside images, both directions, over a small registry with and without a referrers API; the strict part of a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from pipeline_guard.flows.sign import SignRequest, sign
from pipeline_guard.flows.verify import verify, verify_one
from pipeline_guard.model.signature import SignatureVerdict
from pipeline_guard.sign.timeline import bare
from tests.fakes.registry import Registry, running
from tests.fakes.signing import SigningPlace
from tests.flows.test_images import image
from tests.interop.conftest import Tools

NO_LOG = ["--insecure-ignore-tlog", "--allow-http-registry"]


@pytest.fixture
def place(tools: Tools) -> SigningPlace:
    """A signing key, as a public file and as cosign's own."""
    found = SigningPlace()
    Path("key.pem").write_text(found.key.public_pem)
    Path("other.pem").write_text(SigningPlace().key.public_pem)
    material: Any = found.token.material(found.key.ref)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    Path("private.pem").write_bytes(material.private_bytes(*form))
    assert tools.cosign("import-key-pair", "--key", "private.pem", "--output-key-prefix", "cosign"), tools.said
    return found


def signed(place: SigningPlace, subject: str, kind: str = "") -> None:
    sign(SignRequest((subject,), kind, "signing", "", "user:ada"), doors=place.sign_doors)


@pytest.mark.parametrize("referrers", [True, False], ids=["referrers API", "referrers tag"])
def test_cosign_verifies_the_images_we_sign_and_refuses_others(tools: Tools, place: SigningPlace, referrers: bool) -> None:
    with running(Registry(referrers=referrers)) as registry:
        registry.push("v1", *image("amd64"))
        registry.push("unsigned", *image("arm64"))
        repository = f"{registry.host}/team/app"
        signed(place, f"docker://{repository}:v1")
        signed(place, f"docker://{repository}:v1", "provenance")
        assert tools.cosign("verify", "--key", "key.pem", *NO_LOG, f"{repository}:v1"), tools.said
        assert tools.cosign("verify-attestation", "--type", "slsaprovenance1", "--key", "key.pem", *NO_LOG, f"{repository}:v1"), tools.said
        assert not tools.cosign("verify", "--key", "other.pem", *NO_LOG, f"{repository}:v1")
        assert not tools.cosign("verify", "--key", "key.pem", *NO_LOG, f"{repository}:unsigned")


@pytest.mark.parametrize("referrers", [True, False], ids=["referrers API", "referrers tag"])
def test_we_verify_the_images_that_cosign_signs_and_refuse_others(tools: Tools, place: SigningPlace, referrers: bool) -> None:
    with running(Registry(referrers=referrers)) as registry:
        registry.push("v1", *image("amd64"))
        registry.push("unsigned", *image("arm64"))
        repository = f"{registry.host}/team/app"
        words = ["--key", "cosign.key", "--tlog-upload=false", "--use-signing-config=false", "--allow-http-registry", "--yes"]
        assert tools.cosign("sign", *words, f"{repository}:v1"), tools.said
        subjects = [f"docker://{repository}:v1", f"docker://{repository}:unsigned"]
        answers = verify(subjects, "", bare(place.key.public_pem), doors=place.verify_doors)
        assert [answer.verdict for answer in answers] == [SignatureVerdict.VALID, SignatureVerdict.NO_SIGNATURE]
        other = verify(subjects[:1], "", bare(Path("other.pem").read_text()), doors=place.verify_doors)
        assert other[0].verdict is SignatureVerdict.UNKNOWN_KEY


def test_cosign_takes_a_model_with_our_strict_part_by_its_root(tools: Tools, place: SigningPlace) -> None:
    Path("model/empty").mkdir(parents=True)
    Path("model/run.sh").write_text("#!/bin/sh\n")
    Path("model/run.sh").chmod(0o755)
    Path("model/.gitignore").write_text("*.tmp\n")
    signed(place, "model")
    statement = verify_one("model", "", bare(place.key.public_pem), doors=place.verify_doors)
    assert statement.predicate["x-pipeline-guard"]["executables"] == ["run.sh"]
    kind = ["--type", "https://model_signing/signature/v1.0", "--digestAlg", "sha256"]
    words = ["verify-blob-attestation", "--key", "key.pem", "--bundle", "model/model.sig", "--insecure-ignore-tlog", *kind]
    root = statement.subjects[0].digest.hex
    assert tools.cosign(*words, "--digest", root), tools.said
    assert not tools.cosign(*words, "--digest", "0" * 64)
    document = json.loads(Path("model/model.sig").read_bytes())
    document["dsseEnvelope"]["payload"] = document["dsseEnvelope"]["payload"][:-8] + "AAAAAAA="
    Path("model/model.sig").write_text(json.dumps(document))
    assert not tools.cosign(*words, "--digest", root)
