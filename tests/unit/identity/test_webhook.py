# SPDX-License-Identifier: Apache-2.0
"""Webhooks are believed by their HMAC alone."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from pipeline_guard.errors import IntegrityError
from pipeline_guard.identity.webhook import authenticate
from pipeline_guard.model.secret import Secret

KEY, BODY = b"k" * 20, b'{"a": 1}'
HEX = hmac.new(KEY, BODY, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("signature", [HEX, f"sha256={HEX}", HEX.upper(), f" {HEX}\n"])
def test_signature_of_either_forge_is_believed(signature: str) -> None:
    authenticate(BODY, signature, Secret(KEY))


@pytest.mark.parametrize(
    ("body", "signature", "key"),
    [
        (BODY + b" ", HEX, KEY),
        (BODY, HEX, b"other"),
        (BODY, HEX[:-1], KEY),
        (BODY, "", KEY),
        (BODY, "sha256=", KEY),
        (BODY, "sha1=" + hmac.new(KEY, BODY, hashlib.sha1).hexdigest(), KEY),
        (BODY, "ß" * 64, KEY),
        (BODY, hmac.new(b"", BODY, hashlib.sha256).hexdigest(), b""),
    ],
)
def test_anything_else_is_not(body: bytes, signature: str, key: bytes) -> None:
    with pytest.raises(IntegrityError, match="not signed by its forge"):
        authenticate(body, signature, Secret(key))


def test_example_of_githubs_documentation_is_believed() -> None:
    known = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    authenticate(b"Hello, World!", f"sha256={known}", Secret(b"It's a Secret to Everybody"))
