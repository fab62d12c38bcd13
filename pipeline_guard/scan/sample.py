# SPDX-License-Identifier: Apache-2.0
"""Examples are templates: ``ghp_{crc62:30}`` becomes a token when a rule is proved, so none lies in a file.

``{alphabet:count}`` gives that many characters, ``{crc62:30}`` a body with its checksum, ``{make:name}`` a whole
value of a format with structure. The same template gives the same text every time.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping

from pipeline_guard.errors import UsageError
from pipeline_guard.scan import checksum

_LOWER, _UPPER, _DIGITS = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
ALPHABETS: Mapping[str, str] = {
    "lower": _LOWER,
    "upper": _UPPER,
    "digits": _DIGITS,
    "letters": _LOWER + _UPPER,
    "alnum": _LOWER + _UPPER + _DIGITS,
    "lowernum": _LOWER + _DIGITS,
    "uppernum": _UPPER + _DIGITS,
    "hex": "0123456789abcdef",
    "uphex": "0123456789ABCDEF",
    "base64": _LOWER + _UPPER + _DIGITS + "+/",
    "url64": _LOWER + _UPPER + _DIGITS + "-_",
    "base32": _UPPER + "234567",
    "lower32": _LOWER + "234567",
}
_HOLE = re.compile(r"\{([a-z0-9]+):([a-z0-9-]+)\}")


class _Stream:
    """Characters drawn from SHA-256 in counter mode: varied, repeatable, and nobody's secret."""

    def __init__(self, seed: str) -> None:
        self._seed, self._count, self._pool = seed.encode(), 0, b""

    def raw(self, count: int) -> bytes:
        while len(self._pool) < count:
            self._pool += hashlib.sha256(self._seed + self._count.to_bytes(4, "big")).digest()
            self._count += 1
        taken, self._pool = self._pool[:count], self._pool[count:]
        return taken

    def text(self, alphabet: str, count: int) -> str:
        return "".join(alphabet[byte % len(alphabet)] for byte in self.raw(count))


def expand(template: str, seed: str = "") -> str:
    """Fill every hole of a template; raise UsageError for one that names nothing known."""
    stream = _Stream(seed + template)

    def fill(hole: re.Match[str]) -> str:
        kind, argument = hole.groups()
        if kind == "make" and argument in MAKERS:
            return MAKERS[argument](stream)
        if kind == "uuid":
            raw = stream.raw(16).hex()
            return "-".join((raw[:8], raw[8:12], "4" + raw[13:16], "a" + raw[17:20], raw[20:]))
        if argument.isdigit() and 0 < int(argument) <= 4096:
            if kind == "crc62":
                body = stream.text(ALPHABETS["alnum"], int(argument))
                return body + checksum.crc62(body.encode()).decode()
            if kind in ALPHABETS:
                return stream.text(ALPHABETS[kind], int(argument))
        raise UsageError(
            f"an example holds {hole[0]}, which names nothing", f"use one of {', '.join(ALPHABETS)} with a count, or make:NAME"
        )

    return _HOLE.sub(fill, template)


def _tail(prefix: str, count: int, alphabet: str, check: Callable[[bytes], bytes], between: str = "") -> Callable[[_Stream], str]:
    """Make tokens of prefix, body and a check over the body."""

    def make(stream: _Stream) -> str:
        body = stream.text(ALPHABETS[alphabet], count)
        return prefix + body + between + check(body.encode()).decode()

    return make


def _whole(prefix: str, count: int, alphabet: str, check: Callable[[bytes], bytes], between: str = "") -> Callable[[_Stream], str]:
    """Make tokens whose check covers the prefix too."""

    def make(stream: _Stream) -> str:
        body = prefix + stream.text(ALPHABETS[alphabet], count)
        return body + between + check(body.encode()).decode()

    return make


def _github_pat(stream: _Stream) -> str:
    head = "github_pat_1" + stream.text(ALPHABETS["uppernum"], 21) + "_" + stream.text(ALPHABETS["alnum"], 43)
    return head + checksum.sha_base32(head.encode()).decode() + stream.text(ALPHABETS["alnum"], 8)


