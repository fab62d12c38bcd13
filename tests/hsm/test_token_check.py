# SPDX-License-Identifier: Apache-2.0
"""The boundary of three real tokens: SoftHSM, accepted with restrictions; NSS, rejected; a TPM that nobody here wrote."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Outcome, Repository
from tests.hsm.tpm import library, tpm_token

Guard = Callable[..., Outcome]


def check(guard: Guard, folder: Path, code: int, **env: str) -> dict[str, Any]:
    done = guard("token", "check", "--format", "json", cwd=folder, env=env)
    assert done.code == code, done.err
    return json.loads(done.out)


def outcomes(found: dict[str, Any]) -> dict[str, str]:
    return {probe["id"]: probe["outcome"] for probe in found["probes"]}


def objects(module: str, pin: str, **env: str) -> str:
    words = ["pkcs11-tool", "--module", module, "--login", "--pin", pin, "--list-objects"]
    return subprocess.run(words, capture_output=True, text=True, env={**os.environ, **env}, check=False).stdout


def test_softhsm_is_accepted_with_restrictions_and_keeps_nothing_of_the_probes(guard: Guard, repository: Repository) -> None:
    found = check(guard, repository.path, 0)
    assert found["verdict"] == "restrict"
    assert len(found["probes"]) >= 12
    seen = outcomes(found)
    for name in (
        "read-secret",
        "read-private",
        "set-extractable",
        "copy-extractable",
        "wrap-aes-key-wrap",
        "wrap-rsa-oaep",
        "switch-usage-on-closed",
    ):
        assert seen[name] == "refused", name
    # what SoftHSM is known to allow with keys that we never make
    for name in ("wrap-then-decrypt", "weak-unwrap", "wrap-to-own-pair"):
        assert seen[name] == "leaked", name
    assert seen["switch-usage-on"] == "permitted"
    assert all(finding["rule"] for finding in found["findings"])
    home = Path(os.environ["PIPELINE_GUARD_HOME"])
    left = objects(found["token"]["module"], (home / "pin").read_text(), SOFTHSM2_CONF=str(home / "softhsm2.conf"))
    assert "probe" not in left
    assert guard("keys", "create", "k", cwd=repository.path).code == 0


@pytest.fixture
def nss(repository: Repository, tmp_path: Path) -> Repository:
    """A repository whose configuration names the softoken of NSS."""
    database = tmp_path / "nss"
    database.mkdir()
    subprocess.run(["certutil", "-N", "-d", f"sql:{database}", "--empty-password"], check=True, capture_output=True)
    (tmp_path / "empty").touch()
    arguments = f"configdir='sql:{database}' certPrefix='' keyPrefix='' secmod='secmod.db' flags= updatedir='' updateCertPrefix='' updateKeyPrefix='' updateid='' updateTokenDescription=''"
    repository.write(
        ".pipeline-guard.yml",
        f'version: 1\ntoken:\n  uri: "pkcs11:token=NSS%20Certificate%20DB"\n  module: {library("libsoftokn3.so")}\n'
        f'  module-arguments: "{arguments}"\n  pin: file:{tmp_path / "empty"}\n',
    )
    return repository


def test_nss_is_rejected_and_every_leak_is_told(guard: Guard, nss: Repository) -> None:
    found = check(guard, nss.path, 1)
    assert found["verdict"] == "reject"
    seen = outcomes(found)
    leaks = {
        "copy-extractable",
        "wrap-aes-key-wrap",
        "wrap-aes-key-wrap-pad",
        "wrap-aes-cbc",
        "wrap-aes-cbc-pad",
        "wrap-aes-ecb",
        "wrap-rsa-oaep",
        "wrap-rsa-pkcs",
    }
    assert {name for name in leaks if seen[name] != "leaked"} == set()
    assert all("C_" in finding["how"] for finding in found["findings"] if finding["grade"] == "reject")


def test_a_rejected_token_holds_no_key_unless_somebody_says_why(guard: Guard, nss: Repository) -> None:
    done = guard("keys", "create", "k", cwd=nss.path)
    assert done.code == 4
    assert "the token is rejected" in done.err
    assert "accept-rejected" in done.err
    path = nss.path / ".pipeline-guard.yml"
    path.write_text(path.read_text() + "  accept-rejected: a negative control in a test\n")
    done = guard("keys", "create", "k", cwd=nss.path)
    assert "the token is rejected" not in done.err


@pytest.fixture
def tpm(repository: Repository, tmp_path: Path) -> Iterator[dict[str, str]]:
    """A software TPM with a token on it; gives the environment that its module wants."""
    with tpm_token(tmp_path, "87654321") as started:
        (tmp_path / "pin").write_text("87654321")
        text = f'version: 1\ntoken: {{uri: "pkcs11:token=tpm", module: {started.module}, pin: "file:{tmp_path / "pin"}"}}\n'
        repository.write(".pipeline-guard.yml", text)
        yield started.environment


def test_a_tpm_is_judged_by_its_values_and_not_by_its_flags(guard: Guard, repository: Repository, tpm: dict[str, str]) -> None:
    found = check(guard, repository.path, 0, **tpm)
    assert found["verdict"] == "restrict"
    seen = outcomes(found)
    assert seen["read-private"] == "refused"
    assert seen["set-insensitive"] == seen["set-extractable"] == "permitted"
    assert "87654321" not in json.dumps(found)


def test_a_module_that_is_none_is_unavailable(guard: Guard, repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "pin").write_text("1234")
    (tmp_path / "broken.so").write_bytes(b"\x7fELF no library")
    for module in (tmp_path / "missing.so", tmp_path / "broken.so"):
        repository.write(
            ".pipeline-guard.yml", f'version: 1\ntoken: {{uri: "pkcs11:token=x", module: {module}, pin: "file:{tmp_path / "pin"}"}}\n'
        )
        assert guard("token", "check", cwd=repository.path).code == 5
