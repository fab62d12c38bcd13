# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline_guard.config import Config, duration, parse
from pipeline_guard.errors import UsageError


def test_empty_file_is_every_default() -> None:
    assert parse(b"") == parse(b"version: 1\n") == Config()


def test_secret_takes_its_variable_as_name() -> None:
    (binding,) = parse(b"version: 1\nsecrets: {TOKEN: {}}\n").bindings()
    assert (binding.variable, binding.secret, binding.lifetime) == ("TOKEN", "TOKEN", timedelta(minutes=15))


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("version: 1\nscan:\n  treshold: high\n", ".pipeline-guard.yml:3: unknown key treshold", "did you mean threshold?"),
        ("version: 1\nscna: {}\n", ".pipeline-guard.yml:2: unknown key scna", "did you mean scan?"),
        ("version: 1\nsecrets:\n  DB: {form: x}\n", ".pipeline-guard.yml:3: unknown key form", "did you mean from?"),
        ("version: 1\npolicy:\n  grants:\n    - isuer: x\n", ".pipeline-guard.yml:4: unknown key isuer", "did you mean issuer?"),
        ("version: 1\nscan:\n  threshold: hgih\n", ".pipeline-guard.yml:3: scan.threshold: 'hgih' is not one", "did you mean high?"),
        ("version: 1\nsecrets:\n  DB: {as: stdin}\n", ".pipeline-guard.yml:3: secrets.DB.as: 'stdin' is not one", "one of: env, file"),
        (
            "version: 1\nscan:\n  threshold: [high]\n",
            ".pipeline-guard.yml:3: scan.threshold: a list stands where a text",
            "one of: critical",
        ),
        ("version: 1\nscan:\n  exclude: vendor\n", ".pipeline-guard.yml:3: scan.exclude: a text stands where a list", "write a list"),
        ("version: 2\n", ".pipeline-guard.yml:1: version", "one of: 1"),
        ('version: 1\ntoken: {pin: "1234"}\n', ".pipeline-guard.yml:2: token.pin must say where", "env:NAME"),
        ("version: 1\ntoken: {uri: elsewhere}\n", ".pipeline-guard.yml:2: not a pkcs11: URI", "pkcs11:token"),
        ("version: 1\ntoken: {uri: 'pkcs11:token=a?pin-value=1'}\n", ".pipeline-guard.yml:2: a PIN must not stand", "pin-source"),
        ("scan: {}\n", ".pipeline-guard.yml:1: the key version is missing", "version: 1"),
        ("version: 1\ngate:\n  waive:\n    - {check: x}\n", ".pipeline-guard.yml:4: gate.waive.0: the key ", "with its value there"),
        ("- a\n", ".pipeline-guard.yml:1: the configuration must be a mapping", "version: 1"),
        ("version: 1\nsecrets: {db: {}}\n", ".pipeline-guard.yml:2: not a variable name", "capital"),
        ("version: 1\nsecrets:\n  DB: {ttl: 5y}\n", ".pipeline-guard.yml:3: not a duration", "15m"),
        ("version: 1\nversion: 1\n", ".pipeline-guard.yml:2: the key 'version' is there twice", ""),
    ],
)
def test_every_mistake_names_its_line_and_the_nearest_spelling(text: str, what: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text.encode())
    assert caught.value.what.startswith(what)
    assert hint in caught.value.hint


@pytest.mark.parametrize("text", ["", "5", "m", "0m", "-5m", "5 m", "5M", "1.5h", "9999999s", "5m\n"])
def test_text_that_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        duration(text)
