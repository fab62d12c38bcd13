# SPDX-License-Identifier: Apache-2.0
"""sign with a private trust root whose keys lie in a token: the command, and sigstore and model-signing as judges."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

IDENTITY, ISSUER = "https://forge.example/group/project//.gitlab-ci.yml@refs/heads/main", "https://forge.example"
WHO = ("--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER)
SIGN = ("--key", "signing", "--private-trust", "trust", *WHO)
ROOT = ("--trusted-root", "trust/trusted_root.json")


@pytest.fixture
def place(guard: Callable[..., Any], tmp_path: Path) -> Path:
    """A folder with a file, a model, a folder for the trust root, and a token with a signing key."""
    (tmp_path / "a.txt").write_text("hello\n")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights.bin").write_bytes(bytes(300))
    (tmp_path / "trust").mkdir()
    assert guard("keys", "create", "signing").code == 0
    return tmp_path


def python(place: Path, *words: str) -> int:
    done = subprocess.run([sys.executable, "-W", "ignore", "-m", *words], cwd=place, capture_output=True, text=True)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode


def test_a_file_and_a_model_are_certified_by_the_token_and_verify_here_and_elsewhere(guard: Callable[..., Any], place: Path) -> None:
    done = guard("sign", "a.txt", "model", *SIGN)
    assert done.code == 0, done.err
    made = {path.name: path.read_bytes() for path in (place / "trust").iterdir()}
    assert sorted(made) == ["client_trust_config.json", "root.pem", "time.pem", "trusted_root.json"]
    done = guard("verify", "a.txt", "model", *WHO, *ROOT)
    assert (done.code, done.out) == (0, f"ok   a.txt  {IDENTITY} by {ISSUER}\nok   model  {IDENTITY} by {ISSUER}\n")
    for wrong in (("--certificate-identity", IDENTITY + "x", *WHO[2:]), (*WHO[:2], "--certificate-oidc-issuer", ISSUER + "x")):
        assert guard("verify", "a.txt", *wrong, *ROOT).code == 1

    def sigstore(identity: str) -> int:
        words = ("--bundle", "a.txt.sigstore.json", "--cert-identity", identity, "--cert-oidc-issuer", ISSUER, "a.txt")
        return python(place, "sigstore", "--trust-config", "trust/client_trust_config.json", "verify", "identity", "--offline", *words)

    assert sigstore(IDENTITY) == 0
    assert sigstore(IDENTITY + "x") != 0
    words = (
        "--signature",
        "model/model.sig",
        "--trust_config",
        "trust/client_trust_config.json",
        "--identity",
        IDENTITY,
        "--identity_provider",
        ISSUER,
    )
    assert python(place, "model_signing", "verify", "sigstore", *words, "model") == 0

    # a second signature uses the same root and keys, and each certificate is in the audit log before it is used
    assert guard("sign", "a.txt", *SIGN).code == 0
    assert {path.name: path.read_bytes() for path in (place / "trust").iterdir()} == made
    assert guard("audit", "export", "--output", "log.jsonl").code == 0
    events = [json.loads(line) for line in (place / "log.jsonl").read_text().splitlines()]
    assert [event.get("object") for event in events if event.get("action") == "certify"] == [IDENTITY] * 3
    assert [event.get("object") for event in events if event.get("action") == "trust.create"] == ["trust/root"]


def test_another_folder_is_another_root_for_verifiers_of_the_first(guard: Callable[..., Any], place: Path) -> None:
    assert guard("sign", "a.txt", *SIGN).code == 0
    (place / "other").mkdir()
    words = ("--key", "signing", "--private-trust", "other", *WHO)
    assert guard("sign", "a.txt", *words, env={"PIPELINE_GUARD_HOME": str(place / "elsewhere")}).code == 2  # no such key there
    assert guard("keys", "create", "signing", env={"PIPELINE_GUARD_HOME": str(place / "elsewhere")}).code == 0
    done = guard("sign", "a.txt", *SIGN, env={"PIPELINE_GUARD_HOME": str(place / "elsewhere")})
    assert done.code == 2
    assert "not of the keys in this token" in done.err
    assert guard("sign", "a.txt", *words, env={"PIPELINE_GUARD_HOME": str(place / "elsewhere")}).code == 0
    assert guard("verify", "a.txt", *WHO, "--trusted-root", "other/trusted_root.json").code == 0
    assert guard("verify", "a.txt", *WHO, *ROOT).code == 1


def test_an_edited_root_is_noticed(guard: Callable[..., Any], place: Path) -> None:
    assert guard("sign", "a.txt", *SIGN).code == 0
    path = place / "trust" / "trusted_root.json"
    path.write_text(path.read_text().replace("2036", "2046").replace("tlogs", "tlogz"))
    done = guard("sign", "a.txt", *SIGN)
    assert done.code == 2
    assert "it was edited" in done.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--private-trust", "nowhere", *WHO), 2),
        (("--private-trust", "trust"), 2),
        (("--private-trust", "trust", *WHO[:2]), 2),
        (("--private-trust", "trust", "--certificate-identity", "ada", *WHO[2:]), 2),
        (("--private-trust", "trust", "--certificate-identity", "https://x/\u00e9", *WHO[2:]), 2),
        (("--private-trust", "trust", *WHO[:2], "--certificate-oidc-issuer", "ada@example.org"), 2),
        (("--private-trust", "trust", *WHO, "--timestamp-url", "http://127.0.0.1:9"), 2),
        (WHO, 2),
    ],
)  # fmt: skip
def test_what_cannot_be_certified_is_not_signed(guard: Callable[..., Any], place: Path, words: tuple[str, ...], code: int) -> None:
    done = guard("sign", "a.txt", "--key", "signing", *words)
    assert done.code == code, done
    assert "pipeline-guard: hint: " in done.err
    assert not (place / "a.txt.sigstore.json").exists()


def test_a_key_of_another_type_is_not_certified(guard: Callable[..., Any], place: Path) -> None:
    assert guard("keys", "create", "larger", "--type", "ec-p384").code == 0
    done = guard("sign", "a.txt", "--key", "larger", "--private-trust", "trust", *WHO)
    assert done.code == 2
    assert "ec-p256" in done.err
    assert not (place / "a.txt.sigstore.json").exists()
