# SPDX-License-Identifier: Apache-2.0
"""An identity provider over real HTTPS, whose tokens a foreign library signs."""

from __future__ import annotations

import base64
import json
import ssl
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from pipeline_guard.broker.tls import make_certificate

FILE = "octo/app/.github/workflows/deploy.yml@refs/heads/main"
GITHUB = {
    "sub": "repo:octo@42/app@4711:ref:refs/heads/main", "repository": "octo/app", "repository_id": "4711", "repository_owner": "octo",
    "repository_owner_id": "42", "ref": "refs/heads/main", "ref_type": "branch", "ref_protected": "true", "sha": "a" * 40,
    "event_name": "push", "workflow_ref": FILE, "job_workflow_ref": FILE, "run_id": "900", "run_attempt": "1", "check_run_id": "77",
    "runner_environment": "github-hosted", "workflow_sha": "a" * 40, "job_workflow_sha": "a" * 40, "repository_visibility": "private",
}  # fmt: skip
GITLAB = {
    "sub": "project_path:g/p:ref_type:branch:ref:main", "project_id": "7", "project_path": "g/p", "namespace_id": "3", "namespace_path": "g",
    "job_project_id": "7", "ref": "main", "ref_type": "branch", "ref_path": "refs/heads/main", "ref_protected": "true",
    "pipeline_source": "push", "pipeline_id": "5", "job_id": "6", "runner_id": 12, "runner_environment": "gitlab-hosted",
    "sha": "b" * 40, "user_login": "ada", "ci_config_ref_uri": "gitlab.example/g/p//.gitlab-ci.yml@refs/heads/main", "ci_config_sha": "b" * 40,
}  # fmt: skip


def number(value: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()


class OidcIssuer:
    """One issuer; ``answers`` replaces what a path gives (status, headers, body); ``asked`` is what was asked for."""

    def __init__(self, folder: Path) -> None:
        self.authority, self._certificate, self._key_file = make_certificate(str(folder), "127.0.0.1")
        self.url = ""
        self.keys = {"first": rsa.generate_private_key(public_exponent=65537, key_size=2048)}
        self.published = ["first"]
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        self.delay = 0.0

    def rotate(self, kid: str, *, publish: bool = True) -> None:
        """Make a further key."""
        self.keys[kid] = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        if publish:
            self.published.append(kid)

    def token(self, claims: dict[str, Any] | None = None, *, kid: str = "first", **changes: Any) -> str:
        """Return a token of a GitHub job, changed; a claim that is None is left out."""
        now = int(time.time())
        times = {"iat": now, "nbf": now, "exp": now + 300, "jti": str(uuid.uuid4()), "iss": self.url, "aud": "pipeline-guard"}
        made = {**times, **(GITHUB if claims is None else claims), **changes}
        return jwt.encode({name: value for name, value in made.items() if value is not None}, self.keys[kid], "RS256", {"kid": kid})

    def jwks(self) -> dict[str, Any]:
        found = []
        for kid in self.published:
            numbers = self.keys[kid].public_key().public_numbers()
            found.append({"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "n": number(numbers.n), "e": number(numbers.e)})
        return {"keys": found}

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        if path in self.answers:
            return self.answers[path]
        if path == "/.well-known/openid-configuration":
            return 200, {}, json.dumps({"issuer": self.url, "jwks_uri": f"{self.url}/keys"}).encode()
        return (200, {}, json.dumps(self.jwks()).encode()) if path == "/keys" else (404, {}, b"{}")

    @contextmanager
    def running(self) -> Iterator[OidcIssuer]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                time.sleep(issuer.delay)
                status, headers, body = issuer.answer(self.path)
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    pass

            def log_message(self, *_: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certificate, self._key_file)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
