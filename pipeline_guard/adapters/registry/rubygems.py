# SPDX-License-Identifier: Apache-2.0
"""RubyGems' API v2: one version with its checksum and time; one that was yanked is not there any more."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline_guard.adapters.http import Client, decoded
from pipeline_guard.adapters.registry.answer import LARGEST, each, mapping, moment, path_part, text
from pipeline_guard.errors import Unavailable
from pipeline_guard.model.package import Checksum
from pipeline_guard.model.published import Published, PublishedFile


class GemServer:
    """A gem server below ``url``."""

    def __init__(self, url: str) -> None:
        self._url, self._client = url.rstrip("/"), Client()

    def published(self, packages: Sequence[tuple[str, str]]) -> Sequence[Published | Unavailable | None]:
        """Return what is published of every (name, version)."""
        return each(packages, self._one)

    def _one(self, name: str, version: str) -> Published | None:
        number, _, platform = version.partition("-")  # Gemfile.lock writes 1.2.3-x86_64-linux
        address = f"{self._url}/api/v2/rubygems/{path_part(name)}/versions/{path_part(number)}.json"
        query = f"?platform={path_part(platform)}" if platform else ""
        entry = mapping(decoded(self._client.get(address + query, LARGEST), address), name)
        files = (PublishedFile("", (Checksum("sha256", text(entry.get("sha"))),)),) if text(entry.get("sha")) else ()
        created = moment(entry.get("version_created_at")) or moment(entry.get("created_at"))
        return Published(files, "yanked" if entry.get("yanked") else "active", "", created)
