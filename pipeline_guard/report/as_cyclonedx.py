# SPDX-License-Identifier: Apache-2.0
"""Packages as CycloneDX 1.7 JSON (ECMA-424)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pipeline_guard import __version__
from pipeline_guard.model.package import Package
from pipeline_guard.report.inventory import Item, items

_ALGORITHMS = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}


def render_packages(packages: Sequence[Package], title: str, time: datetime) -> str:
    """Return the SBOM of ``title``. The same packages at the same time give the same text."""
    found = items(packages)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ")
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{title} {stamp} " + " ".join(item.purl for item in found))
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "serialNumber": f"urn:uuid:{identity}",
        "version": 1,
        "metadata": {
            "timestamp": stamp,
            "tools": {"components": [{"type": "application", "name": "pipeline-guard", "version": __version__}]},
            "component": {"type": "application", "bom-ref": "root", "name": title},
        },
        "components": [_component(item) for item in found],
        "dependencies": [
            {"ref": "root", "dependsOn": [item.purl for item in found]},
            *({"ref": item.purl, "dependsOn": list(item.needs)} for item in found),
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _component(item: Item) -> dict[str, Any]:
    component: dict[str, Any] = {"type": "library", "bom-ref": item.purl, "name": item.name, "version": item.version, "purl": item.purl}
    if item.optional:
        component["scope"] = "excluded"
    hashed = [artifact for artifact in item.artifacts if artifact.hashes]
    if len(item.artifacts) == 1 and hashed:
        component["hashes"] = _hashes(hashed[0].hashes)
    references = [
        {"type": "distribution", "url": artifact.url, **({"hashes": _hashes(artifact.hashes)} if artifact.hashes else {})}
        for artifact in item.artifacts
        if artifact.url.startswith("https://") and artifact.url.isascii() and " " not in artifact.url
    ]
    if references:
        component["externalReferences"] = references
    component["properties"] = [{"name": "pipeline-guard:location", "value": item.place}]
    return component


def _hashes(hashes: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"alg": _ALGORITHMS[algorithm], "content": value} for algorithm, value in hashes]
