# SPDX-License-Identifier: Apache-2.0
"""Models in XML: OpenVINO networks and PMML. Read as text; nothing is expanded."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.model_hazard import Doubt, Hazard, code, malformed
from pipeline_guard.gate.octets import Octets

_LARGEST = 128 * 1024 * 1024
_ROOT = re.compile(rb"<\s*(net|PMML)\b[^>]{0,2000}>")
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)\b", re.IGNORECASE)
_EXTERNAL = re.compile(rb"<!(?:DOCTYPE|ENTITY)\b[^>]{0,1000}?\b(?:SYSTEM|PUBLIC)\b", re.IGNORECASE)
_LAYER = re.compile(rb"<\s*layer\b([^>]{0,4000})>")
_VERSION = re.compile(rb"\bversion\s*=\s*[\"']([^\"']{0,80})[\"']")
_KIND = re.compile(rb"\btype\s*=\s*[\"']([^\"']{0,80})[\"']")
_PLACE = re.compile(rb"\b(?:offset|size)\s*=\s*[\"']([^\"']{0,80})[\"']")
_FIX = "have the model converted again from one that you trust, without extensions"


def is_markup(content: Octets, name: str) -> bool:
    """Tell whether a file is a network or PMML, by its root."""
    if content[:1] not in (b"<", b"\xef", b"\xff", b"\xfe", b" ", b"\n") and not name.endswith(".pmml"):
        return False
    head = content[:8192]
    found = _ROOT.search(_plain(head))
    if found is None:
        return name.endswith(".pmml")
    return found[1] == b"PMML" or b"<layers" in _plain(content[:65536])


def _plain(content: bytes) -> bytes:
    """Return UTF-8 whatever the byte order mark says, so that another encoding hides nothing."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace").encode()
    return content


def inspect(content: Octets, _name: str) -> Iterator[Hazard | Doubt]:
    """Give entities, layers of unknown libraries, and places that overflow."""
    if len(content) > _LARGEST:
        yield Doubt("a model in XML of more than 128 MiB")
        return
    text = _plain(content[: len(content)])
    if b"\0" in text:
        yield Doubt("XML in an encoding that the gate does not read")
    if found := _EXTERNAL.search(text):
        yield code("an external entity: readers open the file or host that it names", "", found.start(), "take the DOCTYPE out")
    elif found := _DOCTYPE.search(text):
        yield malformed("a document type with entities, which no model needs", found.start(), "take the DOCTYPE out")
    seen: set[bytes] = set()
    for layer in _LAYER.finditer(text):
        version, kind = _VERSION.search(layer[1]), _KIND.search(layer[1])
        if version and not re.fullmatch(rb"opset\d{1,3}|experimental|ie_internal_opset", version[1]) and version[1] not in seen:
            seen.add(version[1])
            shown = (kind[1] if kind else b"").decode("utf-8", "replace")
            yield code(
                f"the layer {shown!r} of {version[1].decode('utf-8', 'replace')!r}, which a native extension must bring",
                shown,
                layer.start(),
                _FIX,
            )
    for place in _PLACE.finditer(text):
        if not place[1].isdigit() or len(place[1]) > 18:
            yield malformed(f"data at {place[1].decode('utf-8', 'replace')!r}", place.start(), _FIX)
            return