def _gitlab_routable(stream: _Stream) -> str:
    lines = b"o:1\nu:4j"
    payload = base64.urlsafe_b64encode(stream.raw(16) + lines + bytes([len(lines)])).rstrip(b"=")
    head = b"glpat-" + payload + b".01." + checksum.write(len(payload), checksum.BASE36, 2)
    return (head + checksum.crc36(head)).decode()


def _atlassian(stream: _Stream) -> str:
    head = "ATATT3xFfGF0" + stream.text(ALPHABETS["url64"], 170) + "="
    return head + checksum.crc_hex(head.encode()).upper().decode()


def _entra(stream: _Stream) -> str:
    head = stream.text(ALPHABETS["alnum"], 3) + "8Q~" + stream.text(ALPHABETS["alnum"] + "_.-~", 31)
    return head + checksum.entra_tail(head.encode()).decode()


def _azure(size: int, signature: str, seed: str) -> Callable[[_Stream], str]:
    def make(stream: _Stream) -> str:
        head = stream.raw(size) + base64.b64decode(signature)
        return base64.b64encode(head + checksum.marvin(head, seed.encode()).to_bytes(4, "little")).decode()

    return make


def _azure_short(signature: str, seed: str) -> Callable[[_Stream], str]:
    def make(stream: _Stream) -> str:
        text = stream.text(ALPHABETS["base64"], 33) + signature + "AAAAAA="
        head = base64.b64decode(text)[:28]
        return base64.b64encode(head + checksum.marvin(head, seed.encode()).to_bytes(4, "little")).decode()

    return make


def _age(stream: _Stream) -> str:
    values = [byte % 32 for byte in stream.raw(51)] + [stream.raw(1)[0] & 16]
    values += checksum.bech32_tail(b"age-secret-key-", values)
    return "AGE-SECRET-KEY-1" + "".join(chr(checksum.BECH32[value]) for value in values).upper()


def _pypi(stream: _Stream) -> str:
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


def _aws(prefix: str) -> Callable[[_Stream], str]:
    return lambda stream: prefix + "3" + stream.text(ALPHABETS["base32"], 15)


