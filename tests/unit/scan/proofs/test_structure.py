# SPDX-License-Identifier: Apache-2.0
"""Formats whose structure proves them, and the kinds that their content tells: expired, public, test mode, encrypted, canary."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime

import pytest

from pipeline_guard.model.finding import Severity
from pipeline_guard.scan.proof import PROOFS, Kind, Proof, State, judge
from pipeline_guard.scan.sample import expand, expand_bytes

NOW = datetime(2026, 11, 1, tzinfo=UTC)

STRUCTURED = [
    ("{make:grafana-cloud}", "grafana-cloud"),
    ("{make:grafana-legacy}", "grafana-legacy"),
    ("{make:sentry}", "sentry-organisation"),
    ("{make:onepassword}", "onepassword-account"),
    ("{make:jfrog-reference}", "jfrog-reference"),
    ("{make:jfrog-key}", "jfrog-key"),
    ("{make:jira}", "numbered-base64"),
    ("BBDC-{make:jira}", "numbered-base64"),
    ("{make:github-app}", "github-app"),
    ("{make:gitlab-job}", "gitlab-job"),
    ("{make:basic}", "basic-auth"),
    ("{make:jwt}", "jwt"),
    ("{make:pypi}", "pypi"),
    ("{make:bedrock-long}", "aws-bedrock"),
    ("{make:bedrock-short}", "aws-bedrock"),
    ("{make:cloudflare-tunnel}", "cloudflare-tunnel"),
    ("{make:vault}", "vault-token"),
    ("{make:mapbox}", "mapbox"),
    ("{make:elastic}", "elastic"),
    ("{make:tink}", "tink"),
    ("{make:tink-binary}", "tink"),
    ("{make:nuget}", "nuget"),
    ("{make:nx-cloud}", "nx-cloud"),
    ("{make:lightning}", "lightning-macaroon"),
    ("5820{hex:64}", "cardano-cbor"),
    ("{make:solana-list}", "ed25519-pair"),
]


@pytest.mark.parametrize(("template", "proof"), STRUCTURED)
def test_structure_verifies_and_its_absence_does_not(template: str, proof: str) -> None:
    for number in range(5):
        value = expand_bytes(template, str(number))
        assert PROOFS[proof](value, NOW).state is State.VERIFIED
        assert PROOFS[proof](value[:12] + b"!!" + value[14:], NOW).state is not State.VERIFIED
        assert PROOFS[proof](value[: len(value) // 3], NOW).state is not State.VERIFIED


def test_aws_key_with_a_digit_outside_base32_is_contradicted() -> None:
    key = expand("{make:aws-long}").encode()
    for place in range(4, 20):
        for digit in b"0189":
            assert PROOFS["aws-access-key"](key[:place] + bytes([digit]) + key[place + 1 :], NOW).state is State.CONTRADICTED
    assert PROOFS["aws-access-key"](key, NOW).state is State.NO_TEST


def test_account_of_an_aws_key_is_named_and_a_canary_is_told() -> None:
    def key(account: int) -> bytes:
        return b"AKIA" + base64.b32encode(((account << 7) | 1 << 47).to_bytes(6, "big"))[:10] + b"ABCDEF"

    assert PROOFS["aws-access-key"](key(123456789012), NOW).note == "account 123456789012"
    assert PROOFS["aws-access-key"](key(609629065308), NOW).kind is Kind.CANARY
    assert PROOFS["aws-access-key"](key(609629065308), NOW).severity is Severity.INFO


def token(payload: dict[str, object], header: dict[str, object] | None = None) -> bytes:
    """Return a JWT with a made-up signature."""
    parts = [json.dumps(part).encode() for part in (header or {"alg": "HS256"}, payload)]
    return b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts) + b"." + b"s" * 43


def test_jwt_tells_its_kind() -> None:
    def check(payload: dict[str, object], header: dict[str, object] | None = None) -> Proof:
        return PROOFS["jwt"](token(payload, header), NOW)

    assert check({"sub": "ci"}).state is State.VERIFIED
    assert check({"exp": 1_000_000_000}).kind is Kind.EXPIRED
    assert check({"exp": 1_000_000_000}).severity is Severity.INFO
    assert check({"exp": 1_000_000_000, "iat": 1_000_000_000 - 3600}).kind is Kind.EXPIRED
    assert check({"exp": 1_000_000_000, "nbf": 1_000_000_000 - 300}).state is State.NO_SECRET  # it opened one picture, once
    assert check({"exp": 1_000_000_000, "nbf": "soon"}).kind is Kind.EXPIRED
    assert check({"exp": 9_999_999_999, "nbf": 9_999_999_990}).severity is None
    assert check({"exp": 9_999_999_999}).severity is None
    assert check({"exp": True}).severity is None
    assert check({"sub": "ci"}, {"alg": "none"}).severity is Severity.LOW
    assert check({"iss": "supabase", "role": "anon"}).kind is Kind.PUBLIC
    assert check({"iss": "supabase", "role": "service_role", "exp": 9_999_999_999}).severity is Severity.CRITICAL
    assert check({"iss": "supabase-demo", "role": "service_role"}).kind is Kind.PUBLIC
    assert check({"iss": "kubernetes/serviceaccount"}).severity is Severity.HIGH
    assert check({"sub": "1234567890", "name": "John Doe"}).kind is Kind.DOCUMENTATION
    assert check({"some": "payload"}).kind is Kind.DOCUMENTATION
    assert check({"sub": ["1234567890"], "name": {}}).state is State.VERIFIED
    assert PROOFS["jwt"](b"eyJabc.eyJdef.ghi", NOW).state is State.CONTRADICTED


def test_every_letter_of_a_jwt_header_counts_until_it_no_longer_parses() -> None:
    value = token({"sub": "ci"})
    assert PROOFS["jwt"](b"A" + value[1:], NOW).state is State.CONTRADICTED
    assert PROOFS["jwt"](value[:3] + b"." + value[3:], NOW).state is State.CONTRADICTED


def test_pypi_token_tells_scope_age_and_index() -> None:
    def packet(kind: int, content: bytes) -> bytes:
        return bytes([kind, len(content)]) + content

    def made(caveat: bytes, location: bytes = b"pypi.org") -> bytes:
        raw = b"\x02" + packet(1, location) + packet(2, b"0" * 36) + b"\0" + packet(2, caveat) + b"\0\0" + packet(6, b"s" * 32)
        return b"pypi-" + base64.urlsafe_b64encode(raw).rstrip(b"=")

    assert "projects" in PROOFS["pypi"](made(b'[1,["app"]]'), NOW).note
    assert PROOFS["pypi"](made(b"[0,1000000000,1]"), NOW).kind is Kind.EXPIRED
    assert PROOFS["pypi"](made(b"[0,9999999999,1]"), NOW).kind is Kind.LIVE
    assert PROOFS["pypi"](made(b'[3,"x"]', b"test.pypi.org"), NOW).severity is Severity.LOW
    assert PROOFS["pypi"](made(b"\xff"), NOW).state is State.VERIFIED
    assert PROOFS["pypi"](made(b'[3,"x"]')[:-4], NOW).state is State.CONTRADICTED


def test_signed_address_tells_whether_it_still_opens_anything() -> None:
    def verdict(template: str, seconds: bytes = b"604800") -> Proof:
        text = re.sub(rb"(?<=Expires=)\d+", seconds, expand_bytes(template))
        place = text.index(b"Signature=") + 10
        return judge("signed-url", text, (place, place + 64), NOW)

    assert verdict('curl "{make:signed-url}"').state is State.VERIFIED
    assert verdict('curl "{make:signed-url-old}"').kind is Kind.EXPIRED
    assert verdict('curl "{make:signed-url-old}"').severity is Severity.INFO
    assert verdict('curl "{make:signed-url-old}"', b"601").kind is Kind.EXPIRED
    assert verdict('curl "{make:signed-url-old}"', b"600").state is State.NO_SECRET
    assert verdict("X-Amz-Signature={hex:64}").state is State.NO_TEST


@pytest.mark.parametrize(
    ("end", "state", "kind"), [("2999-01-01", State.VERIFIED, Kind.LIVE), ("2020-01-01", State.VERIFIED, Kind.EXPIRED)]
)
def test_shared_access_signature_tells_its_end(end: str, state: State, kind: Kind) -> None:
    text = expand_bytes("{make:azure-sas}").replace(b"2999-01-01", end.encode())
    place = text.index(b"sig=") + 4
    verdict = judge("azure-sas", b"url = '" + text + b"'", (place + 7, len(text) + 7), NOW)
    assert (verdict.state, verdict.kind) == (state, kind)


def test_vapid_key_is_verified_by_the_point_beside_it_alone() -> None:
    text = expand_bytes("{make:vapid}").strip()
    span = (len(text) - 43, len(text))
    assert judge("vapid", text, span, NOW).state is State.VERIFIED
    assert judge("vapid", text[-43:], (0, 43), NOW).state is State.NO_TEST
    for place in range(span[0], span[1] - 1):
        changed = text[:place] + (b"A" if text[place : place + 1] != b"A" else b"B") + text[place + 1 :]
        assert judge("vapid", changed, span, NOW).state is not State.VERIFIED


def test_service_account_is_whole_with_id_and_address() -> None:
    text = expand_bytes("{make:service-account}")
    start, end = text.index(b"-----BEGIN"), text.index(b"END PRIVATE KEY-----") + 20
    whole = judge("google-service-account", text, (start, end), NOW)
    assert (whole.state, whole.note) == (State.VERIFIED, "")
    without = text.replace(b"gserviceaccount", b"example")
    assert judge("google-service-account", without, (start, end), NOW).note


def test_user_credentials_need_type_and_client_beside_the_token() -> None:
    text = expand_bytes("{make:google-user}")
    start = text.index(b"1//0")
    end = text.index(b'"', start)
    assert judge("google-user", text, (start, end), NOW).state is State.VERIFIED
    assert judge("google-user", text.replace(b"authorized_user", b"other"), (start, end), NOW).state is State.NO_TEST


def test_web_key_holds_only_with_its_own_point() -> None:
    text = expand_bytes("{make:web-key}")
    start = text.index(b'"d": "') + 6
    span = (start, start + 43)
    assert judge("jwk", text, span, NOW).state is State.VERIFIED
    for place in range(start, start + 42):
        changed = text[:place] + (b"A" if text[place : place + 1] != b"A" else b"B") + text[place + 1 :]
        assert judge("jwk", changed, span, NOW).state is State.CONTRADICTED
    foreign = text.replace(b'"kty": "EC"', b'"kty": "RSA"')
    assert judge("jwk", foreign, (start + 1, start + 44), NOW).state is State.NO_TEST


def test_public_and_encrypted_keysets_are_no_secret() -> None:
    assert PROOFS["tink"](expand_bytes("{make:tink-public}"), NOW).state is State.NO_SECRET
    assert PROOFS["tink"](b'{"encryptedKeyset": "AAAA"}', NOW).kind is Kind.ENCRYPTED


def test_payment_keys_of_the_test_mode_are_low() -> None:
    for value in (b"sk_test_" + b"a1" * 12, b"access-sandbox-" + b"0a" * 16, b"FLWSECK_TEST-" + b"ab" * 16, b"rzp_test_" + b"a1" * 7):
        assert PROOFS["test-mode"](value, NOW).kind is Kind.TEST
        assert PROOFS["test-mode"](value, NOW).severity is Severity.LOW
    assert PROOFS["test-mode"](b"sk_live_" + b"a1" * 12, NOW).kind is Kind.LIVE


def test_public_by_design_values_are_info() -> None:
    assert PROOFS["mapbox"](expand_bytes("{make:mapbox-public}"), NOW).kind is Kind.PUBLIC
    assert PROOFS["supabase-key"](b"sb_publishable_" + b"a" * 31, NOW).kind is Kind.PUBLIC
    assert PROOFS["supabase-key"](b"sb_secret_" + b"a" * 31, NOW).state is State.NO_TEST


def test_shapes_without_a_check_never_verify() -> None:
    for proof, template in (
        ("openai", "sk-proj-{alnum:74}T3BlbkFJ{alnum:74}"),
        ("anthropic", "sk-ant-api03-{url64:93}AA"),
        ("sendgrid", "SG.{url64:21}A.{url64:42}A"),
        ("slack", "xoxb-{digits:12}-{digits:12}-{alnum:24}"),
        ("telegram", "5{digits:9}:AA{url64:33}"),
        ("discord-bot", "{make:discord}"),
        ("wireguard", "{make:wireguard}"),
    ):
        assert PROOFS[proof](expand_bytes(template), NOW).state is State.NO_TEST


def test_shapes_of_documentation_and_sequences_are_told() -> None:
    assert PROOFS["slack"](b"xoxb-123456789012-1234567890123-" + b"AbCdEfGhIjKlMnOpQrStUvWx", NOW).kind is Kind.DOCUMENTATION
    assert PROOFS["slack-webhook"](b"T00000000/B00000000/" + b"X" * 24, NOW).kind is Kind.DOCUMENTATION
    assert PROOFS["discord-webhook"](b"12345678901234567890/abc", NOW).state is State.CONTRADICTED  # of the year 2108
    assert PROOFS["discord-webhook"](b"1102938475610293847/abc", NOW).state is State.NO_TEST
    assert PROOFS["discord-bot"](b"bm90IGEgbnVtYmVy.abcdef." + b"a" * 38, NOW).state is State.NO_SECRET
    assert PROOFS["openai"](b"sk-" + b"a1b2c3d4e5f6g7h8i9j0" * 2, NOW).state is State.NO_SECRET
    assert "middle" in PROOFS["openai"](expand_bytes("sk-{alnum:20}T3BlbkFJ{alnum:30}"), NOW).note
    assert PROOFS["sendgrid"](expand_bytes("SG.{url64:21}B.{url64:42}A"), NOW).note


def test_emulator_keys_are_documentation() -> None:
    key = b"Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1" + b"OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
    assert PROOFS["azure-key"](key, NOW).kind is Kind.DOCUMENTATION


def test_redis_key_without_signs_is_read_as_it_was_before() -> None:
    seen = 0
    for number in range(60):
        key = expand_bytes("{make:azure-redis}", str(number))
        written = key.replace(b"+", b"P").replace(b"/", b"F")
        seen += written != key
        if written.count(b"P") + written.count(b"F") <= 9:
            assert PROOFS["azure-key"](written, NOW).state is State.VERIFIED
    assert seen > 20
    assert PROOFS["azure-key"](b"P" * 33 + b"AzCaAAAAAAA=", NOW).state is State.NO_TEST


def test_newer_versions_are_left_open() -> None:
    assert PROOFS["github-classic"](b"ghp_" + b"a" * 40, NOW).state is State.NO_TEST
    assert PROOFS["gitlab-routable"](expand_bytes("{make:gitlab-routable}").replace(b".01.", b".02."), NOW).state is State.NO_TEST
    assert PROOFS["vercel"](b"vcp_" + b"a" * 60, NOW).state is State.NO_TEST
    assert PROOFS["cloudflare"](b"cfut_" + b"a" * 52, NOW).state is State.NO_TEST
    assert PROOFS["entra-secret"](b"abc7Q~" + b"a" * 31, NOW).state is State.NO_TEST


def test_escaped_equals_signs_are_undone() -> None:
    value = expand_bytes("{make:atlassian}")
    for written in (b"%3D", b"%3d", b"\\=", b"\\u003d"):
        assert PROOFS["atlassian"](value.replace(b"=", written), NOW).state is State.VERIFIED


def test_passwords_that_stand_for_one_are_no_secret() -> None:
    for word in (b"password", b"${DB_PASS}", b"changeme", b"pw", b"<secret>", b"DB_PASSWORD"):
        assert PROOFS["url-password"](word, NOW).state is State.NO_SECRET
    assert PROOFS["url-password"](b"correct-horse7", NOW).state is State.NO_TEST
    assert PROOFS["basic-auth"](base64.b64encode(b"user:password"), NOW).state is State.NO_SECRET
    assert PROOFS["basic-auth"](base64.b64encode(b"no colon here"), NOW).state is State.NO_SECRET


def test_key_that_google_prints_itself_is_documentation() -> None:
    assert PROOFS["google-key"](b"AIza" + b"Syabcdefghijklmnopqrstuvwxyz1234567", NOW).kind is Kind.DOCUMENTATION
    assert PROOFS["google-key"](expand_bytes("AIza{url64:35}", "google"), NOW).state is State.NO_TEST
