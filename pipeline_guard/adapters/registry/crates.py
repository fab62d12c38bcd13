# SPDX-License-Identifier: Apache-2.0
"""Cargo's sparse index (Cargo book, "Index Format"): a line of JSON for each version, with its checksum and whether it is yanked."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline_guard.adapters.http import Client, decoded
from pipeline_guard.adapters.registry.answer import LARGEST, each, mapping, path_part, text
from pipeline_guard.errors import Unavailable
from pipeline_guard.model.package import Checksum
from pipeline_guard.model.published import Published, PublishedFile


class CargoIndex:
    """A sparse index below ``url``."""

    def __init__(self, url: str) -> None:
        self._url, self._client = url.rstrip("/").removeprefix("sparse+"), Client()

    def published(self, packages: Sequence[tuple[str, str]]) -> Sequence[Published | Unavailable | None]:
        """Return what is published of every (name, version)."""
        return each(packages, self._one)

    def _one(self, name: str, version: str) -> Published | None:
        lower = path_part(name.lower())
        folder = f"{len(lower)}" if len(lower) < 3 else f"3/{lower[0]}" if len(lower) == 3 else f"{lower[:2]}/{lower[2:4]}"
        address = f"{self._url}/{folder}/{lower}"
        for line in self._client.get(address, LARGEST).splitlines():
            if line.strip():
                entry = mapping(decoded(line, address), name)
                if entry.get("vers") == version:
                    files = (PublishedFile("", (Checksum("sha256", text(entry.get("cksum"))),)),)
                    return Published(files, "yanked" if entry.get("yanked") else "active")
        return None
