# SPDX-License-Identifier: Apache-2.0
"""Python's index: the simple API as JSON (PEP 691, 700), yanks (592), project states (792), attestations (740)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pipeline_guard.adapters.http import Client, decoded
from pipeline_guard.adapters.registry.answer import LARGEST, each, mapping, moment, path_part, text
from pipeline_guard.errors import Unavailable
from pipeline_guard.model.package import Checksum
from pipeline_guard.model.published import Published, PublishedFile

_ACCEPT = "application/vnd.pypi.simple.v1+json"
_SOURCE = re.compile(r"(.+)-([^-]+)\.(?:tar\.gz|zip|tar\.bz2|tgz|egg)", re.IGNORECASE)


class PythonIndex:
    """An index below ``url``, which ends before ``/simple/``."""

    def __init__(self, url: str) -> None:
        self._url, self._client = url.rstrip("/").removesuffix("/simple"), Client()

    def published(self, packages: Sequence[tuple[str, str]]) -> Sequence[Published | Unavailable | None]:
        """Return what is published of every (name, version)."""
        return each(packages, self._one)

    def _one(self, name: str, version: str) -> Published | None:
        address = f"{self._url}/simple/{path_part(name)}/"
        document = mapping(decoded(self._client.get(address, LARGEST, _ACCEPT), address), name)
        status = document.get("project-status")
        state, why = (text(status.get("status")), text(status.get("reason"))) if isinstance(status, dict) else ("", "")
        listed = document.get("files")
        files = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
        own = [item for item in files if _same(_version(text(item.get("filename"))), version)]
        if not own:
            return None
        if state not in ("quarantined", "archived", "deprecated"):
            yanked = [item.get("yanked") for item in own if item.get("yanked")]
            state, why = ("yanked", text(yanked[0])) if yanked else ("active", "")
        times = [time for time in (moment(item.get("upload-time")) for item in own) if time]
        first = min(times) if times else None
        earlier = [item for item in files if item not in own and first and (moment(item.get("upload-time")) or first) < first]
        return Published(
            tuple(PublishedFile(text(item.get("filename")), _checksums(item.get("hashes"))) for item in own),
            state,  # type: ignore[arg-type]  # one of the five by now
            why,
            first,
            any(item.get("provenance") for item in own),
            any(item.get("provenance") for item in earlier),
        )


def _checksums(hashes: Any) -> tuple[Checksum, ...]:
    return tuple(Checksum(name.lower(), value) for name, value in hashes.items() if text(value)) if isinstance(hashes, dict) else ()


def _version(filename: str) -> str:
    if filename.endswith(".whl"):
        return filename.split("-")[1] if filename.count("-") >= 4 else ""
    found = _SOURCE.fullmatch(filename)
    return found[2] if found else ""


def _same(one: str, other: str) -> bool:
    """Tell whether a file name's version is the one asked for: trailing zeros and the spelling of pre-releases do not count."""
    return _plain(one) == _plain(other)


def _plain(version: str) -> str:
    lower = (
        version.lower().removeprefix("v").replace("_", "+", 1)
        if "_" in version and "+" not in version
        else version.lower().removeprefix("v")
    )
    lower = re.sub(
        r"[-_.]?(alpha|beta|preview|post|pre|rev|rc|dev|a|b|c|r)[-_.]?(\d*)",
        lambda sign: f".{_WORD.get(sign[1], sign[1])}{sign[2] or 0}",
        lower,
    )
    return re.sub(r"(\.0+)+(?=$|\.[a-z]|\+)", "", lower)


_WORD = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc", "rev": "post", "r": "post"}
