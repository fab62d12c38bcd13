# SPDX-License-Identifier: Apache-2.0
"""Samples of private keys and key stores. The keys are derived from the sample's own name."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

from pipeline_guard.scan.makers.stream import ALPHABETS, Maker, Stream, binary


def private_key(stream: Stream) -> str:
    """Make an Ed25519 key in PKCS#8."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.from_private_bytes(stream.raw(32))
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _openssh_key(stream: Stream) -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.from_private_bytes(stream.raw(32))
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


def _pem(label: str) -> Callable[[Stream], str]:
    """Make a block whose body is no key: for labels that are only recognised."""

    def make(stream: Stream) -> str:
        body = "\n".join(stream.text(ALPHABETS["base64"], 64) for _ in range(6))
        return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"

    return make


def _ed25519_der(stream: Stream) -> bytes:
    return bytes.fromhex("302e020100300506032b657004220420") + stream.raw(32)


def _p256_der(stream: Stream) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = ec.derive_private_key(int.from_bytes(stream.raw(31), "big") + 1, ec.SECP256R1())
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _pkcs12(password: bytes) -> Maker:
    def make(stream: Stream) -> str:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

        key = Ed25519PrivateKey.from_private_bytes(stream.raw(32))
        return binary(pkcs12.serialize_key_and_certificates(b"signing", key, None, None, BestAvailableEncryption(password)))

    return make


def _java(password: str, *, key: bool = True) -> Maker:
    """Make a store with one entry whose encrypted key and certificate are noise: neither is looked into."""
    import hashlib

    def make(stream: Stream) -> str:
        def sized(content: bytes, width: int) -> bytes:
            return len(content).to_bytes(width, "big") + content

        certificate = sized(b"X.509", 2) + sized(stream.raw(300), 4)
        entry = (b"\0\0\0\1" if key else b"\0\0\0\2") + sized(b"signing", 2) + b"\0" * 8
        entry += sized(stream.raw(200), 4) + b"\0\0\0\1" + certificate if key else certificate
        body = b"\xfe\xed\xfe\xed\0\0\0\2\0\0\0\1" + entry
        digest = hashlib.sha1(password.encode("utf-16-be") + b"Mighty Aphrodite" + body, usedforsecurity=False).digest()
        return binary(body + digest)

    return make


def _secret_packet(stream: Stream, *, sealed: bool = False) -> bytes:
    """Make a version 4 secret-key packet of EdDSA (RFC 9580, 5.5.3): bare with its sum, or sealed noise."""
    body = b"\x04\x68\0\0\0\x16\x09" + bytes.fromhex("2b06010401da470f01") + b"\x01\x07\x40" + stream.raw(32)
    secret = b"\x01\x00\x80" + stream.raw(31)
    body += (
        b"\xfe\x09\x03\x08" + stream.raw(8) + b"\xf0" + stream.raw(16 + 54)
        if sealed
        else b"\0" + secret + (sum(secret) & 0xFFFF).to_bytes(2, "big")
    )
    return b"\x94" + bytes([len(body)]) + body


def _pgp(*, sealed: bool = False) -> Maker:
    def make(stream: Stream) -> str:
        user = b"ci <ci@builds.dev>"
        raw = _secret_packet(stream, sealed=sealed) + b"\xb4" + bytes([len(user)]) + user
        text = base64.b64encode(raw).decode()
        lines = "\n".join(text[place : place + 64] for place in range(0, len(text), 64))
        return f"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{lines}\n-----END PGP PRIVATE KEY BLOCK-----\n"

    return make


def _pgp_binary(stream: Stream) -> str:
    user = b"ci <ci@builds.dev>"
    return binary(_secret_packet(stream) + b"\xb4" + bytes([len(user)]) + user)


def _putty(version: int) -> Maker:
    def make(stream: Stream) -> str:
        import hashlib
        import hmac

        public = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + stream.raw(32)
        private = b"\0\0\0\x20" + stream.raw(32)
        parts = (b"ssh-ed25519", b"none", b"ci", public, private)
        key = hashlib.sha1(b"putty-private-key-file-mac-key", usedforsecurity=False).digest() if version == 2 else b""
        body = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        mac = hmac.new(key, body, "sha1" if version == 2 else "sha256").hexdigest()
        lines = base64.b64encode(public).decode()
        return (
            f"PuTTY-User-Key-File-{version}: ssh-ed25519\nEncryption: none\nComment: ci\nPublic-Lines: 2\n{lines[:64]}\n{lines[64:]}\n"
            f"Private-Lines: 1\n{base64.b64encode(private).decode()}\nPrivate-MAC: {mac}\n"
        )

    return make


