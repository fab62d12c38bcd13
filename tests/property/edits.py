# SPDX-License-Identifier: Apache-2.0
"""Every place of a JSON document, and the document with one of them changed."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*path, key)
        yield from places(child, (*path, key))


def edited(document: Any, path: tuple[Any, ...], edit: Any) -> bytes:
    document = copy.deepcopy(document)
    parent = document
    for step in path[:-1]:
        parent = parent[step]
    edit(parent, path[-1])
    return json.dumps(document).encode()
