# SPDX-License-Identifier: Apache-2.0
"""Composer's repositories, version 2 of their metadata: versions of which each tells only what differs from the one before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline_guard.adapters.http import Client, decoded
from pipeline_guard.adapters.registry.answer import LARGEST, each, mapping, moment, text
from pipeline_guard.errors import Unavailable
from pipeline_guard.model.package import Checksum
from pipeline_guard.model.published import Published, PublishedFile


class ComposerRepository:
    """A repository below ``url``."""

    def __init__(self, url: str) -> None:
        self._url, self._client = url.rstrip("/"), Client()

    def published(self, packages: Sequence[tuple[str, str]]) -> Sequence[Published | Unavailable | None]:
        """Return what is published of every (name, version)."""
        return each(packages, self._one)

    def _one(self, name: str, version: str) -> Published | None:
        from urllib.parse import quote

        address = f"{self._url}/p2/{quote(name)}.json"
        document = mapping(decoded(self._client.get(address, LARGEST), address), name)
        listed = mapping(document.get("packages"), name).get(name)
        whole: dict[str, Any] = {}
        for entry in listed if isinstance(listed, list) else []:
            whole = {key: value for key, value in {**whole, **mapping(entry, name)}.items() if value != "__unset"}
            if text(whole.get("version")).removeprefix("v") == version.removeprefix("v"):
                dist = whole.get("dist")
                shasum = text(dist.get("shasum")) if isinstance(dist, dict) else ""
                files = (PublishedFile("", (Checksum("sha1", shasum),)),) if shasum else ()
                abandoned = whole.get("abandoned")
                return Published(files, "deprecated" if abandoned else "active", text(abandoned), moment(whole.get("time")))
        return None
