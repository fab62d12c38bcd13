# SPDX-License-Identifier: Apache-2.0
"""A token that somebody else has set up, named in the configuration or by URI alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline_guard.adapters.hsm.library import find_softhsm
from tests.hsm.tpm import tpm_token

Guard = Callable[..., Any]
PIN = "98" + "7654"
ROOT = Path(__file__).parents[2]


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


def test_a_wrong_pin_before_ours_is_told_until_the_next_login(guard: Guard, place: Any) -> None:
    folder, environment = place
    configure(folder)
    said = [guard("token", "info", cwd=folder, env=environment | change) for change in ({}, {"THE_PIN": "000000"}, {}, {})]
    assert [done.code for done in said] == [0, 2, 0, 0]
    assert ["a wrong PIN was sent since the last login" in done.out for done in said] == [False, False, True, False]


LAST = """
import os, sys
from pipeline_guard.adapters.hsm import pool
from pipeline_guard.adapters.hsm.embedded import open_token
from pipeline_guard.adapters.hsm.library import Module, find_softhsm
from pipeline_guard.errors import GuardError
flags, sent, original = int(sys.argv[1], 16), [], Module.log_in
def log_in(self, session, pin):
    sent.append(1)
    return original(self, session, pin)
Module.log_in = log_in
select = pool.select_token
class Told:  # SoftHSM counts no tries, so what a token that does would say is put over its own flags
    def __init__(self, real):
        self.real, self.flags = real, int(real.flags) | flags
    def __getattr__(self, name):
        return getattr(self.real, name)
pool.select_token = lambda *words: Told(select(*words))
token = open_token("/nonexistent", uri="pkcs11:token=ci", module=find_softhsm(""), pin="env:THE_PIN", environ=os.environ)
try:
    print(token.facts()["pin"], len(sent))
except GuardError as error:
    print(type(error).__name__, error.what, "|", error.hint, len(sent))
"""


@pytest.mark.parametrize(
    ("flags", "told", "said"),
    [
        ("20000", "", "UsageError the token has one try left before it locks, so its PIN was not sent"),
        ("20000", "1", "one more wrong PIN locks the token 1"),
        ("40000", "1", "Unavailable the token's PIN is locked"),
        ("10000", "", "a wrong PIN was sent since the last login 1"),
    ],
)
def test_the_last_try_is_not_used_and_a_locked_token_is_left_alone(place: Any, flags: str, told: str, said: str) -> None:
    _, environment = place
    words = [sys.executable, "-c", LAST, flags]
    env = {**os.environ, **environment, "PIPELINE_GUARD_PIN_LAST_TRY": told}
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith(said), done.stdout + done.stderr
    assert done.stdout.split()[-1] == ("0" if "Error" in said or "Unavailable" in said else "1")


def test_a_tpm_tells_nothing_of_tries_and_our_refused_pin_is_sent_once(tmp_path: Path) -> None:
    with tpm_token(tmp_path) as tpm:
        for pin, code in (("000000", "UsageError the token refuses the PIN"), ("98" + "7654", "no wrong PIN")):
            words = [
                sys.executable,
                "-c",
                LAST.replace("token=ci", "token=tpm").replace('find_softhsm("")', "sys.argv[2]"),
                "0",
                tpm.module,
            ]
            env = {**os.environ, **tpm.environment, "THE_PIN": pin}
            done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
            assert done.stdout.startswith(code), done.stdout + done.stderr
            assert done.stdout.split()[-1] == "1"
