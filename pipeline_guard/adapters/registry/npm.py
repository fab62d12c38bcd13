# SPDX-License-Identifier: Apache-2.0
"""npm's registry: the whole document of a package, with hashes, times, deprecation and attestations of every version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline_guard.adapters.http import Client, decoded
from pipeline_guard.adapters.registry.answer import LARGEST, each, mapping, moment, path_part, text
from pipeline_guard.errors import Unavailable
from pipeline_guard.model.package import Checksum
from pipeline_guard.model.published import Published, PublishedFile


class NpmRegistry:
    """A registry below ``url``."""

    def __init__(self, url: str) -> None:
        self._url, self._client = url.rstrip("/"), Client()

    def published(self, packages: Sequence[tuple[str, str]]) -> Sequence[Published | Unavailable | None]:
        """Return what is published of every (name, version)."""
        return each(packages, self._one)

    def _one(self, name: str, version: str) -> Published | None:
        address = f"{self._url}/{path_part(name)}"
        document = mapping(decoded(self._client.get(address, LARGEST), address), name)
        versions, times = mapping(document.get("versions", {}), name), mapping(document.get("time", {}), name)
        own = versions.get(version)
        if own is None:
            return None
        dist = mapping(mapping(own, name).get("dist"), name)
        checksums = [Checksum(part.partition("-")[0], part, "sri") for part in text(dist.get("integrity")).split()]
        if text(dist.get("shasum")):
            checksums.append(Checksum("sha1", text(dist["shasum"])))
        uploaded = moment(times.get(version))
        deprecated = mapping(own, name).get("deprecated")
        return Published(
            (PublishedFile("", tuple(checksums)),),
            "deprecated" if deprecated else "active",
            text(deprecated)[:200],
            uploaded,
            _attested(own),
            any(_attested(other) for number, other in versions.items() if uploaded and (moment(times.get(number)) or uploaded) < uploaded),
        )


def _attested(version: Any) -> bool:
    dist = version.get("dist") if isinstance(version, dict) else None
    return isinstance(dist, dict) and isinstance(dist.get("attestations"), dict)
