# SPDX-License-Identifier: Apache-2.0
"""The list of a model's files as it travels to a broker: both sides write the same bytes, and nothing irregular is signed."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.flows.broker_model import MOST, model_fields, model_statement
from pipeline_guard.model.digest import Digest
from pipeline_guard.sign.model_manifest import ITSELF, model_payload
from pipeline_guard.sign.model_strict import Strict

HEX = hashlib.sha256(b"weights").hexdigest()
STRICT = Strict(frozenset({"run.sh"}), frozenset({"empty"}), {".gitattributes": Digest("sha256", HEX)})
GOOD: dict[str, Any] = {"name": "m", "algorithm": "sha256", "files": {"a/b.bin": HEX, "é.bin": HEX}, "signature": "model.sig"}


@pytest.mark.parametrize("strict", [None, STRICT])
@pytest.mark.parametrize("signature", ["", "model.sig", "deep/model.sig"])
def test_broker_writes_what_the_job_would(signature: str, strict: Strict | None) -> None:
    payload = model_payload("m", {"z": HEX, "a/b": HEX}, signature, strict=strict)
    assert model_statement(model_fields(payload)) == ("m", payload)


@pytest.mark.parametrize(("algorithm", "size"), [("blake3", 64), ("blake2b", 128)])
def test_other_algorithms_and_a_single_file_are_models_too(algorithm: str, size: int) -> None:
    payload = model_payload("m.bin", {ITSELF: "ab" * (size // 2)}, "", algorithm=algorithm)
    assert model_statement(model_fields(payload)) == ("m.bin", payload)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""}, {"name": "../m"}, {"name": "m\n"}, {"name": 7}, {"name": "m" * 256}, {"name": "m\u202e"},
        {"algorithm": "md5"}, {"algorithm": None}, {"algorithm": ["sha256"]},
        {"files": {}}, {"files": []}, {"files": {"../x": HEX}}, {"files": {"/x": HEX}}, {"files": {"a//b": HEX}}, {"files": {"": HEX}},
        {"files": {"a\0": HEX}}, {"files": {"\ud800": HEX}}, {"files": {"a": HEX[:-1]}}, {"files": {"a": HEX.upper()}},
        {"files": {"a": 7}}, {"files": {"a": HEX + "\n"}}, {"files": {".": HEX, "a": HEX}}, {"files": {str(n): HEX for n in range(MOST + 1)}},
        {"signature": "/etc/x"}, {"signature": "a/b.bin"}, {"signature": None}, {"signature": "../model.sig"},
        {"strict": None}, {"strict": {"version": 2}}, {"strict": {"version": 1, "executables": ["../x"], "empty_folders": [], "left_out": []}},
        {"subject": []}, {"predicateType": "https://slsa.dev/provenance/v1"},
    ],
)  # fmt: skip
def test_nothing_irregular_becomes_a_statement(changes: dict[str, Any]) -> None:
    assert model_statement(GOOD)[0] == "m"
    with pytest.raises(UsageError):
        model_statement({**GOOD, **changes})


@pytest.mark.parametrize("thing", [None, [], "m", 7, {}])
def test_what_is_no_model_is_none(thing: Any) -> None:
    with pytest.raises(UsageError):
        model_statement(thing)
