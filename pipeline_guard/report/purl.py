# SPDX-License-Identifier: Apache-2.0
"""Package URLs (purl specification), as SBOMs name packages."""

from __future__ import annotations

from urllib.parse import quote

from pipeline_guard.model.package import Ecosystem, Package

_TYPES = {
    Ecosystem.PYPI: "pypi",
    Ecosystem.NPM: "npm",
    Ecosystem.GO: "golang",
    Ecosystem.CRATES: "cargo",
    Ecosystem.RUBYGEMS: "gem",
    Ecosystem.PACKAGIST: "composer",
    Ecosystem.NUGET: "nuget",
    Ecosystem.MAVEN: "maven",
    Ecosystem.HEX: "hex",
    Ecosystem.PUB: "pub",
    Ecosystem.SWIFT: "swift",
    Ecosystem.CONDA: "conda",
    Ecosystem.ACTIONS: "github",
}
_LOWER = (Ecosystem.PYPI, Ecosystem.PACKAGIST, Ecosystem.HEX, Ecosystem.PUB, Ecosystem.ACTIONS)


def purl(package: Package) -> str:
    """Return the package URL; of the type "generic" where the specification has no type of its own."""
    name = package.name.removeprefix("https://").removesuffix(".git") if package.ecosystem is Ecosystem.SWIFT else package.name
    name = name.replace(":", "/") if package.ecosystem is Ecosystem.MAVEN else name
    name = name.lower() if package.ecosystem in _LOWER else name
    path = "/".join(quote(part, safe="._~-") for part in name.split("/") if part)
    version = f"@{quote(package.version, safe='._~-')}" if package.version else ""
    return f"pkg:{_TYPES.get(package.ecosystem, 'generic')}/{path}{version}"
