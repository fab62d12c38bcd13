# SPDX-License-Identifier: Apache-2.0
"""Private keys in PEM and DER: genuine ones hold in every dress, cut and made-up ones do not."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from pipeline_guard.model.finding import Severity
from pipeline_guard.scan.proof import PROOFS, Kind, State
from pipeline_guard.scan.sample import expand

NOW = datetime(2026, 11, 1, tzinfo=UTC)
RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
PEMS = [
    RSA.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).strip(),
    RSA.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).strip(),
    RSA.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).strip(),
    EC.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).strip(),
    EC.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).strip(),
    expand("{make:private-key}").encode().strip(),
    expand("{make:openssh-key}").encode().strip(),
]
DRESSES = {
    "as it is": lambda pem: pem,
    "carriage returns": lambda pem: pem.replace(b"\n", b"\r\n"),
    "old Mac": lambda pem: pem.replace(b"\n", b"\r"),
    "JSON": lambda pem: pem.replace(b"\n", b"\\n"),
    "JSON in JSON": lambda pem: pem.replace(b"\n", b"\\\\n"),
    "JSON of Windows": lambda pem: pem.replace(b"\n", b"\\r\\n"),
    "YAML block": lambda pem: pem.replace(b"\n", b"\n      "),
    "quoted lines": lambda pem: b'"\n"'.join(pem.splitlines()),
    "Java": lambda pem: b'\\n" +\n      "'.join(pem.splitlines()),
    "Python": lambda pem: b"\\n'\n    '".join(pem.splitlines()),
    "JavaScript list": lambda pem: b"',\n  '".join(pem.splitlines()),
    "shell continuation": lambda pem: b"\\\n".join(pem.splitlines()),
    "percent": lambda pem: pem.replace(b"\n", b"%0A"),
    "XML": lambda pem: pem.replace(b"\n", b"&#10;"),
    "one line": lambda pem: pem.replace(b"\n", b" "),
    "log of a build": lambda pem: pem.replace(b"\n", b"\\r\\n#5 0.228 "),
    "comment": lambda pem: pem.replace(b"\n", b"\n# "),
}


@pytest.mark.parametrize("dress", DRESSES)
def test_private_key_is_verified_in_every_dress(dress: str) -> None:
    for pem in PEMS:
        assert PROOFS["private-key"](DRESSES[dress](pem), NOW).state is State.VERIFIED


def test_plus_signs_at_the_ends_of_lines_belong_to_the_key() -> None:
    seen = False
    for number in range(400):
        pem = expand("{make:private-key}", str(number)).encode().strip()
        seen = seen or any(line[:1] == b"+" or line[-1:] == b"+" for line in pem.splitlines())
        assert PROOFS["private-key"](pem, NOW).state is State.VERIFIED
    assert seen


def test_cut_or_elided_key_is_contradicted() -> None:
    for pem in PEMS:
        lines = pem.splitlines()
        if len(lines) < 5:
            continue
        for middle in ([lines[1]], [b"..."], [lines[1], b"...", lines[-2]], [b"your key here"]):
            assert PROOFS["private-key"](b"\n".join([lines[0], *middle, lines[-1]]), NOW).state is not State.VERIFIED
    lines = PEMS[1].splitlines()
    assert PROOFS["private-key"](b"\n".join([lines[0], lines[1], lines[-1]]), NOW).state is State.CONTRADICTED


def test_key_whose_private_and_public_half_differ_is_not_verified() -> None:
    raw = bytearray(RSA.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    raw[40] ^= 1  # in the modulus
    body = base64.encodebytes(bytes(raw)).decode()
    label = "RSA PRIVATE KEY"
    verdict = PROOFS["private-key"](f"-----BEGIN {label}-----\n{body}-----END {label}-----".encode(), NOW)
    assert verdict.state is State.NO_TEST


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_encrypted_key_is_lesser(form: PrivateFormat) -> None:
    sealed = EC.private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"a long passphrase"))
    for dressed in (sealed, sealed.replace(b"\n", b"\\n"), sealed.replace(b"\n", b"\r\n")):
        verdict = PROOFS["private-key"](dressed, NOW)
        assert (verdict.kind, verdict.severity) == (Kind.ENCRYPTED, Severity.MEDIUM)


def test_encrypted_openssh_key_is_lesser() -> None:
    parts = (b"aes256-ctr", b"bcrypt", b"\0" * 24)
    body = b"openssh-key-v1\0" + b"".join(len(part).to_bytes(4, "big") + part for part in parts) + b"\0\0\0\1" + b"\7" * 200
    label = "OPENSSH PRIVATE KEY"
    text = base64.encodebytes(body).decode()
    verdict = PROOFS["private-key"](f"-----BEGIN {label}-----\n{text}-----END {label}-----".encode(), NOW)
    assert (verdict.kind, verdict.severity) == (Kind.ENCRYPTED, Severity.MEDIUM)


def test_openssh_key_whose_check_integers_differ_is_not_verified() -> None:
    value = expand("{make:openssh-key}")
    body = bytearray(base64.b64decode("".join(value.splitlines()[1:-1])))
    place = body.index(b"ssh-ed25519", 80) - 8  # the second check integer ends before the inner key type's length
    label = "OPENSSH PRIVATE KEY"
    for offset in range(4):
        changed = bytearray(body)
        changed[place + offset] ^= 1
        text = base64.b64encode(bytes(changed)).decode()
        verdict = PROOFS["private-key"](f"-----BEGIN {label}-----\n{text}\n-----END {label}-----".encode(), NOW)
        assert verdict.state is State.NO_TEST


@pytest.mark.parametrize("maker", ["plain-p256", "plain-ed25519", "der-p256", "der-ed25519"])
def test_key_without_armour_is_verified_and_a_cut_one_is_none(maker: str) -> None:
    from pipeline_guard.scan.sample import expand_bytes

    value = expand_bytes(f"{{make:{maker}}}")
    assert PROOFS["bare-key"](value, NOW).state is State.VERIFIED
    assert PROOFS["bare-key"](value[:-4], NOW).state is State.NO_SECRET
    if maker.startswith("der"):
        assert PROOFS["bare-key"](value + b"trailing bytes", NOW).state is State.VERIFIED


def test_key_that_a_standard_prints_is_documentation() -> None:
    body = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY" + "8fdp+K06/nwoy/HU++CXqI9EdVhC"
    label = "PRIVATE KEY"
    verdict = PROOFS["private-key"](f"-----BEGIN {label}-----\n{body}\n-----END {label}-----".encode(), NOW)
    assert verdict.kind is Kind.DOCUMENTATION
    assert "RFC 8410" in verdict.note
