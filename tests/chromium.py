# SPDX-License-Identifier: Apache-2.0
"""A real browser without a window, driven through its own protocol over two pipes; it needs no library and opens no port."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_PATIENCE = 60.0  # seconds for one answer


class Browser:
    """One page of Chromium. ``complaints`` are what it wrote to its console, and what its policy refused."""

    def __init__(self, process: subprocess.Popen[bytes], inbox: int, outbox: int) -> None:
        self.process, self._inbox, self._outbox = process, inbox, outbox
        self._rest, self._number, self._session = b"", 0, ""
        self.complaints: list[str] = []
        self.requests: list[str] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **params: object) -> dict[str, Any]:
        """Send one command and return its result; what happens meanwhile is noted."""
        self._number += 1
        message: dict[str, object] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._outbox, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + _PATIENCE
        while True:
            answer = self._receive(deadline)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def _receive(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._inbox], [], [], max(deadline - time.monotonic(), 0))
            assert ready, "the browser does not answer"
            part = os.read(self._inbox, 1 << 20)
            assert part, f"the browser ended: {self.process.poll()}"
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\0")
        event: dict[str, Any] = json.loads(line)
        if event.get("method") in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            self.complaints.append(json.dumps(event["params"])[:500])
        if event.get("method") == "Network.requestWillBeSent":
            self.requests.append(event["params"]["request"]["url"])
        return event

    def show(self, page: Path, *, width: int = 1100, dark: bool = False, media: str = "screen") -> None:
        """Load a file and wait until it is drawn."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", media=media, features=[scheme])
        self.ask("Page.navigate", url=page.as_uri())
        deadline = time.monotonic() + _PATIENCE
        while self.evaluate("document.readyState") != "complete" or self.evaluate("location.protocol") != "file:":
            assert time.monotonic() < deadline, "the page does not load"
            time.sleep(0.05)

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression in the page."""
        result = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def press(self, name: str, code: int) -> None:
        """Press and release one key."""
        for kind in ("rawKeyDown", "char", "keyUp") if name == " " else ("rawKeyDown", "keyUp"):
            typed = {"text": name} if kind == "char" else {}
            self.ask("Input.dispatchKeyEvent", type=kind, key=name, windowsVirtualKeyCode=code, **typed)

    def screenshot(self) -> bytes:
        """Return the whole page as PNG."""
        return base64.b64decode(self.ask("Page.captureScreenshot", captureBeyondViewport=True)["data"])


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """Start a browser whose profile lives in ``folder``, and end it."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "no chromium: .ci/prerequisites.sh chromium"
    (theirs_in, outbox), (inbox, theirs_out) = os.pipe(), os.pipe()
    words = [program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage", "--remote-debugging-pipe"]
    words += ["--disable-background-networking", f"--user-data-dir={folder}", "about:blank"]
    # The browser wants its pipes as descriptors 3 and 4; copies far from there cannot be in the way.
    copies = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 20) for descriptor in (theirs_in, theirs_out)]
    shell = ["bash", "-c", f'exec "$@" 3<&{copies[0]} 4>&{copies[1]}', "bash"]
    process = subprocess.Popen([*shell, *words], pass_fds=copies, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for descriptor in (theirs_in, theirs_out, *copies):
        os.close(descriptor)
    try:
        yield Browser(process, inbox, outbox)
    finally:
        process.kill()
        process.wait()
        for descriptor in (inbox, outbox):
            os.close(descriptor)
