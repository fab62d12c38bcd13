# SPDX-License-Identifier: Apache-2.0
"""sign and verify as commands: exit codes, what they print, and what is needed for them."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "verification.v1.json"
HELLO = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
VECTORS = Path(__file__).parents[1] / "vectors" / "sign" / "v1"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The stored bundles in a folder to work in."""
    return Path(shutil.copytree(VECTORS, tmp_path / "work"))


def test_a_key_in_the_token_signs_and_the_exported_half_verifies(guard: Callable[..., Any], work: Path) -> None:
    assert guard("keys", "create", "signing", cwd=work).code == 0
    made = guard("sign", "hello.txt", "model", "--key", "signing", cwd=work)
    assert made.code == 0, made.err
    assert [line.split()[:3] for line in made.out.splitlines()] == [
        ["signed", "hello.txt", "hello.txt.sigstore.json"],
        ["signed", "model", "model/model.sig"],
    ]
    assert guard("keys", "export-public", "signing", "--output", "mine.pem", cwd=work).code == 0
    for key in ("mine.pem", "signing"):
        done = guard("verify", "hello.txt", "model", "--key", key, cwd=work)
        assert done.code == 0, done.err
        assert [line.split()[0] for line in done.out.splitlines()] == ["ok", "ok"]
    assert guard("verify", ".", "--key", "../mine.pem", cwd=work / "model").code == 0
    assert guard("verify", "hello.txt", "--key", "signing.pem", cwd=work).code == 1
    assert "made with another key" in guard("verify", "hello.txt", "--key", "signing.pem", cwd=work).out


def test_one_line_a_subject_and_the_exit_code_of_the_worst(guard: Callable[..., Any], work: Path) -> None:
    (work / "hello.txt").write_text("hellO\n")
    done = guard("verify", "hello.txt", "built.txt", "--key", "signing.pem", cwd=work)
    assert done.code == 1
    bad, good = done.out.splitlines()
    assert bad.startswith("FAIL hello.txt  ")
    assert good.startswith("ok   built.txt  key sha256:")
    assert "pipeline-guard: hint: " in done.err


def sha256_of_payload(work: Path) -> str:
    bundle = json.loads((work / "hello.txt.sigstore.json").read_bytes())
    return hashlib.sha256(base64.b64decode(bundle["dsseEnvelope"]["payload"])).hexdigest()


def test_json_says_the_same(guard: Callable[..., Any], work: Path) -> None:
    done = guard("verify", "hello.txt", "other.txt", "--key", "signing.pem", "--format", "json", cwd=work)
    assert done.code == 1
    document = json.loads(done.out)
    jsonschema.validate(document, json.loads(SCHEMA.read_bytes()))
    good, bad = document["subjects"]
    fingerprint = good["key"]
    assert bad["key"] == fingerprint != "sha256:"
    assert good.pop("payload") == document["statements"][0]["payload"] == "sha256:" + sha256_of_payload(work)
    assert [word for word in good.pop("warnings") if "bare key" in word]
    assert good == {
        "subject": "hello.txt",
        "verified": True,
        "verdict": "valid",
        "why": f"made with key {fingerprint}",
        "hint": "",
        "key": fingerprint,
        "signer": {
            "fingerprint": fingerprint,
            "type": "ec-p256",
            "name": "",
            "version": None,
            "identity": "",
            "issuer": "",
            "certificate": None,
        },
        "time": None,
        "signed_as": "",
        "digest": HELLO,
        "predicate_type": "https://sigstore.dev/cosign/sign/v1",
        "bundle": "hello.txt.sigstore.json",
        "signatures": [],
        "media_type": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "rules": [],
    }
    assert (bad["verified"], bad["digest"], bad["bundle"]) == (False, "", "other.txt.sigstore.json")
    assert (bad["verdict"], bad["signer"]) == ("no-signature", None)
    assert "no signature there" in bad["why"]
    assert bad["hint"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["hello.txt", "other.txt", "--bundle", "both.sigstore.json", "--key", "signing.pem"], 0),
        ([HELLO, "--bundle", "hello.txt.sigstore.json", "--key", "./signing.pem"], 0),
        (["model", "--key", "signing.pem"], 0),
        (["other.txt", "--key", "signing.pem"], 1),
        (["hello.txt", "--bundle", "cut.json", "--key", "signing.pem"], 1),
        (["hello.txt", "--bundle", "hello.txt", "--key", "signing.pem"], 1),
        (["hello.txt", "--bundle", "nowhere/b.json", "--key", "signing.pem"], 1),
        (["hello.txt", "missing.txt", "--key", "signing.pem"], 1),
        (["model/model.sig", "--key", "signing.pem"], 1),
        (["hello.txt"], 2),
        (["hello.txt", "--key", "nobody.pem"], 2),
        (["hello.txt", "--key", "./hello.txt"], 2),
        (["sha256:00", "--bundle", "both.sigstore.json", "--key", "signing.pem"], 2),
        ([HELLO, "--key", "signing.pem"], 2),
        (["missing.txt", "dist/*.whl", "--key", "signing.pem"], 3),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)  # fmt: skip
