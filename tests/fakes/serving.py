# SPDX-License-Identifier: Apache-2.0
"""The broker as a process of its own, and a job that speaks to it over real TLS."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from pipeline_guard.adapters.oidc.job_key import JobKey
from pipeline_guard.broker.tls import make_certificate
from pipeline_guard.model.secret import Secret
from tests.fakes.issuer import OidcIssuer

COMMAND = str(Path(sys.executable).parent / "pipeline-guard")
GRANT = """
    - name: deploy
      secrets: [db, api, once, canary, missing, guarded]
      keys: [release]
      issuer: {issuer}
      claims: {{repository_id: "4711", ref: refs/heads/main, event_name: push}}
"""


class Serving:
    """One broker over a home folder; several may share a PostgreSQL database and a token."""

    def __init__(
        self,
        folder: Path,
        issuer: OidcIssuer,
        *,
        policy: str = GRANT,
        broker: str = "",
        rest: str = "",
        url: str = "",
        home: Path | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.home = folder, home or folder / "home"
        tls = self.home.with_name("tls")  # replicas share a certificate, as behind one name
        if not tls.exists():
            make_certificate(str(tls), "127.0.0.1")
        self.authority, certificate, key = (str(tls / f"{name}.pem") for name in ("authority", "certificate", "key"))
        self.environ = {**os.environ, "PIPELINE_GUARD_HOME": str(self.home)}
        if url:
            self.environ["PIPELINE_GUARD_STORE_URL"] = url
        self.config = folder / "broker.yml"
        self.config.write_text(
            f"version: 1\nbroker:\n  listen: 127.0.0.1:0\n  certificate: {certificate}\n  key: {key}\n  issuer-ca: {issuer.authority}\n"
            f"  issuers: [{{url: '{issuer.url}', kind: github}}]\n{broker}"
            f"policy:\n  canaries: [canary]\n  grants:{policy.format(issuer=issuer.url)}{rest}"
        )
        self.process: subprocess.Popen[bytes] | None = None
        self.address = ""
        self.log = folder / "log"

    def run(self, *words: str, given: str = "", code: int = 0) -> str:
        """Run a command where the broker's store is."""
        done = subprocess.run(
            [COMMAND, *words, "--config", str(self.config)], input=given, capture_output=True, text=True, env=self.environ, cwd=self.folder
        )
        assert done.returncode == code, done.stderr
        return done.stdout

    def start(self) -> Self:
        with self.log.open("ab") as log:
            start = self.log.stat().st_size
            words = [COMMAND, "serve", "--config", str(self.config)]
            self.process = subprocess.Popen(words, env=self.environ, cwd=self.folder, stderr=log, stdout=log)
        deadline = time.monotonic() + 60
        while not (found := re.search(r"listens at (\S+),", self.log.read_bytes()[start:].decode())):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)
        self.address = found[1]
        return self

    def stop(self, how: int = signal.SIGTERM) -> int:
        if self.process is None:
            return 0
        self.process.send_signal(how)
        code = self.process.wait(60)
        self.process = None
        return code

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop(signal.SIGKILL)

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.authority)


@dataclass
class Got:
    """An answer."""

    status: int
    body: Any
    headers: dict[str, str]


@dataclass
class Job:
    """A job with a key of its own; ``session`` once it has one."""

    serving: Serving
    key: JobKey = field(default_factory=JobKey.make)
    session: str = ""
    local: threading.local = field(default_factory=threading.local)

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, address: str = "") -> Got:
        """Send one request over a connection of its own."""
        at = address or self.serving.address
        connection = http.client.HTTPSConnection(at.removeprefix("https://"), timeout=60, context=self.serving.trust())
        try:
            content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
            connection.request(method, path, content, {"Content-Type": "application/json", **(headers or {})})
            answer = connection.getresponse()
            raw = answer.read()
            is_json = "json" in (answer.getheader("content-type") or "")
            return Got(answer.status, json.loads(raw) if is_json else raw, {k.lower(): v for k, v in answer.getheaders()})
        finally:
            connection.close()

    def lease(self, token: str, *names: str, proof: str = "", address: str = "", **more: Any) -> Got:
        """Lease with an identity token."""
        at = address or self.serving.address
        secrets = [{"variable": f"V{number}", "name": name} for number, name in enumerate(names)]
        headers = {"DPoP": proof or self.key.proof("POST", f"{at}/v1/leases")}
        got = self.ask("POST", "/v1/leases", {"identity_token": token, "secrets": secrets, **more}, headers, at)
        if got.status == 200:
            self.session = got.body["session"]
        return got

    def act(self, method: str, path: str, body: Any = None, *, key: JobKey | None = None, session: str = "", address: str = "") -> Got:
        """Do something with the session."""
        at, token = address or self.serving.address, session or self.session
        proof = (key or self.key).proof(method, at + path, Secret(token.encode()))
        return self.ask(method, path, body, {"DPoP": proof, "Authorization": f"DPoP {token}"}, at)


def values(got: Got) -> list[bytes]:
    """Return the values of an answer."""
    return [base64.b64decode(each["value"]) for each in got.body["leases"]]
