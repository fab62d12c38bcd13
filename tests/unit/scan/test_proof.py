# SPDX-License-Identifier: Apache-2.0
"""Proofs: a whole value holds, one changed character does not; vectors of the primitives."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_guard.model.finding import Severity
from pipeline_guard.scan import checksum
from pipeline_guard.scan.proof import PROOFS, State
from pipeline_guard.scan.sample import MAKERS, expand

NOW = datetime(2026, 11, 1, tzinfo=UTC)

# template, proof, and whether a failed check contradicts or only leaves the question open
CASES = [
    ("ghp_{crc62:30}", "github-classic", State.CONTRADICTED),
    ("npm_{crc62:30}", "github-classic", State.CONTRADICTED),
    ("{make:github-pat}", "github-fine-grained", State.NO_TEST),
    ("{make:gitlab-routable}", "gitlab-routable", State.CONTRADICTED),
    ("{make:vercel}", "vercel", State.CONTRADICTED),
    ("{make:cloudflare}", "cloudflare", State.CONTRADICTED),
    ("{make:confluent}", "confluent", State.CONTRADICTED),
    ("{make:atlassian}", "atlassian", State.CONTRADICTED),
    ("{make:bitbucket}", "atlassian", State.CONTRADICTED),
    ("{make:zuplo}", "zuplo", State.CONTRADICTED),
    ("{make:grafana-account}", "grafana-account", State.CONTRADICTED),
    ("{make:entra}", "entra-secret", State.CONTRADICTED),
    ("{make:azure-storage}", "azure-key", State.CONTRADICTED),
    ("{make:azure-redis}", "azure-key", State.CONTRADICTED),
    ("{make:azure-devops}", "azure-devops", State.NO_TEST),
    ("{make:age}", "age", State.CONTRADICTED),
    ("{make:stellar}", "crc16-seed", State.NO_SECRET),
    ("{make:nats}", "crc16-seed", State.NO_SECRET),
    ("{make:extended-key}", "extended-key", State.NO_SECRET),
]


@pytest.mark.parametrize(("template", "proof", "otherwise"), CASES)
def test_whole_value_is_verified(template: str, proof: str, otherwise: State) -> None:
    for seed in ("one", "two", "three"):
        assert PROOFS[proof](expand(template, seed).encode(), NOW).state is State.VERIFIED


@pytest.mark.parametrize(("template", "proof", "otherwise"), CASES)
def test_one_changed_character_is_not_verified(template: str, proof: str, otherwise: State) -> None:
    value = expand(template, "one").encode()
    place = 20
    other = b"B" if value[place : place + 1] in (b"A", b"C") else b"A"
    if proof == "azure-devops":
        other = b"b" if value[place : place + 1] == b"a" else b"a"
    if proof == "age":
        other = b"Q" if value[place : place + 1] != b"Q" else b"P"
    assert PROOFS[proof](value[:place] + other + value[place + 1 :], NOW).state is otherwise


def test_primitives_give_the_published_values() -> None:
    assert checksum.crc62(b"hello") == b"0zNvy2"
    assert checksum.crc36(b"hello") == b"0f01gna"
    assert base64.b64encode(checksum.crc_little(b"hello"))[:6] == b"hqYQNg"
    assert checksum.sha_base32(b"hello") == b"FTZE3OS7"
    seed = bytes.fromhex("004fb61a001bdbcc")
    assert checksum.marvin(b"", seed) == 0x302009BC
    assert checksum.marvin(b"\xaf", seed) == 0x3592E206


def test_pypi_macaroon_is_verified_and_a_cut_one_contradicted() -> None:
    token = expand("{make:pypi}").encode()
    assert PROOFS["pypi"](token, NOW).state is State.VERIFIED
    assert PROOFS["pypi"](token[:-4], NOW).state is State.CONTRADICTED


@pytest.mark.parametrize(
    ("template", "proof"),
    [
        ("{make:grafana-cloud}", "grafana-cloud"),
        ("{make:sentry}", "sentry-organisation"),
        ("{make:onepassword}", "onepassword-account"),
        ("{make:jfrog-reference}", "jfrog-reference"),
        ("{make:jira}", "numbered-base64"),
        ("{make:github-app}", "github-app"),
        ("{make:basic}", "basic-auth"),
    ],
)
def test_structure_verifies_and_its_absence_does_not(template: str, proof: str) -> None:
    value = expand(template).encode()
    assert PROOFS[proof](value, NOW).state is State.VERIFIED
    assert PROOFS[proof](value[:12] + b"!!" + value[14:], NOW).state is not State.VERIFIED


def test_aws_key_with_a_digit_outside_base32_is_contradicted() -> None:
    key = expand("{make:aws-long}").encode()
    assert PROOFS["aws-access-key"](key, NOW).state is State.NO_TEST
    assert PROOFS["aws-access-key"](key[:-1] + b"1", NOW).state is State.CONTRADICTED


def test_documentation_account_is_contradicted() -> None:
    key = b"AKIA" + b"IOSFODNN7" + b"ABCDEFG"  # the account part of the documentation's key
    assert "documentation" in PROOFS["aws-access-key"](key, NOW).note


def _token(payload: dict[str, object], header: dict[str, object] | None = None) -> bytes:
    parts = [json.dumps(part).encode() for part in (header or {"alg": "HS256"}, payload)]
    return b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts) + b"." + b"s" * 43


def test_jwt_tells_its_class() -> None:
    check = PROOFS["jwt"]
    assert check(_token({"sub": "ci"}), NOW).state is State.VERIFIED
    assert check(_token({"exp": 1_000_000_000}), NOW).severity is Severity.INFO
    assert check(_token({"exp": 9_999_999_999}), NOW).severity is None
    assert check(_token({"sub": "ci"}, {"alg": "none"}), NOW).severity is Severity.LOW
    assert check(_token({"iss": "supabase", "role": "anon"}), NOW).severity is Severity.INFO
    assert check(_token({"sub": "1234567890", "name": "John Doe"}), NOW).state is State.CONTRADICTED
    assert check(b"eyJabc.eyJdef.ghi", NOW).state is State.CONTRADICTED


def test_private_keys_parse_in_every_dress() -> None:
    check = PROOFS["private-key"]
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    old = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    for whole in (pem, old, expand("{make:private-key}").encode(), expand("{make:openssh-key}").encode()):
        assert check(whole.strip(), NOW).state is State.VERIFIED
        assert check(whole.strip().replace(b"\n", b"\\n"), NOW).state is State.VERIFIED
        assert check(whole.strip().replace(b"\n", b"\n      "), NOW).state is State.VERIFIED
        assert check(b'"\n"'.join(whole.strip().splitlines()), NOW).state is State.VERIFIED


def test_plus_signs_at_the_ends_of_lines_belong_to_the_key() -> None:
    seen = False
    for number in range(400):
        pem = expand("{make:private-key}", str(number)).encode().strip()
        seen = seen or any(line[:1] == b"+" or line[-1:] == b"+" for line in pem.splitlines())
        assert PROOFS["private-key"](pem, NOW).state is State.VERIFIED
    key = rsa.generate_private_key(65537, 4096).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    assert PROOFS["private-key"](key.strip(), NOW).state is State.VERIFIED
    assert seen


def test_cut_key_is_contradicted_and_an_encrypted_one_is_lesser() -> None:
    check = PROOFS["private-key"]
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    lines = pem.splitlines()
    assert check(b"\n".join([lines[0], lines[1], lines[-1]]), NOW).state is State.CONTRADICTED
    sealed = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"a long passphrase"))
    assert check(sealed, NOW).severity is Severity.MEDIUM


def test_openssh_key_whose_check_integers_differ_is_not_verified() -> None:
    value = expand("{make:openssh-key}")
    body = bytearray(base64.b64decode("".join(value.splitlines()[1:-1])))
    place = body.index(b"ssh-ed25519", 80) - 8  # the second check integer ends before the inner key type's length
    body[place] ^= 1
    text = base64.b64encode(bytes(body)).decode()
    label = "OPENSSH PRIVATE KEY"
    assert PROOFS["private-key"](f"-----BEGIN {label}-----\n{text}\n-----END {label}-----".encode(), NOW).state is State.NO_TEST


def test_every_maker_repeats_itself() -> None:
    for name in set(MAKERS) - {"openssh-key"}:  # its check integers are drawn by the library
        assert expand(f"{{make:{name}}}", "seed") == expand(f"{{make:{name}}}", "seed")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_structural_proofs_never_crash(noise: bytes) -> None:
    for name in (
        "pypi",
        "jwt",
        "private-key",
        "basic-auth",
        "grafana-cloud",
        "sentry-organisation",
        "onepassword-account",
        "numbered-base64",
        "url-password",
        "azure-key",
    ):
        PROOFS[name](noise, NOW)
        PROOFS[name](b"pypi-" + base64.urlsafe_b64encode(b"\x02" + noise), NOW)
        PROOFS[name](b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + base64.b64encode(b"openssh-key-v1\0" + noise), NOW)
