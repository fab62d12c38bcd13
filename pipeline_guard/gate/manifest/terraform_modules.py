# SPDX-License-Identifier: Apache-2.0
"""Modules of Terraform and OpenTofu files as facts: their lock says nothing of them."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline_guard.gate.manifest.redirect_code import hcl, modules


@dataclass(frozen=True, slots=True)
class Module:
    """One module: its name, source as written, line, and whether a ``version`` stands beside it."""

    name: str
    source: str
    line: int
    versioned: bool


@dataclass(frozen=True, slots=True)
class ModuleUses:
    """What one file takes from elsewhere."""

    path: str
    modules: tuple[Module, ...] = ()


def parse(content: bytes, path: str) -> ModuleUses:
    """Read one file; raise UsageError for what is no text."""
    return ModuleUses(path, tuple(Module(*found) for found in modules(hcl(content, path))))
