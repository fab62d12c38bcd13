# SPDX-License-Identifier: Apache-2.0
"""Canonical JSON (RFC 8785) for the values we sign: no floats, integers only where every reader agrees on them."""

from __future__ import annotations

import json
from typing import Any

from pipeline_guard.errors import UsageError

_MAX_INTEGER = 2**53 - 1  # RFC 8785 section 3.2.2.3: numbers are IEEE 754 doubles


def canonical(value: Any) -> bytes:
    """Return the one encoding of ``value``. Raises UsageError for floats, huge integers and unpaired surrogates."""
    text = json.dumps(_ordered(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise UsageError("a text with unpaired surrogates has no canonical form") from None


def _ordered(value: Any) -> Any:
    """Sort the keys of every mapping by UTF-16 code units (RFC 8785 section 3.2.3), checking values on the way."""
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise UsageError("a key that is not text has no canonical form")
        # "surrogatepass": an unpaired surrogate must reach the encoder, which refuses it with our words
        return {key: _ordered(value[key]) for key in sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))}
    if isinstance(value, list | tuple):
        return [_ordered(element) for element in value]
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, int) and abs(value) <= _MAX_INTEGER:
        return value
    raise UsageError(f"a value of type {type(value).__name__} has no canonical form here")
