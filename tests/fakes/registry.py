# SPDX-License-Identifier: Apache-2.0
"""A small registry over real HTTP (OCI distribution specification 1.1), with or without a referrers API and a login."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

INDEX = "application/vnd.oci.image.index.v1+json"


class Registry(ThreadingHTTPServer):
    """Keeps blobs, manifests and tags in memory. ``login`` demands "basic" or "bearer"; ``broken`` answers everything with a number."""

    daemon_threads = True

    def __init__(self, *, referrers: bool = True, login: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.referrers = referrers
        self.login = login
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, tuple[str, bytes]] = {}
        self.tags: dict[str, str] = {}
        self.asked: list[str] = []
        self.uploads: list[bytes] = []
        self.broken = 0
        self.page = 0  # referrers a page; 0 for all at once

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def push(self, tag: str, manifest: dict[str, Any], *blobs: bytes) -> str:
        """Put an image in; return its digest."""
        for blob in blobs:
            self.blobs["sha256:" + hashlib.sha256(blob).hexdigest()] = blob
        content = json.dumps(manifest).encode()
        return self.keep(manifest["mediaType"], content, tag)

    def keep(self, kind: str, content: bytes, reference: str) -> str:
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        self.manifests[digest] = (kind, content)
        if not reference.startswith("sha256:"):
            self.tags[reference] = digest
        return digest

    def listed(self, subject: str) -> list[dict[str, Any]]:
        found = []
        for digest, (kind, content) in self.manifests.items():
            document = json.loads(content)
            if document.get("subject", {}).get("digest") == subject:
                entry = {"mediaType": kind, "digest": digest, "size": len(content), "artifactType": document.get("artifactType")}
                found.append({**entry, "annotations": document.get("annotations", {})})
        return found


@contextmanager
def running(registry: Registry) -> Iterator[Registry]:
    """Serve until the block ends."""
    thread = threading.Thread(target=registry.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield registry
    finally:
        registry.shutdown()
        thread.join()
        registry.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Registry
    protocol_version = "HTTP/1.1"

    def log_message(self, *words: Any) -> None:
        """Say nothing."""

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        self.serve()

    do_HEAD = do_POST = do_PUT = do_PATCH = do_GET  # noqa: N815

    def serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        place, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        self.server.asked.append(f"{self.command} {place}")
        if place == "/token":
            right = self.headers.get("Authorization") == "Basic " + base64.b64encode(b"ada:lovelace").decode()
            self.answer(200, json.dumps({"token": "granted"}).encode()) if right else self.answer(401)
            return
        if self.server.broken:
            self.answer(self.server.broken)
            return
        if not self.allowed():
            return
        if place == "/v2/":
            self.answer(200)
            return
        match = re.fullmatch(r"/v2/(.+)/(manifests|blobs|referrers)/(.+)", place)
        if match:
            getattr(self, match[2])(match[3], query, body)
        else:
            self.answer(404)

    def allowed(self) -> bool:
        given = self.headers.get("Authorization", "")
        realm = f'Bearer realm="http://{self.server.host}/token",service="here",scope="repository:team/app:pull,push"'
        wanted = {"": None, "basic": "Basic " + base64.b64encode(b"ada:lovelace").decode(), "bearer": "Bearer granted"}[self.server.login]
        if wanted is None or given == wanted:
            return True
        self.answer(401, WWW_Authenticate=realm if self.server.login == "bearer" else 'Basic realm="here"')
        return False

    def manifests(self, reference: str, query: dict[str, list[str]], body: bytes) -> None:
        if self.command == "PUT":
            kind = self.headers["Content-Type"]
            digest = self.server.keep(kind, body, reference)
            subject = json.loads(body).get("subject", {}).get("digest", "")
            more = {"OCI_Subject": subject} if subject and self.server.referrers else {}
            self.answer(201, Docker_Content_Digest=digest, **more)
            return
        digest = self.server.tags.get(reference, reference)
        if digest in self.server.manifests:
            kind, content = self.server.manifests[digest]
            self.answer(200, content, Content_Type=kind, Docker_Content_Digest=digest)
        else:
            self.answer(404)

    def blobs(self, reference: str, query: dict[str, list[str]], body: bytes) -> None:
        if self.command == "POST":
            self.server.uploads.append(b"")
            self.answer(202, Location=f"{urlsplit(self.path).path}{len(self.server.uploads) - 1}?state=x")
        elif self.command == "PATCH":
            self.server.uploads[int(reference.rpartition("/")[2])] += body
            self.answer(202, Location=self.path)
        elif self.command == "PUT":
            content = self.server.uploads[int(reference.rpartition("/")[2])] + body
            right = query["digest"][0] == "sha256:" + hashlib.sha256(content).hexdigest() and query["state"] == ["x"]
            if right:
                self.server.blobs[query["digest"][0]] = content
            self.answer(201 if right else 400)
        elif reference in self.server.blobs:
            self.answer(200, self.server.blobs[reference])
        else:
            self.answer(404)

    def referrers(self, reference: str, query: dict[str, list[str]], body: bytes) -> None:
        if not self.server.referrers:
            self.answer(404)
            return
        found, start = self.server.listed(reference), int(query.get("from", ["0"])[0])
        page = self.server.page or len(found)
        more = {"Link": f'<{urlsplit(self.path).path}?from={start + page}>; rel="next"'} if start + page < len(found) else {}
        document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": found[start : start + page]}
        self.answer(200, json.dumps(document).encode(), Content_Type=INDEX, **more)
