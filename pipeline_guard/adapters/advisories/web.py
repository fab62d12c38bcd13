# SPDX-License-Identifier: Apache-2.0
"""OSV over HTTP: published archives below an address, and the service that answers for single packages.

Facts: OSV's documentation of its data dumps and of its API v1 (query batches of at most 1,000, pages by token), read 2026-11.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from pipeline_guard.adapters.advisories.folder import LARGEST, FolderFeed, read_archive, read_changes
from pipeline_guard.adapters.http import Client, is_safe
from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.model.verdict import Unchecked
from pipeline_guard.ports import AdvisoryFeed

_ARCHIVE = 4 * 1024 * 1024 * 1024  # bytes
_CHANGES = 512 * 1024 * 1024
_BATCH = 1000  # queries
_PAGES = 50  # of one batch


class WebFeed:
    """Archives below one address, laid out as OSV publishes them."""

    def __init__(self, url: str, ecosystems: Sequence[str]) -> None:
        self._url, self._ecosystems = url.rstrip("/"), list(ecosystems)
        self._client = Client()

    def ecosystems(self) -> list[str]:
        """Return those that were asked for: an address cannot be listed."""
        return self._ecosystems

    def archive(self, ecosystem: str) -> Iterator[tuple[str, bytes] | Unchecked]:
        """Fetch an archive whole, then give its records."""
        descriptor, name = tempfile.mkstemp(suffix=".zip")
        try:
            with os.fdopen(descriptor, "wb") as stream:
                self._client.download(f"{self._url}/{quote(ecosystem)}/all.zip", stream, _ARCHIVE)
            yield from read_archive(name)
        finally:
            os.unlink(name)  # noqa: PTH108 a name of ours

    def changes(self, ecosystem: str) -> Iterator[tuple[str, str]]:
        """Give (time, id) of every record, the newest first."""
        address = f"{self._url}/{quote(ecosystem)}/modified_id.csv"
        yield from read_changes(io.BytesIO(self._client.get(address, _CHANGES)), address)

    def record(self, ecosystem: str, identifier: str) -> bytes:
        """Fetch one record."""
        return self._client.get(f"{self._url}/{quote(ecosystem)}/{quote(identifier)}.json", LARGEST)


class OsvService:
    """OSV's API: which records are about these versions, then the records themselves."""

    def __init__(self, url: str) -> None:
        if not is_safe(url):
            raise UsageError("gate.advisories.service: not an address that is asked", "write https://HOST, without a name or password")
        self._url = url.rstrip("/")
        self._client = Client()

    def records(self, packages: Sequence[tuple[str, str, str]]) -> Sequence[bytes]:
        """Return every record about (ecosystem, name, version), each once. Raises Unavailable, also for an answer that cannot be one."""
        found: dict[str, None] = {}
        for start in range(0, len(packages), _BATCH):
            queries = [
                {"package": {"ecosystem": ecosystem, "name": name}, "version": version}
                for ecosystem, name, version in packages[start : start + _BATCH]
            ]
            for identifier in self._batch(queries):
                found[identifier] = None
        return self._client.many([f"{self._url}/v1/vulns/{quote(identifier, safe='')}" for identifier in found], LARGEST)

    def _batch(self, queries: list[dict[str, Any]]) -> Iterator[str]:
        for _ in range(_PAGES):
            answer = self._client.post(f"{self._url}/v1/querybatch", {"queries": queries}, LARGEST)
            results = answer.get("results") if isinstance(answer, dict) else None
            if not isinstance(results, list) or len(results) != len(queries):
                raise Unavailable("the advisory service answers something else than was asked", "check gate.advisories.service")
            further = []
            for query, result in zip(queries, results, strict=True):
                if result is None:
                    continue
                if not isinstance(result, dict):
                    raise Unavailable("the advisory service answers something else than was asked", "check gate.advisories.service")
                vulns = result.get("vulns") or []
                for each in vulns if isinstance(vulns, list) else []:
                    if isinstance(each, dict) and isinstance(each.get("id"), str):
                        yield each["id"]
                if result.get("next_page_token"):
                    further.append({**query, "page_token": result["next_page_token"]})
            if not further:
                return
            queries = further
        raise Unavailable(f"the advisory service has more than {_PAGES} pages of answers", "try again, or use a database")


def open_feed(place: str, ecosystems: Sequence[str]) -> AdvisoryFeed:
    """Return the feed at an address or in a folder."""
    if place.startswith(("http://", "https://")):
        if not is_safe(place):
            raise UsageError("not an address that is asked", "write https://HOST, without a name or password")
        if not ecosystems:
            raise UsageError("an address does not tell which ecosystems it has", "name each with --ecosystem, like --ecosystem PyPI")
        return WebFeed(place, ecosystems)
    return FolderFeed(place, ecosystems)