def test_exit_codes_of_verify(guard: Callable[..., Any], work: Path, words: list[str], code: int) -> None:
    (work / "cut.json").write_bytes((work / "hello.txt.sigstore.json").read_bytes()[:300])
    done = guard("verify", *words, cwd=work)
    assert done.code == code, done
    assert "Traceback" not in done.err
    assert code == 0 or "pipeline-guard: hint: " in done.err


@pytest.mark.parametrize(
    ("words", "code"),
    [(["hello.txt"], 2), (["missing.txt", "--key", "signing"], 3), (["hello.txt", "--key", "nobody"], 2), (["model", "--type", "blob"], 2)],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_exit_codes_of_sign(guard: Callable[..., Any], work: Path, words: list[str], code: int) -> None:
    done = guard("sign", *words, cwd=work)
    assert done.code == code, done
    assert "pipeline-guard: hint: " in done.err


def test_a_file_name_cannot_forge_a_line(guard: Callable[..., Any], work: Path) -> None:
    (work / "x\nok   y").touch()
    done = guard("verify", "x\nok   y", "--key", "signing.pem", cwd=work)
    assert done.code == 1
    assert len(done.out.splitlines()) == 1


def test_verifying_with_a_pem_file_needs_neither_token_nor_store(work: Path) -> None:
    program = (
        "import sys\n"
        "from pipeline_guard.cli.main import main\n"
        "code = main(['verify', 'hello.txt', 'model', '--key', 'signing.pem'])\n"
        "print(code, [name for name in ('pkcs11', 'sqlalchemy', 'sqlite3', 'msgspec', 'yaml', 'rich') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=work, env={"PYTHONPATH": str(Path(__file__).parents[2])}, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "0 []", done


def test_a_deny_list_of_certificates_is_not_passed_over_with_a_key(guard: Callable[..., Any], work: Path) -> None:
    (work / "denied.txt").write_text("11\n")
    done = guard("verify", "hello.txt", "--key", "signing.pem", "--revoked-certificates", "denied.txt", cwd=work)
    assert (done.code, done.out) == (2, "")
    assert "pipeline-guard: hint: " in done.err


def test_patterns_lists_folders_and_images_as_commands(guard: Callable[..., Any], work: Path) -> None:
    assert guard("keys", "create", "signing", cwd=work).code == 0
    assert guard("keys", "export-public", "signing", "--output", "mine.pem", cwd=work).code == 0
    (work / "dist").mkdir()
    for name in ("a.whl", "b.whl"):
        (work / "dist" / name).write_text(name)
    made = guard("sign", "dist/*.whl", "--key", "signing", cwd=work)
    assert [line.split()[1] for line in made.out.splitlines()] == ["dist/a.whl", "dist/b.whl"]
    (work / "list.json").write_text('["dist/a.whl", "dist/b.whl", "hello.txt"]')
    assert guard("verify", "dist/*.whl", "--key", "mine.pem", cwd=work).out.count("ok ") == 2
    assert guard("verify", "dist/*.rpm", "--key", "mine.pem", cwd=work).code == 3
    assert guard("verify", "--key", "mine.pem", cwd=work).code == 2
    made = guard("sign", "--subjects-from", "list.json", "--bundle", "all.json", "--key", "signing", cwd=work)
    assert made.code == 0, made.err
    done = guard("verify", "dist/a.whl", "hello.txt", "--bundle", "all.json", "--key", "mine.pem", cwd=work)
    assert done.code == 0, done
    done = guard("verify", "--subjects-from", "list.json", "--bundle", "all.json", "--key", "mine.pem", cwd=work)
    assert (done.code, done.out.count("ok ")) == (0, 3), done
    for path in (work / "dist").glob("*.json"):
        path.unlink()
    assert guard("sign", "dist", "--type", "blob", "--key", "signing", cwd=work).code == 0
    assert guard("verify", "dist", "--key", "mine.pem", cwd=work).code == 0
    (work / "dist/c.whl").touch()
    assert guard("verify", "dist", "--key", "mine.pem", cwd=work).code == 1
    assert guard("verify", "dist", "--key", "mine.pem", "--ignore-path", "c.whl", cwd=work).code == 0
    for words, code in (
        (["sign", "--key", "signing"], 2),
        (["sign", "*.rpm", "--key", "signing"], 3),
        (["sign", "oci:dist", "--key", "signing"], 3),
    ):
        done = guard(*words, cwd=work)
        assert done.code == code, done
        assert "pipeline-guard: hint: " in done.err


def test_a_model_is_judged_strictly_unless_the_verifier_says_so(guard: Callable[..., Any], work: Path) -> None:
    assert guard("keys", "create", "signing", cwd=work).code == 0
    assert guard("sign", "model", "--digest", "blake3", "--reuse-digests", "--key", "signing", cwd=work).code == 0
    assert guard("verify", "model", "--key", "signing", "--reuse-digests", cwd=work).code == 0
    (work / "model/.git/hooks").mkdir(parents=True)
    (work / "model/.git/hooks/post-checkout").write_text("#!/bin/sh\n")
    done = guard("verify", "model", "--key", "signing", cwd=work)
    assert done.code == 1
    assert ".git/hooks/post-checkout" in done.out
    assert "--ignore-path .git" in done.err
    assert guard("verify", "model", "--key", "signing", "--ignore-path", ".git/", cwd=work).code == 0
    assert guard("verify", "model", "--key", "signing", "--lenient", cwd=work).code == 0
    assert guard("sign", "hello.txt", "--digest", "blake3", "--key", "signing", cwd=work).code == 2


@pytest.mark.parametrize(
    "words", [["sign", "hello.txt", "--key", "signing"], ["verify", "hello.txt", "--key", "signing"], ["run", "--", "true"]]
)
def test_short_commands_ask_the_store_without_sqlalchemy(guard: Callable[..., Any], work: Path, words: list[str]) -> None:
    (work / ".pipeline-guard.yml").write_text("version: 1\nsecrets: {A_SECRET: {from: a}}\n")
    assert guard("keys", "create", "signing", cwd=work).code == 0
    assert guard("secrets", "put", "a", cwd=work, stdin="a-value-to-hand-out").code == 0
    assert guard("sign", "hello.txt", "--key", "signing", cwd=work).code == 0
    (work / "hidden" / "sqlalchemy").mkdir(parents=True)
    (work / "hidden" / "sqlalchemy" / "__init__.py").write_text("raise ImportError")
    done = guard(*words, cwd=work, env={"PYTHONPATH": f"{work / 'hidden'}:{Path(__file__).parents[2]}"})
    assert done.code == 0, done
    done = guard("keys", "list", cwd=work, env={"PYTHONPATH": f"{work / 'hidden'}:{Path(__file__).parents[2]}"})
    assert (done.code, "pipeline-guard[hsm]" in done.err) == (5, True)
