# SPDX-License-Identifier: Apache-2.0
"""The plain part of TOML that tools write into lock files, read faster than by ``tomllib``, which reads all the rest.

A text of one-line strings without escapes, numbers, arrays and inline tables becomes JSON by a few replacements, each of which is
anchored at the beginning of a line or between brackets, so that none can happen inside a string without making the JSON invalid.
Whatever is invalid goes to ``tomllib``: what is read here means the same there.
"""

from __future__ import annotations

import json
import re
from typing import Any

from pipeline_guard.gate.manifest.reading import read_toml

_BARE = r"[A-Za-z0-9_-]+"
# What a line may begin with: a comment, a table of several, a table, a key.
_NAME = rf"{_BARE}(?:\.{_BARE})*"
_LINE = re.compile(
    rf"^(?:#[^\x00-\x08\x0a-\x1f]*$|\[\[(?P<several>{_NAME})\]\]$|\[(?P<table>{_NAME})\]$|(?P<key>{_BARE}) *= *)", re.MULTILINE
)
_INLINE_KEY = re.compile(r"([{,]) *([A-Za-z0-9_-]+) *= *")
_TRAILING = re.compile(r",\n( *)\]")
_END = 65_536  # characters of both ends of a text, in which a spelling must be met for all of it to be searched
_BEYOND = ("\\", "'''", '"""', "\r", "\x7f")


# What the tools write most, replaced as plain text before the expressions look for the rest: it is the same replacement, without a call of
# Python for each. What begins with a line break cannot stand in a string, and the others put a quotation mark where none may be.
_COMMON = (
    *((f"\n[[{name}]]\n", f'\n}},{{"[[":"{name}"\n') for name in ("package", "packages")),
    *((f"\n{name} = ", f'\n,"{name}":') for name in ("name", "version", "source", "sdist", "wheels", "dependencies", "checksum", "files")),
    *((f"{{ {name} = ", f'{{"{name}":') for name in ("name", "url", "registry", "file")),
    *((f"{{{name} = ", f'{{"{name}":') for name in ("file", "name", "url")),
    *((f", {name} = ", f',"{name}":') for name in ("hash", "size", "upload-time", "version", "specifier", "marker", "source")),
)


class _Foreign(Exception):
    """Something that only the whole reader knows."""


def read_tables(text: str, path: str) -> dict[str, Any]:
    """Read a TOML document; raise UsageError for what is none."""
    plain = text.replace("\r\n", "\n")
    if not any(mark in plain for mark in _BEYOND):
        try:
            return _assemble(_as_json(plain))
        except (_Foreign, ValueError, RecursionError):
            pass  # the whole reader decides, and names the line
    return read_toml(text, path)


def _as_json(text: str) -> list[dict[str, Any]]:
    """Return the tables of a text in order, each with its name under "[" or "[[", which no bare key can be."""
    ends = text[:_END] + text[-_END:]
    for written, meant in _COMMON:
        if written in ends:
            text = text.replace(written, meant)
    text = _LINE.sub(_meaning, text)
    text = _INLINE_KEY.sub(r'\1"\2":', text)
    text = _TRAILING.sub(r"\n\1]", text)
    found: list[dict[str, Any]] = json.loads(f'[{{"":0{text}}}]', object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_refuse)
    return found


def _meaning(found: re.Match[str]) -> str:
    """Return what the beginning of a line means in JSON."""
    kind = found.lastgroup
    if kind == "key":
        return f',"{found[kind]}":'
    return f'}},{{"{"[[" if kind == "several" else "["}":"{found[kind]}"' if kind else ""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise _Foreign
    return table


def _refuse(_text: str) -> Any:
    raise _Foreign


def _assemble(tables: list[dict[str, Any]]) -> dict[str, Any]:
    root = tables[0]
    del root[""]
    for table in tables[1:]:
        several = "[[" in table
        *outer, last = table.pop("[[" if several else "[").split(".")
        node = root
        for part in outer:
            inner = node.setdefault(part, {})
            node = inner[-1] if isinstance(inner, list) and inner else inner
            if not isinstance(node, dict):
                raise _Foreign
        if several:
            listed = node.setdefault(last, [])
            if not isinstance(listed, list):
                raise _Foreign
            listed.append(table)
        elif last in node:
            raise _Foreign
        else:
            node[last] = table
    return root