def _cosign(stream: Stream) -> str:
    import json

    found = {
        "kdf": {"name": "scrypt", "salt": stream.raw(32).hex()},
        "cipher": {"name": "nacl/secretbox"},
        "ciphertext": stream.raw(64).hex(),
    }
    text = base64.b64encode(json.dumps(found).encode()).decode()
    lines = "\n".join(text[place : place + 64] for place in range(0, len(text), 64))
    return f"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n{lines}\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n"


def _minisign(stream: Stream) -> str:
    import hashlib

    key = stream.raw(72)
    raw = b"Ed\0\0B2" + b"\0" * 48 + key + hashlib.blake2b(b"Ed" + key, digest_size=32).digest()
    return "untrusted comment: minisign secret key\n" + base64.b64encode(raw).decode()


def _signify(stream: Stream) -> str:
    import hashlib

    key = stream.raw(64)
    raw = b"EdBK\0\0\0\0" + stream.raw(16) + hashlib.sha512(key).digest()[:8] + stream.raw(8) + key
    return "untrusted comment: ci secret key\n" + base64.b64encode(raw).decode()


def _ssh_com(stream: Stream) -> str:
    body = b"\0\0\0\x37if-modn{sign{rsa-pkcs1-sha1},encrypt{rsa-pkcs1v2-oaep}}"[:59] + b"\0\0\0\x04none" + stream.raw(200)
    raw = b"\x3f\x6f\xf9\xeb" + (len(body) + 8).to_bytes(4, "big") + body
    text = base64.b64encode(raw).decode()
    lines = "\n".join(text[place : place + 70] for place in range(0, len(text), 70))
    return f'---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nComment: "ci"\n{lines}\n---- END SSH2 ENCRYPTED PRIVATE KEY ----\n'


def _web_key(stream: Stream) -> str:
    """Make the members of an EC key that belong together."""
    from cryptography.hazmat.primitives.asymmetric import ec

    number = int.from_bytes(stream.raw(31), "big") + 1
    point = ec.derive_private_key(number, ec.SECP256R1()).public_key().public_numbers()

    def text(value: int) -> str:
        return base64.urlsafe_b64encode(value.to_bytes(32, "big")).rstrip(b"=").decode()

    return f'{{"kty": "EC", "crv": "P-256", "x": "{text(point.x)}", "y": "{text(point.y)}", "d": "{text(number)}"}}'


def _vapid(stream: Stream) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    scalar = stream.raw(31).rjust(32, b"\1")
    key = ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1())
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    public, private = (base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (point, scalar))
    return f"VAPID_PUBLIC_KEY={public}\nVAPID_PRIVATE_KEY={private}\n"


def _wireguard(stream: Stream) -> str:
    raw = bytearray(stream.raw(32))
    raw[0] &= 248
    raw[31] = raw[31] & 127 | 64
    return base64.b64encode(bytes(raw)).decode()


def _folded(maker: Maker) -> Maker:
    return lambda stream: maker(stream).strip().replace("\n", "\\n")


def _plain(der: Callable[[Stream], bytes]) -> Maker:
    return lambda stream: base64.b64encode(der(stream)).decode()


KEYS: Mapping[str, Maker] = {
    "cosign": _cosign,
    "der-ed25519": lambda stream: binary(_ed25519_der(stream)),
    "der-p256": lambda stream: binary(_p256_der(stream)),
    "java-keystore": _java("changeit"),
    "java-keystore-sealed": _java("a long passphrase of nobody"),
    "java-truststore": _java("changeit", key=False),
    "minisign": _minisign,
    "openssh-key": _openssh_key,
    "pgp-key": _pgp(),
    "pgp-key-sealed": _pgp(sealed=True),
    "pgp-keyring": _pgp_binary,
    "pkcs12": _pkcs12(b"changeit"),
    "pkcs12-sealed": _pkcs12(b"a long passphrase of nobody"),
    "plain-ed25519": _plain(_ed25519_der),
    "plain-p256": _plain(_p256_der),
    "private-key": private_key,
    "private-key-escaped": _folded(private_key),
    "putty-2": _putty(2),
    "putty-3": _putty(3),
    "rsa-broken": _pem("RSA PRIVATE KEY"),
    "signify": _signify,
    "ssh-com": _ssh_com,
    "vapid": _vapid,
    "web-key": _web_key,
    "wireguard": _wireguard,
}
