# SPDX-License-Identifier: Apache-2.0
"""A small OpenBao over real HTTP: the calls of the transit engine that we make, as its API documentation describes them.

It was written from the documentation, not from a server: what a real one does differently, it does not show.
"""

from __future__ import annotations

import base64
import json
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

TOKEN = "bao-" + "test-token"
NAME = re.compile(r"\w(?:[\w.-]*\w)?")  # the engine's own rule for names


class Answer(Exception):  # how a handler ends early
    def __init__(self, status: int, errors: list[str]) -> None:
        super().__init__()
        self.status, self.errors = status, errors


@dataclass
class Key:
    kind: str
    material: Any
    deletion_allowed: bool = False


@dataclass
class Transit:
    """The state of one mount; ``broken`` answers every call with this status and body."""

    keys: dict[str, Key] = field(default_factory=dict)
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    broken: tuple[int, bytes] | None = None

    def answer(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        match path.split("/"):
            case ["keys"] if method == "LIST":
                if not self.keys:
                    raise Answer(404, [])
                return {"keys": sorted(self.keys)}
            case ["keys", name] if method == "POST":
                self._create(name, body)
                return None
            case ["keys", name] if method == "GET":
                return self._read(name)
            case ["keys", name] if method == "DELETE":
                if name not in self.keys:
                    raise Answer(400, [f"could not delete key; not found"])  # noqa: F541
                if not self.keys[name].deletion_allowed:
                    raise Answer(400, ["deletion is not allowed for this key"])
                del self.keys[name]
                return None
            case ["keys", name, "config"] if method == "POST":
                self._key(name).deletion_allowed = body["deletion_allowed"]
                return None
            case ["sign", name] if method == "POST":
                return {"signature": "vault:v1:" + encode(self._sign(self._key(name), body))}
            case ["encrypt", name] if method == "POST":
                if name not in self.keys:  # the documented upsert of a token that may create
                    self._create(name, {"type": "aes256-gcm96"})
                nonce = os.urandom(12)
                sealed = AESGCM(self._key(name).material).encrypt(nonce, decode(body["plaintext"]), decode(body.get("associated_data", "")))
                return {"ciphertext": "vault:v1:" + encode(nonce + sealed)}
            case ["decrypt", name] if method == "POST":
                return {"plaintext": encode(self._decrypt(self._key(name), body))}
        raise Answer(404, ["unsupported path"])

    def _key(self, name: str) -> Key:
        if name not in self.keys:
            raise Answer(400, ["encryption key not found"])
        return self.keys[name]

    def _create(self, name: str, body: dict[str, Any]) -> None:
        if not NAME.fullmatch(name):
            raise Answer(404, ["unsupported path"])
        kind = body.get("type", "aes256-gcm96")
        makers: dict[str, Any] = {
            "aes256-gcm96": lambda: os.urandom(32),
            "ecdsa-p256": lambda: ec.generate_private_key(ec.SECP256R1()),
            "ecdsa-p384": lambda: ec.generate_private_key(ec.SECP384R1()),
            "ed25519": ed25519.Ed25519PrivateKey.generate,
            "rsa-3072": lambda: rsa.generate_private_key(65537, 3072),
        }
        if kind not in makers:
            raise Answer(400, [f"unknown key type {kind}"])
        self.keys.setdefault(name, Key(kind, makers[kind]()))

    def _read(self, name: str) -> dict[str, Any]:
        if name not in self.keys:
            raise Answer(404, [])
        key = self.keys[name]
        version: Any = 1442851412
        if key.kind == "ed25519":
            raw = key.material.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
            version = {"creation_time": "2026-11-24T00:00:00Z", "name": "ed25519", "public_key": encode(raw)}
        elif key.kind != "aes256-gcm96":
            pem = key.material.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
            version = {"creation_time": "2026-11-24T00:00:00Z", "name": key.kind, "public_key": pem}
        return {"type": key.kind, "name": name, "exportable": False, "allow_plaintext_backup": False, "deletion_allowed": key.deletion_allowed, "keys": {"1": version}}  # fmt: skip

    def _sign(self, key: Key, body: dict[str, Any]) -> bytes:
        content = decode(body["input"])
        if key.kind == "ed25519":
            return key.material.sign(content)
        if key.kind == "aes256-gcm96":
            raise Answer(400, ["key type aes256-gcm96 does not support signing"])
        hashed: Any = {"sha2-256": hashes.SHA256, "sha2-384": hashes.SHA384}[body.get("hash_algorithm", "sha2-256")]()
        chosen = utils.Prehashed(hashed) if body.get("prehashed") else hashed
        if key.kind == "rsa-3072":
            if body.get("signature_algorithm", "pss") != "pkcs1v15":
                return key.material.sign(content, padding.PSS(padding.MGF1(hashed), padding.PSS.MAX_LENGTH), chosen)
            return key.material.sign(content, padding.PKCS1v15(), chosen)
        return key.material.sign(content, ec.ECDSA(chosen))

    def _decrypt(self, key: Key, body: dict[str, Any]) -> bytes:
        version, _, sealed = body["ciphertext"].rpartition(":")
        if version != "vault:v1":
            raise Answer(400, ["invalid ciphertext: no prefix"])
        raw = decode(sealed)
        try:
            return AESGCM(key.material).decrypt(raw[:12], raw[12:], decode(body.get("associated_data", "")))
        except (InvalidTag, ValueError):
            raise Answer(400, ["cipher: message authentication failed"]) from None


def encode(content: bytes) -> str:
    return base64.b64encode(content).decode()


def decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise Answer(400, ["failed to base64-decode input"]) from None


@contextmanager
def serve() -> Iterator[tuple[str, Transit]]:
    """Run the server; give its address and its state."""
    transit = Transit()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except ConnectionError:
                self.close_connection = True

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}") if length else {}
            transit.seen.append((self.command, self.path, dict(self.headers)))
            if transit.broken is not None:
                self._say(*transit.broken)
                return
            try:
                if self.headers.get("X-Vault-Token") != TOKEN:
                    raise Answer(403, ["permission denied"])
                if not self.path.startswith("/v1/transit/"):
                    raise Answer(404, ["no handler for route"])
                found = transit.answer(self.command, self.path.removeprefix("/v1/transit/"), body or {})
            except Answer as answer:
                self._say(answer.status, json.dumps({"errors": answer.errors}).encode())
            else:
                self._say(204, b"") if found is None else self._say(200, json.dumps({"data": found}).encode())

        def _say(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = do_LIST = _answer  # noqa: N815

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}", transit
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
