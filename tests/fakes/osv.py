# SPDX-License-Identifier: Apache-2.0
"""Advisories in the shape of OSV's records, and archives of them as they are published."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

MODIFIED = "2026-11-20T10:00:00Z"
HIGH = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"  # 7.5
LOW = "CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"  # 1.6


def record(
    identifier: str,
    name: str = "jinja2",
    events: Sequence[dict[str, str]] = ({"introduced": "0"}, {"fixed": "3.1.3"}),
    *,
    ecosystem: str = "PyPI",
    vector: str = HIGH,
    modified: str = MODIFIED,
    **further: Any,
) -> dict[str, Any]:
    """Return one record about one package; no ``events`` means no range."""
    affected: dict[str, Any] = {"package": {"ecosystem": ecosystem, "name": name}}
    if events:
        affected["ranges"] = [{"type": "SEMVER" if ecosystem == "npm" else "ECOSYSTEM", "events": list(events)}]
    if "versions" in further:
        affected["versions"] = further.pop("versions")
    found = {"id": identifier, "modified": modified, "summary": f"about {name}", "affected": [affected]}
    if vector:
        kind = "CVSS_V4" if vector.startswith("CVSS:4") else "CVSS_V3" if vector.startswith("CVSS:3") else "CVSS_V2"
        found["severity"] = [{"type": kind, "score": vector}]
    return {**found, **further}


def publish(folder: Path, records: Sequence[dict[str, Any]], ecosystem: str = "PyPI") -> Path:
    """Write records as ``ECOSYSTEM/all.zip``, singly, and as a list of changes; return the folder."""
    place = folder / ecosystem
    place.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(place / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for each in records:
            archive.writestr(f"{each['id']}.json", json.dumps(each))
            (place / f"{each['id']}.json").write_text(json.dumps(each))
    newest = sorted(records, key=lambda each: each["modified"], reverse=True)
    (place / "modified_id.csv").write_text("".join(f"{each['modified']},{each['id']}\n" for each in newest))
    return folder
