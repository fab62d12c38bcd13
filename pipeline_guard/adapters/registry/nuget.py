# SPDX-License-Identifier: Apache-2.0
"""NuGet's server API v3: one version's registration. The hash that a lock holds is not among what is published."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline_guard.adapters.http import Client, decoded
from pipeline_guard.adapters.registry.answer import LARGEST, each, mapping, moment, path_part
from pipeline_guard.errors import Unavailable
from pipeline_guard.model.published import Published

_UNLISTED = 1900  # the year that nuget.org gives what was unlisted


class NugetFeed:
    """A feed whose registrations lie below ``url``."""

    def __init__(self, url: str) -> None:
        self._url, self._client = url.rstrip("/"), Client()

    def published(self, packages: Sequence[tuple[str, str]]) -> Sequence[Published | Unavailable | None]:
        """Return what is published of every (name, version)."""
        return each(packages, self._one)

    def _one(self, name: str, version: str) -> Published | None:
        address = f"{self._url}/{path_part(name.lower())}/{path_part(version.lower())}.json"
        entry = mapping(decoded(self._client.get(address, LARGEST), address), name)
        uploaded = moment(entry.get("published"))
        unlisted = entry.get("listed") is False or (uploaded is not None and uploaded.year <= _UNLISTED)
        return Published((), "yanked" if unlisted else "active", "unlisted" if unlisted else "", None if unlisted else uploaded)
