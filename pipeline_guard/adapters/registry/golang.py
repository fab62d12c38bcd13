# SPDX-License-Identifier: Apache-2.0
"""Go's checksum database: the hashes of a module's version that everybody is shown (Go modules reference, "Checksum database").

The signed tree around them is not verified here; that the host answers over TLS is what counts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

from pipeline_guard.adapters.http import Client
from pipeline_guard.adapters.registry.answer import LARGEST, each
from pipeline_guard.errors import Unavailable
from pipeline_guard.model.package import Checksum
from pipeline_guard.model.published import Published, PublishedFile

_LINE = re.compile(r"(\S+) (\S+?)(/go\.mod)? (h1:[A-Za-z0-9+/]{43}=)")


class ChecksumDatabase:
    """A database below ``url``."""

    def __init__(self, url: str) -> None:
        self._url, self._client = url.rstrip("/"), Client()

    def published(self, packages: Sequence[tuple[str, str]]) -> Sequence[Published | Unavailable | None]:
        """Return what is published of every (name, version)."""
        return each(packages, self._one)

    def _one(self, name: str, version: str) -> Published | None:
        version = version if version.startswith("v") else f"v{version}"
        answer = self._client.get(f"{self._url}/lookup/{_escaped(name)}@{_escaped(version)}", LARGEST).decode("utf-8", "replace")
        files = [
            PublishedFile("go.mod" if found[3] else "", (Checksum("sha256", found[4], "h1"),))
            for found in map(_LINE.fullmatch, answer.splitlines())
            if found and (found[1], found[2]) == (name, version)
        ]
        if not files:
            raise Unavailable(f"the checksum database's answer for {name[:100]} has another shape", "check the address under gate.lookup")
        return Published(tuple(files))


def _escaped(text: str) -> str:
    """Write capitals as an exclamation mark and the small letter, as module paths travel."""
    return quote(re.sub(r"[A-Z]", lambda letter: "!" + letter[0].lower(), text), safe="/!~.-_")
