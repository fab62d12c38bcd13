# SPDX-License-Identifier: Apache-2.0
"""Modules of Terraform and OpenTofu files as facts: their lock says nothing of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline_guard.gate.manifest.redirect_code import block, hcl, modules

_VERSION = re.compile(r"^[ \t]*version\s*=\s*\S", re.MULTILINE)


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
    text = hcl(content, path)
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    found = []
    for name, source, line in modules(text):
        at = starts[line - 1]
        opening = text.rfind("{", 0, at)
        begin, end = block(text, opening + 1) if opening >= 0 else (at, at)
        found.append(Module(name, source, line, bool(_VERSION.search(text, begin, end))))
    return ModuleUses(path, tuple(found))
