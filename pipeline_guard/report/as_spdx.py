# SPDX-License-Identifier: Apache-2.0
"""Packages as SPDX 2.3 JSON (ISO/IEC 5962)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pipeline_guard import __version__
from pipeline_guard.model.package import Package
from pipeline_guard.report.inventory import Item, items

_NONE = "NOASSERTION"


def render_packages(packages: Sequence[Package], title: str, time: datetime) -> str:
    """Return the SBOM of ``title``. The same packages at the same time give the same text."""
    found = items(packages)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ")
    identity = hashlib.sha256(f"{title} {stamp} {' '.join(item.purl for item in found)}".encode("utf-8", "replace")).hexdigest()[:32]
    relations = [("SPDXRef-DOCUMENT", "DESCRIBES", _id("root"))]
    relations += [(_id("root"), "DEPENDS_ON", _id(item.purl)) for item in found]
    relations += [(_id(item.purl), "DEPENDS_ON", _id(other)) for item in found for other in item.needs]
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": title,
        "documentNamespace": f"urn:pipeline-guard:sbom:{identity}",
        "creationInfo": {"created": stamp, "creators": [f"Tool: pipeline-guard-{__version__}"]},
        "packages": [_root(title), *(_package(item) for item in found)],
        "relationships": [{"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other} for one, kind, other in relations],
    }
    return json.dumps(document, indent=2) + "\n"


def _id(text: str) -> str:
    """Return an identifier of letters and digits that no other package has."""
    return f"SPDXRef-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:24]}"


def _root(title: str) -> dict[str, Any]:
    return {"SPDXID": _id("root"), "name": title, "downloadLocation": _NONE, "filesAnalyzed": False, "primaryPackagePurpose": "APPLICATION"}


def _package(item: Item) -> dict[str, Any]:
    package: dict[str, Any] = {
        "SPDXID": _id(item.purl),
        "name": item.name,
        "versionInfo": item.version,
        "downloadLocation": _NONE,
        "filesAnalyzed": False,
        "sourceInfo": f"pinned at {item.place}",
        "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": item.purl}],
    }
    if len(item.artifacts) == 1:
        (artifact,) = item.artifacts
        if artifact.url.startswith("https://") and artifact.url.isascii() and " " not in artifact.url:
            package["downloadLocation"] = artifact.url
        if artifact.hashes:
            package["checksums"] = [{"algorithm": algorithm.upper(), "checksumValue": value} for algorithm, value in artifact.hashes]
    return package
