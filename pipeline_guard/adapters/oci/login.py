# SPDX-License-Identifier: Apache-2.0
"""Logins of registries, as ``docker login`` and ``podman login`` keep them; helpers of other programs are not started."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline_guard.model.secret import Secret

_LIMIT = 1024 * 1024
_ALIASES = {"registry-1.docker.io": ("https://index.docker.io/v1/", "docker.io")}


@dataclass(frozen=True, slots=True)
class Login:
    """Name and password of one registry, as one secret."""

    secret: Secret

    def basic(self) -> str:
        """Return the value of an Authorization header."""
        return "Basic " + base64.b64encode(self.secret.reveal()).decode("ascii")


def find_login(host: str, environ: Mapping[str, str]) -> Login | None:
    """Look into the files of docker and podman; None where they know nothing of the host."""
    home = Path(environ.get("HOME") or "/nonexistent")
    places = [
        Path(environ["REGISTRY_AUTH_FILE"]) if environ.get("REGISTRY_AUTH_FILE") else None,
        Path(environ.get("DOCKER_CONFIG") or home / ".docker") / "config.json",
        Path(environ["XDG_RUNTIME_DIR"]) / "containers" / "auth.json" if environ.get("XDG_RUNTIME_DIR") else None,
    ]
    for place in places:
        found = _in_file(place, host) if place else None
        if found:
            return found
    return None


def _in_file(path: Path, host: str) -> Login | None:
    try:
        if path.stat().st_size > _LIMIT:
            return None
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    logins = document.get("auths") if isinstance(document, dict) else None
    if not isinstance(logins, dict):
        return None
    for name in (host, f"https://{host}", *_ALIASES.get(host, ())):
        entry = logins.get(name)
        coded = entry.get("auth") if isinstance(entry, dict) else None
        if isinstance(coded, str) and coded:
            try:
                return Login(Secret(base64.b64decode(coded, validate=True)))
            except binascii.Error:
                return None
    return None
