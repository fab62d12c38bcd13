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

_COMMENT = re.compile(r"^#[^\x00-\x08\x0a-\x1f]*$", re.MULTILINE)
_TABLES = re.compile(r"^\[\[([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)\]\]$", re.MULTILINE)
_TABLE = re.compile(r"^\[([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)\]$", re.MULTILINE)
_KEY = re.compile(r"^([A-Za-z0-9_-]+) *= *", re.MULTILINE)
_INLINE_KEY = re.compile(r"([{,]) *([A-Za-z0-9_-]+) *= *")
_TRAILING = re.compile(r",\n( *)\]")
_BEYOND = ("\\", "'''", '"""', "\r", "\x7f")


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
    text = _COMMENT.sub("", text)
    text = _TABLES.sub(r'},{"[[":"\1"', text)
    text = _TABLE.sub(r'},{"[":"\1"', text)
    text = _KEY.sub(r',"\1":', text)
    text = _INLINE_KEY.sub(r'\1"\2":', text)
    text = _TRAILING.sub(r"\n\1]", text)
    found: list[dict[str, Any]] = json.loads(f'[{{"":0{text}}}]', object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_refuse)
    return found


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
