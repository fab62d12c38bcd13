# SPDX-License-Identifier: Apache-2.0
"""Samples of tokens with a checksum or a structure."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping

from pipeline_guard.scan import checksum
from pipeline_guard.scan.makers.key import private_key
from pipeline_guard.scan.makers.stream import ALPHABETS, DIGITS, Maker, Stream, tail, whole


def _github_pat(stream: Stream) -> str:
    head = "github_pat_1" + stream.text(ALPHABETS["uppernum"], 21) + "_" + stream.text(ALPHABETS["alnum"], 43)
    return head + checksum.sha_base32(head.encode()).decode() + stream.text(ALPHABETS["alnum"], 8)


def _gitlab_routable(stream: Stream) -> str:
    lines = b"o:1\nu:4j"
    payload = base64.urlsafe_b64encode(stream.raw(16) + lines + bytes([len(lines)])).rstrip(b"=")
    head = b"glpat-" + payload + b".01." + checksum.write(len(payload), checksum.BASE36, 2)
    return (head + checksum.crc36(head)).decode()


def _atlassian(stream: Stream) -> str:
    head = "ATATT3xFfGF0" + stream.text(ALPHABETS["url64"], 170) + "="
    return head + checksum.crc_hex(head.encode()).upper().decode()


def _pypi(stream: Stream) -> str:
    def packet(kind: int, content: bytes) -> bytes:
        size = len(content)
        return bytes([kind]) + (bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])) + content

    identity = stream.raw(16).hex()
    head = (
        b"\x02"
        + packet(1, b"pypi." + b"org")
        + packet(2, f"{identity[:8]}-{identity[8:12]}-4{identity[13:16]}-a{identity[17:20]}-{identity[20:]}".encode())
        + b"\0"
    )
    caveats = packet(2, b'[3,"' + stream.raw(18).hex().encode() + b'"]') + b"\0" + b"\0"
    return "pypi-" + base64.urlsafe_b64encode(head + caveats + packet(6, stream.raw(32))).rstrip(b"=").decode()


def _aws(prefix: str) -> Callable[[Stream], str]:
    return lambda stream: prefix + "3" + stream.text(ALPHABETS["base32"], 15)


def _segment(value: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=").decode()


def _jwt(stream: Stream) -> str:
    payload = {"sub": stream.raw(6).hex(), "aud": "builds", "exp": 9_999_999_999}
    return ".".join((_segment({"alg": "HS256", "typ": "JWT"}), _segment(payload), stream.text(ALPHABETS["url64"], 43)))


def _github_app(stream: Stream) -> str:
    return "ghs_" + stream.text(DIGITS[1:], 7) + "_" + _jwt(stream)


def _service_account(stream: Stream) -> str:
    account = {
        "type": "service_account",
        "project_id": "builds",
        "private_key_id": stream.raw(20).hex(),
        "private_key": private_key(stream),
        "client_email": "ci@builds.iam.gserviceaccount.com",
    }
    return json.dumps(account, indent=2)


def _encoded(value: Callable[[Stream], str | bytes]) -> Callable[[Stream], str]:
    def make(stream: Stream) -> str:
        made = value(stream)
        return base64.b64encode(made.encode() if isinstance(made, str) else made).decode()

    return make


def _grafana_cloud(stream: Stream) -> str:
    found = {"o": "1043000", "n": "ci", "k": stream.text(ALPHABETS["alnum"], 24), "m": {"r": "eu"}}
    return "glc_" + base64.b64encode(json.dumps(found).encode()).decode()


def _sentry(stream: Stream) -> str:
    found = {"iat": 1790000000.5, "url": "https://sentry.io", "region_url": "https://de.sentry.io", "org": "builds"}
    return "sntrys_" + base64.b64encode(json.dumps(found).encode()).decode() + "_" + stream.text(ALPHABETS["base64"], 43)


def _onepassword(stream: Stream) -> str:
    found = {
        "signInAddress": "builds.1password.eu",
        "secretKey": "A3-" + stream.text(ALPHABETS["uppernum"], 32),
        "deviceUuid": stream.raw(13).hex(),
    }
    return "ops_" + base64.urlsafe_b64encode(json.dumps(found).encode()).rstrip(b"=").decode()


def _discord(stream: Stream) -> str:
    head = base64.urlsafe_b64encode(("1" + stream.text(DIGITS, 17)).encode()).rstrip(b"=").decode()
    return f"{head}.{stream.text(ALPHABETS['alnum'], 6)}.{stream.text(ALPHABETS['url64'], 38)}"


def _gitlab_job(stream: Stream) -> str:
    return "glcbt-" + _jwt(stream)


def _bedrock_long(stream: Stream) -> str:
    text = b"\0" + b"BedrockAPIKey-" + stream.text(ALPHABETS["lowernum"], 4).encode() + b"-at-" + stream.text(DIGITS, 12).encode() + b":"
    return "ABSK" + base64.b64encode(text + stream.text(ALPHABETS["base64"], 56).encode()).decode()


def _signed(date: str) -> Maker:
    def make(stream: Stream) -> str:
        return (
            "https://builds.s3.amazonaws.com/log?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + _aws("AKIA")(stream) + "%2F20260101"
            f"%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Date={date}&X-Amz-Expires=604800&X-Amz-Signature={stream.raw(32).hex()}"
        )

    return make


def _bedrock_short(stream: Stream) -> str:
    query = "bedrock.amazonaws.com/?Action=CallWithBearerToken&X-Amz-Date=29990101T000000Z&X-Amz-Expires=43200&X-Amz-Signature="
    return "bedrock-api-key-" + base64.b64encode((query + stream.raw(32).hex()).encode()).decode()


def _tunnel(stream: Stream) -> str:
    found = {"a": stream.raw(16).hex(), "t": stream.raw(16).hex(), "s": base64.b64encode(stream.raw(32)).decode()}
    return base64.b64encode(json.dumps(found, separators=(",", ":")).encode()).decode()


def _vault(stream: Stream) -> str:
    name = b"hvs." + stream.text(ALPHABETS["alnum"], 24).encode()
    inner = b"\x0a" + bytes([len(name)]) + name
    raw = b"\x08\x01\x12\x20" + stream.raw(32) + b"\x1a" + bytes([len(inner)]) + inner
    return "hvs." + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _synapse(stream: Stream) -> str:
    body = "syt_" + base64.b64encode(b"builder").rstrip(b"=").decode() + "_" + stream.text(ALPHABETS["letters"], 20)
    return body + "_" + checksum.crc62(body.encode()).decode()


def _mapbox(prefix: str) -> Maker:
    return lambda stream: (
        f"{prefix}.{_segment({'u': 'builds', 'a': stream.text(ALPHABETS['lowernum'], 25)})}.{stream.text(ALPHABETS['url64'], 22)}"
    )


def _tink(kind: str) -> Maker:
    def make(stream: Stream) -> str:
        data = {"typeUrl": "type.googleapis.com/google.crypto.tink.AesGcmKey", "value": base64.b64encode(stream.raw(34)).decode()}
        key = {"keyData": data | {"keyMaterialType": kind}, "status": "ENABLED", "keyId": 1931667682, "outputPrefixType": "TINK"}
        return json.dumps({"primaryKeyId": 1931667682, "key": [key]})

    return make


def _tink_binary(stream: Stream) -> str:
    def field(number: int, content: bytes) -> bytes:
        return bytes([number << 3 | 2, len(content)]) + content

    data = field(1, b"type.googleapis.com/google.crypto.tink.AesGcmKey") + field(2, stream.raw(34)) + b"\x18\x01"
    key = field(1, data) + b"\x10\x01\x18" + b"\xa2\xa8\x8c\x99\x07" + b"\x20\x01"
    return base64.b64encode(b"\x08\xa2\xa8\x8c\x99\x07" + field(2, key)).decode()


def _nuget(stream: Stream) -> str:
    return "".join(base64.b32encode(part).decode().rstrip("=") for part in (b"v4" + stream.raw(10), stream.raw(16))).lower()


def _lightning(stream: Stream) -> str:
    def packet(kind: int, content: bytes) -> bytes:
        return bytes([kind, len(content)]) + content

    return (b"\x02" + packet(1, b"lnd") + packet(2, stream.raw(50)) + b"\0\0" + packet(6, stream.raw(32))).hex()


def _google_user(stream: Stream) -> str:
    client = stream.text(DIGITS[1:], 12) + "-" + stream.text(ALPHABETS["lowernum"], 32) + ".apps.googleusercontent.com"
    secret, refresh = "GOC" + "SPX-" + stream.text(ALPHABETS["url64"], 28), "1//0" + stream.text(ALPHABETS["url64"], 90) + "a"
    return json.dumps({"client_id": client, "client_secret": secret, "refresh_token": refresh, "type": "authorized_user"}, indent=2)


def _supabase(role: str) -> Maker:
    def make(stream: Stream) -> str:
        payload = {"iss": "supabase", "ref": stream.text(ALPHABETS["lower"], 20), "role": role, "exp": 9_999_999_999}
        return ".".join((_segment({"alg": "HS256", "typ": "JWT"}), _segment(payload), stream.text(ALPHABETS["url64"], 43)))

    return make


def _jfrog_key(stream: Stream) -> str:
    number = int.from_bytes(b"\x3c" + stream.raw(53), "big")
    return "AKC" + "p" + checksum.write(number, checksum.BASE58, 0).decode()[:69]


TOKENS: Mapping[str, Maker] = {
    "atlassian": _atlassian,
    "aws-long": _aws("AKIA"),
    "aws-session": _aws("ASIA"),
    "basic": _encoded(lambda stream: "deploy:" + stream.text(ALPHABETS["alnum"], 18)),
    "bedrock-long": _bedrock_long,
    "bedrock-short": _bedrock_short,
    "bitbucket": whole("ATBB", 24, "alnum", lambda body: checksum.crc_hex(body).upper()),
    "cloudflare": tail("cfut_", 40, "alnum", checksum.crc_hex),
    "cloudflare-tunnel": _tunnel,
    "confluent": tail("cflt", 54, "base64", lambda body: base64.b64encode(checksum.crc_little(body))[:6]),
    "discord": _discord,
    "elastic": _encoded(lambda stream: stream.text(ALPHABETS["url64"], 20) + ":" + stream.text(ALPHABETS["url64"], 22)),
    "github-app": _github_app,
    "github-pat": _github_pat,
    "gitlab-job": _gitlab_job,
    "gitlab-routable": _gitlab_routable,
    "google-user": _google_user,
    "grafana-account": whole("glsa_", 32, "alnum", lambda body: checksum.crc_little(body).hex().encode(), "_"),
    "grafana-cloud": _grafana_cloud,
    "grafana-legacy": _encoded(
        lambda stream: json.dumps({"k": stream.text(ALPHABETS["alnum"], 32), "n": "ci", "id": 1}, separators=(",", ":"))
    ),
    "jfrog-key": _jfrog_key,
    "jfrog-reference": _encoded(lambda stream: f"reftkn:01:{stream.text(DIGITS[1:], 10)}:{stream.text(ALPHABETS['alnum'], 28)}"),
    "jira": _encoded(lambda stream: (stream.text(DIGITS[1:], 12) + ":").encode() + stream.raw(20)),
    "jwt": _jwt,
    "lightning": _lightning,
    "mapbox": _mapbox("sk"),
    "mapbox-public": _mapbox("pk"),
    "matrix-service": whole("mat_", 30, "alnum", checksum.crc62_backwards, "_"),
    "nuget": _nuget,
    "nx-cloud": _encoded(lambda stream: f"{stream.raw(4).hex()}-0a1b-4c2d-8e3f-{stream.raw(6).hex()}|read-write"),
    "onepassword": _onepassword,
    "polar": tail("polar_oat_", 37, "alnum", checksum.crc62),
    "pypi": _pypi,
    "sentry": _sentry,
    "service-account": _service_account,
    "signed-url": _signed("29990101T000000Z"),
    "signed-url-old": _signed("20200101T000000Z"),
    "supabase-anon": _supabase("anon"),
    "supabase-service": _supabase("service_role"),
    "synapse": _synapse,
    "tink": _tink("SYMMETRIC"),
    "tink-binary": _tink_binary,
    "tink-public": _tink("ASYMMETRIC_PUBLIC"),
    "vault": _vault,
    "vercel": tail("vcp_", 50, "alnum", checksum.crc62),
    "zuplo": tail("zpka_", 32, "hex", checksum.crc_hex, "_"),
}