def _segment(value: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=").decode()


def _jwt(stream: _Stream) -> str:
    payload = {"sub": stream.raw(6).hex(), "aud": "builds", "exp": 9_999_999_999}
    return ".".join((_segment({"alg": "HS256", "typ": "JWT"}), _segment(payload), stream.text(ALPHABETS["url64"], 43)))


def _github_app(stream: _Stream) -> str:
    return "ghs_" + stream.text(_DIGITS[1:], 7) + "_" + _jwt(stream)


def _private_key(stream: _Stream) -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.from_private_bytes(stream.raw(32))
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _openssh_key(stream: _Stream) -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.from_private_bytes(stream.raw(32))
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


def _pem(label: str) -> Callable[[_Stream], str]:
    """Make a block whose body is no key: for labels that are only recognised."""

    def make(stream: _Stream) -> str:
        body = "\n".join(stream.text(ALPHABETS["base64"], 64) for _ in range(6))
        return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"

    return make


def _service_account(stream: _Stream) -> str:
    account = {
        "type": "service_account",
        "project_id": "builds",
        "private_key_id": stream.raw(20).hex(),
        "private_key": _private_key(stream),
        "client_email": "ci@builds.iam.gserviceaccount.com",
    }
    return json.dumps(account, indent=2)


def _encoded(value: Callable[[_Stream], str | bytes]) -> Callable[[_Stream], str]:
    def make(stream: _Stream) -> str:
        made = value(stream)
        return base64.b64encode(made.encode() if isinstance(made, str) else made).decode()

    return make


def _grafana_cloud(stream: _Stream) -> str:
    found = {"o": "1043000", "n": "ci", "k": stream.text(ALPHABETS["alnum"], 24), "m": {"r": "eu"}}
    return "glc_" + base64.b64encode(json.dumps(found).encode()).decode()


def _sentry(stream: _Stream) -> str:
    found = {"iat": 1790000000.5, "url": "https://sentry.io", "region_url": "https://de.sentry.io", "org": "builds"}
    return "sntrys_" + base64.b64encode(json.dumps(found).encode()).decode() + "_" + stream.text(ALPHABETS["base64"], 43)


def _onepassword(stream: _Stream) -> str:
    found = {
        "signInAddress": "builds.1password.eu",
        "secretKey": "A3-" + stream.text(ALPHABETS["uppernum"], 32),
        "deviceUuid": stream.raw(13).hex(),
    }
    return "ops_" + base64.urlsafe_b64encode(json.dumps(found).encode()).rstrip(b"=").decode()


def _stellar(stream: _Stream) -> str:
    raw = bytes([18 << 3]) + stream.raw(32)
    return base64.b32encode(raw + checksum.crc16(raw)).decode()


def _nats(stream: _Stream) -> str:
    kind = 20 << 3  # user
    raw = bytes([18 << 3 | kind >> 5, (kind & 31) << 3]) + stream.raw(32)
    return base64.b32encode(raw + checksum.crc16(raw)).decode().rstrip("=")


def _extended(stream: _Stream) -> str:
    raw = bytes.fromhex("0488ade4") + b"\0" * 9 + stream.raw(32) + b"\0" + stream.raw(32)
    number, text = int.from_bytes(raw + checksum.double_sha(raw), "big"), ""
    while number:
        number, rest = divmod(number, 58)
        text = chr(checksum.BASE58[rest]) + text
    return text


def _discord(stream: _Stream) -> str:
    head = base64.urlsafe_b64encode(("1" + stream.text(_DIGITS, 17)).encode()).rstrip(b"=").decode()
    return f"{head}.{stream.text(ALPHABETS['alnum'], 6)}.{stream.text(ALPHABETS['url64'], 38)}"


def _azure_devops(stream: _Stream) -> str:
    import zlib

    raw = bytearray(stream.raw(32))
    body = bytes(raw[0:2] + raw[3:7] + raw[9:22] + raw[23:32])
    check = zlib.crc32(body) ^ 0xE0B9692D
    for shift, place in enumerate((22, 8, 7, 2)):
        raw[place] = check >> 8 * shift & 255
    return base64.b32encode(bytes(raw)).decode().rstrip("=").lower()


MAKERS: Mapping[str, Callable[[_Stream], str]] = {
    "age": _age,
    "atlassian": _atlassian,
    "aws-long": _aws("AKIA"),
    "aws-session": _aws("ASIA"),
    "azure-devops": _azure_devops,
    "azure-redis": _azure_short("AzCa", "Access00"),
    "azure-storage": _azure(57, "+ASt", "Default0"),
    "bitbucket": _whole("ATBB", 24, "alnum", lambda body: checksum.crc_hex(body).upper()),
    "basic": _encoded(lambda stream: "deploy:" + stream.text(ALPHABETS["alnum"], 18)),
    "cloudflare": _tail("cfut_", 40, "alnum", checksum.crc_hex),
    "confluent": _tail("cflt", 54, "base64", lambda body: base64.b64encode(checksum.crc_little(body))[:6]),
    "discord": _discord,
    "entra": _entra,
    "extended-key": _extended,
    "github-app": _github_app,
    "github-pat": _github_pat,
    "gitlab-routable": _gitlab_routable,
    "grafana-account": _whole("glsa_", 32, "alnum", lambda body: checksum.crc_little(body).hex().encode(), "_"),
    "grafana-cloud": _grafana_cloud,
    "jfrog-reference": _encoded(lambda stream: f"reftkn:01:{stream.text(_DIGITS[1:], 10)}:{stream.text(ALPHABETS['alnum'], 28)}"),
    "jira": _encoded(lambda stream: (stream.text(_DIGITS[1:], 12) + ":").encode() + stream.raw(20)),
    "jwt": _jwt,
    "nats": _nats,
    "onepassword": _onepassword,
    "openssh-key": _openssh_key,
    "pgp-key": _pem("PGP PRIVATE KEY BLOCK"),
    "private-key": _private_key,
    "pypi": _pypi,
    "rsa-broken": _pem("RSA PRIVATE KEY"),
    "sentry": _sentry,
    "service-account": _service_account,
    "stellar": _stellar,
    "vercel": _tail("vcp_", 50, "alnum", checksum.crc62),
    "zuplo": _tail("zpka_", 32, "hex", checksum.crc_hex, "_"),
}
