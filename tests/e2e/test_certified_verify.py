# SPDX-License-Identifier: Apache-2.0
"""verify with certificates and timestamps, sign with timestamps: as commands, offline, with their exit codes."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cryptography import x509

from tests.fakes.time_authority import TimeAuthority
from tests.fakes.trust import IDENTITY, ISSUER, PrivateTrust

VECTORS = Path(__file__).parents[1] / "vectors" / "sign" / "certified"
SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "verification.v1.json"
WHO = ("--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER)
ROOT = ("--trusted-root", "trusted_root.json")
STATEMENT = ("--bundle", "v0.3-statement.sigstore.json")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return Path(shutil.copytree(VECTORS, tmp_path / "work"))


def test_every_stored_bundle_verifies(guard: Callable[..., Any], work: Path) -> None:
    for bundle in sorted(work.glob("*.sigstore.json")):
        done = guard("verify", "hello.txt", "--bundle", bundle.name, *WHO, *ROOT, cwd=work)
        assert (done.code, done.err) == (0, "")
        assert done.out == f"ok   hello.txt  {IDENTITY} by {ISSUER}\n"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([*STATEMENT, *WHO, "--trusted-root", "client_trust_config.json"], 0),
        ([*STATEMENT, *WHO, "--trusted-root", "other_root.json"], 1),
        ([*STATEMENT, "--certificate-identity", IDENTITY + "x", "--certificate-oidc-issuer", ISSUER, *ROOT], 1),
        ([*STATEMENT, "--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER + "/", *ROOT], 1),
        ([*STATEMENT, *WHO, *ROOT, "--revoked-certificates", "revoked"], 1),
        ([*STATEMENT, *WHO, *ROOT, "--revoked-certificates", "none"], 0),
        ([*STATEMENT, *WHO, *ROOT, "--revoked-certificates", "hello.txt"], 2),
        ([*STATEMENT, *WHO], 2),
        ([*STATEMENT, "--certificate-identity", IDENTITY, *ROOT], 2),
        ([*STATEMENT, "--certificate-oidc-issuer", ISSUER, *ROOT], 2),
        ([*STATEMENT, *WHO, *ROOT, "--key", "key.pem"], 2),
        ([*STATEMENT, *WHO, "--trusted-root", "hello.txt"], 2),
        ([*STATEMENT, *WHO, "--trusted-root", "missing.json"], 2),
        ([*STATEMENT, *WHO, "--certificate-roots", "hello.txt"], 2),
    ],
    ids=range(14),
)
def test_exit_codes(guard: Callable[..., Any], work: Path, words: list[str], code: int) -> None:
    (work / "other_root.json").write_bytes(PrivateTrust().root_bytes())
    bundle = json.loads((work / STATEMENT[1]).read_text())
    certificate = base64.b64decode(bundle["verificationMaterial"]["certificate"]["rawBytes"])
    serial = f"{x509.load_der_x509_certificate(certificate).serial_number:x}"
    (work / "revoked").write_text(f"# by hand\n0x{serial}  # the laptop\n")
    (work / "none").write_text("\n# nobody\n")
    done = guard("verify", "hello.txt", *words, cwd=work)
    assert done.code == code, done
    assert "Traceback" not in done.err
    assert code == 0 or "pipeline-guard: hint: " in done.err


def test_a_changed_file_is_refused(guard: Callable[..., Any], work: Path) -> None:
    (work / "hello.txt").write_bytes(b"hellO\n")
    for bundle in ("v0.3-statement", "v0.3-blob", "v0.1-blob-promise"):
        assert guard("verify", "hello.txt", "--bundle", f"{bundle}.sigstore.json", *WHO, *ROOT, cwd=work).code == 1


def test_json_names_who_and_when(guard: Callable[..., Any], work: Path) -> None:
    done = guard("verify", "hello.txt", *STATEMENT, *WHO, *ROOT, "--format", "json", cwd=work)
    document = json.loads(done.out)
    jsonschema.validate(document, json.loads(SCHEMA.read_bytes()))
    (answer,) = document["subjects"]
    assert (answer["signer"]["identity"], answer["signer"]["issuer"], answer["verdict"]) == (IDENTITY, ISSUER, "valid")
    latest = "2026-11-24T12:00:01+00:00"
    assert answer["time"] == {"time": "2026-11-24T12:00:00+00:00", "source": "rfc3161:https://trust.example", "latest": latest}


def test_verifying_a_certificate_needs_no_token_no_store_and_no_network_library(work: Path) -> None:
    words = ["verify", "hello.txt", *STATEMENT, *WHO, *ROOT]
    heavy = ("pkcs11", "sqlalchemy", "sqlite3", "msgspec", "yaml", "rich", "requests", "sigstore", "pydantic", "http.client")
    program = f"import sys\nfrom pipeline_guard.cli.main import main\nprint(main({words!r}), [name for name in {heavy!r} if name in sys.modules])\n"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=work, env={"PYTHONPATH": str(Path(__file__).parents[2])}, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "0 []", done


# --- timestamps of signatures by bare keys


def test_a_key_of_ours_proves_when_another_key_signed(guard: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello\n")
    for name in ("signing", "time"):
        assert guard("keys", "create", name).code == 0
    words = ("sign", "a.txt", "--key", "signing", "--timestamp-key", "time", "--timestamp-certificate", "time.pem")
    done = guard(*words)
    assert done.code == 0, done.err
    certificate = (tmp_path / "time.pem").read_bytes()
    assert guard(*words).code == 0
    assert (tmp_path / "time.pem").read_bytes() == certificate
    done = guard("verify", "a.txt", "--key", "signing", "--tsa-certificate", "time.pem", "--format", "json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["subjects"][0]["time"]["source"].startswith("rfc3161:")
    # without trust in the authority the signature still holds, but nothing proves when
    assert json.loads(guard("verify", "a.txt", "--key", "signing", "--format", "json").out)["subjects"][0]["time"] is None
    assert guard("audit", "export", "--output", "log.jsonl").code == 0
    actions = [json.loads(line).get("action") for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert actions.count("certify") == 1
    assert actions.count("timestamp") == 2
    check_with_openssl(tmp_path)


def check_with_openssl(folder: Path) -> None:
    bundle = json.loads((folder / "a.txt.sigstore.json").read_text())
    stamp = bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"][0]["signedTimestamp"]
    (folder / "token").write_bytes(base64.b64decode(stamp))
    (folder / "signature").write_bytes(base64.b64decode(bundle["dsseEnvelope"]["signatures"][0]["sig"]))

    def answer(content: str) -> int:
        words = ["openssl", "ts", "-verify", "-in", "token", "-data", content, "-CAfile", "time.pem"]
        return subprocess.run(words, cwd=folder, capture_output=True).returncode

    assert answer("signature") == 0
    assert answer("a.txt") != 0


def test_an_authority_is_asked_over_http(guard: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello\n")
    (tmp_path / "authority").mkdir()
    guard("keys", "create", "signing")
    authority = TimeAuthority(tmp_path / "authority")
    try:
        done = guard("sign", "a.txt", "--key", "signing", "--timestamp-url", authority.url)
        assert done.code == 0, done.err
        done = guard("verify", "a.txt", "--key", "signing", "--tsa-certificate", "authority/tsa.pem", "--format", "json")
        assert json.loads(done.out)["subjects"][0]["time"]["source"].startswith("rfc3161:"), done.err
        authority.mood = "error"
        (tmp_path / "b.txt").write_text("hello\n")
        assert guard("sign", "b.txt", "--key", "signing", "--timestamp-url", authority.url).code == 5
        assert not (tmp_path / "b.txt.sigstore.json").exists()
    finally:
        authority.close()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--timestamp-key", "signing"), 2),
        (("--timestamp-key", "nobody", "--timestamp-certificate", "t.pem"), 2),
        (("--timestamp-key", "signing", "--timestamp-url", "http://127.0.0.1:9"), 2),
        (("--timestamp-url", "ftp://x"), 2),
        (("--timestamp-url", "http://127.0.0.1:9"), 5),
    ],
)
def test_signing_without_the_proof_that_was_asked_for_fails(
    guard: Callable[..., Any], tmp_path: Path, words: tuple[str, ...], code: int
) -> None:
    (tmp_path / "a.txt").write_text("hello\n")
    guard("keys", "create", "signing")
    done = guard("sign", "a.txt", "--key", "signing", *words)
    assert done.code == code, done
    assert "pipeline-guard: hint: " in done.err
    assert not (tmp_path / "a.txt.sigstore.json").exists()


def test_a_certificate_of_another_key_is_refused(guard: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello\n")
    for name in ("signing", "time", "other"):
        guard("keys", "create", name)
    made = ("sign", "a.txt", "--key", "signing", "--timestamp-certificate", "t.pem", "--timestamp-key")
    assert guard(*made, "time").code == 0
    done = guard(*made, "other")
    assert done.code == 2
    assert "not a certificate of version 1 of the key other" in done.err
