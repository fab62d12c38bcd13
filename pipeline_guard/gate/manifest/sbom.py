# SPDX-License-Identifier: Apache-2.0
"""SBOMs of others, untrusted, as packages to look up: CycloneDX and SPDX as JSON. Hashes and relations are not read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.osv import lookup_name
from pipeline_guard.model.document import parse_json
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Ecosystem, Lock, Package

LIMIT = 64 * 1024 * 1024  # bytes
_HEAD = 4096  # bytes in which a document says what it is
_DEPTH = 32  # components in components
_NAME = re.compile(r"(?:.*/)?(?:[^/]*\.cdx\.json|[^/]*\.spdx\.json|s?bom\.json)")
_SAYS = re.compile(rb'"(?:bomFormat"\s*:\s*"CycloneDX|spdxVersion"\s*:\s*"SPDX-2)')
_PURL = re.compile(r'"(pkg:[^"\\]{1,2000})"')
_TYPES = {
    "pypi": Ecosystem.PYPI,
    "npm": Ecosystem.NPM,
    "golang": Ecosystem.GO,
    "cargo": Ecosystem.CRATES,
    "gem": Ecosystem.RUBYGEMS,
    "composer": Ecosystem.PACKAGIST,
    "nuget": Ecosystem.NUGET,
    "maven": Ecosystem.MAVEN,
    "hex": Ecosystem.HEX,
    "pub": Ecosystem.PUB,
    "swift": Ecosystem.SWIFT,
    "conda": Ecosystem.CONDA,
    "github": Ecosystem.ACTIONS,
}


def is_named(path: str) -> bool:
    """Tell whether a file is called like an SBOM."""
    return _NAME.fullmatch(path.lower()) is not None


def is_one(path: str, content: bytes) -> bool:
    """Tell whether a file is an SBOM, by its name or by what it says of itself."""
    return is_named(path) or (path.lower().endswith(".json") and _SAYS.search(content, 0, _HEAD) is not None)


def parse(content: bytes, path: str) -> Lock:
    """Read the packages that have a package URL of a known type. Raises UsageError for what is no SBOM."""
    document = parse_json(content, path, limit=LIMIT)
    if not isinstance(document, dict):
        raise UsageError(f"{path}: not an SBOM", "write CycloneDX or SPDX as JSON")
    if document.get("bomFormat") == "CycloneDX":
        kind, version, addresses = "CycloneDX", document.get("specVersion"), _components(document.get("components"), path, 0)
    elif isinstance(document.get("spdxVersion"), str):
        kind, version, addresses = "SPDX", document["spdxVersion"], _references(document.get("packages"))
    else:
        raise UsageError(f"{path}: neither CycloneDX nor SPDX 2", "write CycloneDX or SPDX 2.3 as JSON")
    lines = _lines(content.decode("utf-8-sig"))
    packages = tuple(package for address in addresses if (package := read_purl(address, Location(path, lines.get(address, 0)))))
    return Lock(path, kind, packages[0].ecosystem if packages else Ecosystem.PYPI, str(version)[:40], packages)


def read_purl(address: str, place: Location) -> Package | None:
    """Return the package that a package URL names, None for one of a type that nobody looks up."""
    bare = re.split(r"[?#]", address, maxsplit=1)[0]
    scheme, _, rest = bare.partition(":")
    kind, _, path = rest.lstrip("/").partition("/")
    ecosystem = _TYPES.get(kind.lower())
    if scheme.lower() != "pkg" or ecosystem is None:
        return None
    path, at, version = path.rpartition("@")
    if not at:
        path, version = version, ""
    parts = [unquote(part) for part in path.split("/") if part]
    name = (":" if ecosystem is Ecosystem.MAVEN else "/").join(parts)
    return Package(ecosystem, lookup_name(ecosystem, name), unquote(version), place) if name else None


def _components(value: Any, path: str, depth: int) -> Iterator[str]:
    if depth > _DEPTH:
        raise UsageError(f"{path}: components nested deeper than {_DEPTH} levels")
    for component in value if isinstance(value, list) else []:
        if isinstance(component, dict):
            if isinstance(component.get("purl"), str):
                yield component["purl"]
            yield from _components(component.get("components"), path, depth + 1)


def _references(value: Any) -> Iterator[str]:
    for package in value if isinstance(value, list) else []:
        references = package.get("externalRefs") if isinstance(package, dict) else None
        for reference in references if isinstance(references, list) else []:
            if (
                isinstance(reference, dict)
                and reference.get("referenceType") == "purl"
                and isinstance(reference.get("referenceLocator"), str)
            ):
                yield reference["referenceLocator"]


def _lines(text: str) -> dict[str, int]:
    """Return the line on which each package URL first stands."""
    found: dict[str, int] = {}
    line, at = 1, 0
    for match in _PURL.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        found.setdefault(match[1], line)
    return found
