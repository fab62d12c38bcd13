# SPDX-License-Identifier: Apache-2.0
"""Which registry answers for an ecosystem."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pipeline_guard.adapters.http import is_safe
from pipeline_guard.errors import UsageError
from pipeline_guard.ports import Registry

_KINDS = {
    "PyPI": ("pypi", "PythonIndex"),
    "npm": ("npm", "NpmRegistry"),
    "crates.io": ("crates", "CargoIndex"),
    "RubyGems": ("rubygems", "GemServer"),
    "Packagist": ("packagist", "ComposerRepository"),
    "NuGet": ("nuget", "NugetFeed"),
    "Go": ("golang", "ChecksumDatabase"),
}


def open_registry(ecosystem: str, url: str) -> Registry:
    """Return the registry of an ecosystem at an address. Raises UsageError for one that we cannot ask."""
    if ecosystem not in _KINDS:
        raise UsageError(f"gate.lookup: nobody can be asked about {ecosystem[:40]!r}", f"one of: {', '.join(_KINDS)}")
    if not is_safe(url):
        raise UsageError(f"gate.lookup: {ecosystem}: not an address that is asked", "write https://HOST, without a name or password")
    module, name = _KINDS[ecosystem]
    maker: Any = getattr(import_module(f"pipeline_guard.adapters.registry.{module}"), name)
    registry: Registry = maker(url)
    return registry
