# SPDX-License-Identifier: Apache-2.0
"""A token that somebody else has set up, named in the configuration or by URI alone."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline_guard.adapters.hsm.library import find_softhsm

Guard = Callable[..., Any]
PIN = "98" + "7654"


@pytest.fixture
def place(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tmp_path / 'tokens'}\n")
    environment = {"SOFTHSM2_CONF": str(tmp_path / "softhsm2.conf"), "THE_PIN": PIN}
    words = ["softhsm2-util", "--init-token", "--free", "--label", "ci", "--so-pin", "12345678", "--pin", PIN]
    subprocess.run(words, env={"PATH": "/usr/bin:/bin", **environment}, check=True, capture_output=True)
    folder = tmp_path / "project"
    folder.mkdir()
    return folder, environment


def configure(folder: Path, label: str = "ci") -> None:
    text = f'version: 1\ntoken: {{uri: "pkcs11:token={label}", module: {find_softhsm("")}, pin: "env:THE_PIN"}}\n'
    (folder / ".pipeline-guard.yml").write_text(text)


def test_keys_secrets_and_signatures_live_in_the_configured_token(guard: Guard, place: Any) -> None:
    folder, environment = place
    configure(folder)
    assert "label         ci" in guard("token", "info", cwd=folder, env=environment).out
    assert guard("keys", "create", "release", cwd=folder, env=environment).code == 0
    (folder / "file").write_text("data")
    assert guard("sign", "file", "--key", "release", cwd=folder, env=environment).code == 0
    assert guard("verify", "file", "--key", "release", cwd=folder).code == 0
    assert guard("secrets", "put", "db", stdin="a-secret-value", cwd=folder, env=environment).code == 0


def test_uri_alone_is_enough_to_sign(guard: Guard, place: Any) -> None:
    folder, environment = place
    configure(folder)
    assert guard("keys", "create", "release", cwd=folder, env=environment).code == 0
    (folder / ".pipeline-guard.yml").unlink()
    (folder / "file").write_text("data")
    uri = f"pkcs11:token=ci;object=release%2F1?module-path={find_softhsm('')}&pin-source=env:THE_PIN"
    assert guard("sign", "file", "--key", uri, cwd=folder, env=environment).code == 0
    assert guard("verify", "file", "--key", uri, cwd=folder, env=environment).code == 0


def test_wrong_pin_and_wrong_label_are_told_apart(guard: Guard, place: Any) -> None:
    folder, environment = place
    configure(folder)
    wrong = guard("keys", "create", "release", cwd=folder, env={**environment, "THE_PIN": "000000"})
    assert (wrong.code, wrong.err.splitlines()[0]) == (2, "pipeline-guard: error: the token refuses the PIN")
    configure(folder, "elsewhere")
    absent = guard("keys", "create", "release", cwd=folder, env=environment)
    assert absent.code == 5
    assert "the token is not there" in absent.err
    assert PIN not in wrong.err + absent.err
