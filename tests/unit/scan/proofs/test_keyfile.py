# SPDX-License-Identifier: Apache-2.0
"""Key files of single tools: a bare one proves itself, a sealed one is lesser."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from pipeline_guard.scan.proof import PROOFS, Kind, State
from pipeline_guard.scan.sample import expand_bytes

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize("version", [2, 3])
def test_mac_of_a_putty_key_covers_every_part(version: int) -> None:
    value = expand_bytes(f"{{make:putty-{version}}}")
    assert PROOFS["putty"](value, NOW).state is State.VERIFIED
    assert PROOFS["putty"](value.replace(b"\n", b"\r\n"), NOW).state is State.VERIFIED
    assert PROOFS["putty"](value.replace(b"\n", b"\\n"), NOW).state is State.VERIFIED
    for part in (b"Comment: ci", b"ssh-ed25519\nEnc"):
        assert PROOFS["putty"](value.replace(part, part.replace(b"c", b"d").replace(b"e", b"f", 1), 1), NOW).state is not State.VERIFIED
    for line in value.splitlines()[4:6] + value.splitlines()[7:9]:
        for place in range(len(line.split(b" ")[-1]) - 2):
            cut = line[: -len(line.split(b" ")[-1])] + _changed(line.split(b" ")[-1], place)
            assert PROOFS["putty"](value.replace(line, cut), NOW).state is not State.VERIFIED


def _changed(text: bytes, place: int) -> bytes:
    other = b"0" if text[place : place + 1] != b"0" else b"1"
    return text[:place] + other + text[place + 1 :]


def test_sealed_files_are_lesser() -> None:
    sealed = b"PuTTY-User-Key-File-3: ssh-rsa\nEncryption: aes256-cbc\nComment: ci\nPrivate-MAC: 00"
    assert PROOFS["putty"](sealed, NOW).kind is Kind.ENCRYPTED
    assert PROOFS["cosign"](expand_bytes("{make:cosign}"), NOW).kind is Kind.ENCRYPTED
    assert PROOFS["cosign"](b"-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\nAAAA\n", NOW).state is State.CONTRADICTED
    assert PROOFS["signify"](base64.b64encode(b"EdScB2" + b"\1" * 152), NOW).kind is Kind.ENCRYPTED
    assert PROOFS["signify"](base64.b64encode(b"EdBK\0\0\0\x2a" + b"\1" * 96), NOW).kind is Kind.ENCRYPTED


@pytest.mark.parametrize(("maker", "start", "end"), [("minisign", 54, 158), ("signify", 40, 104)])
def test_checksum_of_a_bare_signing_key_covers_the_key(maker: str, start: int, end: int) -> None:
    text = expand_bytes(f"{{make:{maker}}}").splitlines()[-1]
    assert PROOFS["signify"](text, NOW).state is State.VERIFIED
    raw = base64.b64decode(text)
    assert len(raw) == end
    for place in range(start, end):
        changed = base64.b64encode(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        assert PROOFS["signify"](changed, NOW).state is State.NO_TEST


def test_bare_key_of_ssh_com_is_verified() -> None:
    assert PROOFS["ssh-com"](expand_bytes("{make:ssh-com}"), NOW).state is State.VERIFIED
    other = expand_bytes("---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n{base64:64}\n---- END SSH2 ENCRYPTED PRIVATE KEY ----")
    assert PROOFS["ssh-com"](other, NOW).state is State.NO_TEST
