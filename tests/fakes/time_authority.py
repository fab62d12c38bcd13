# SPDX-License-Identifier: Apache-2.0
"""A time-stamp authority over real HTTP: OpenSSL answers, a small server of ours carries; it can also misbehave."""

from __future__ import annotations

import http.server
import subprocess
import threading
from pathlib import Path
from typing import Any

CONFIG = """
[tsa]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
"""


class TimeAuthority:
    """``mood``: "honest", "replay" (always the first answer), "page" (HTML), "error", "huge", "redirect"."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.mood, self.first = folder, "honest", b""
        self.certificate = folder / "tsa.pem"
        usage = ("-addext", "extendedKeyUsage=critical,timeStamping", "-addext", "keyUsage=critical,digitalSignature")
        words = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-subj",
            "/CN=time",
            "-days",
            "30",
        ]
        more = ["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", f"{folder}/tsa.key", "-out", str(self.certificate)]
        subprocess.run([*words, *usage, *more], check=True, capture_output=True)
        (folder / "serial").write_text("01\n")
        (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
        authority = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                question = self.rfile.read(int(self.headers["Content-Length"]))
                status, kind, content = authority.answer(question, self.headers["Content-Type"])
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                if status == 302:
                    self.send_header("Location", "http://127.0.0.1:9/")
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_words: Any) -> None:
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/stamp"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def answer(self, question: bytes, kind: str) -> tuple[int, str, bytes]:
        assert kind == "application/timestamp-query"
        odd = {
            "page": (200, "text/html", b"<html>"),
            "error": (500, "application/timestamp-reply", b""),
            "redirect": (302, "text/html", b""),
        }
        if self.mood in odd:
            return odd[self.mood]
        if self.mood == "huge":
            return 200, "application/timestamp-reply", bytes(100_000)
        if self.mood == "replay" and self.first:
            return 200, "application/timestamp-reply", self.first
        (self.folder / "q").write_bytes(question)
        words = [
            "openssl",
            "ts",
            "-reply",
            "-config",
            f"{self.folder}/tsa.cnf",
            "-section",
            "tsa",
            "-queryfile",
            f"{self.folder}/q",
            "-out",
            f"{self.folder}/r",
        ]
        subprocess.run(words, check=True, capture_output=True)
        self.first = (self.folder / "r").read_bytes()
        return 200, "application/timestamp-reply", self.first

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
