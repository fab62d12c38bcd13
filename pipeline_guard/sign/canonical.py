# SPDX-License-Identifier: Apache-2.0
"""Canonical JSON (RFC 8785): the same value is always the same bytes. Integers only where every reader agrees on them."""

from __future__ import annotations

import math
from json.encoder import encode_basestring
from typing import Any

from pipeline_guard.errors import UsageError

_MAX_INTEGER = 2**53 - 1  # RFC 8785 section 3.2.2.3: numbers are IEEE 754 doubles
_HINT = "sign text in UTF-8, numbers that every reader keeps (RFC 8785), and no more levels than anybody can read"
_LITERALS = {True: "true", False: "false", None: "null"}


def canonical(value: Any) -> bytes:
    """Return the one encoding of ``value``. Raises UsageError for what has none: huge integers, infinities, unpaired surrogates."""
    try:
        return _encoded(value).encode("utf-8")
    except UnicodeEncodeError:
        raise UsageError("a text with unpaired surrogates has no canonical form", _HINT) from None
    except RecursionError:
        raise UsageError("a value is nested too deep to be signed", _HINT) from None


def _encoded(value: Any) -> str:
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise UsageError("a key that is not text has no canonical form", _HINT)
        # by UTF-16 code units (section 3.2.3); "surrogatepass": an unpaired surrogate must reach the encoder, which refuses it
        ordered = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{encode_basestring(key)}:{_encoded(value[key])}" for key in ordered) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_encoded, value)) + "]"
    if isinstance(value, bool) or value is None:
        return _LITERALS[value]
    if isinstance(value, int) and abs(value) <= _MAX_INTEGER:
        return int.__repr__(value)
    if isinstance(value, float) and math.isfinite(value):
        return _number(value)
    raise UsageError(f"a value of type {type(value).__name__} has no canonical form here", _HINT)


def _number(value: float) -> str:
    """Return a double as ECMAScript's Number::toString does (ECMA-262 section 6.1.6.1.20), which RFC 8785 demands."""
    if value == 0:
        return "0"
    mantissa, _, power = repr(abs(value)).partition("e")  # the shortest digits that come back as this double
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(power or 0) - (len(whole + fraction) - len(digits))  # how many digits stand before the point
    digits = digits.rstrip("0") or "0"
    if len(digits) <= point <= 21:
        text = digits + "0" * (point - len(digits))
    elif 0 < point <= 21:
        text = f"{digits[:point]}.{digits[point:]}"
    elif -6 < point <= 0:
        text = "0." + "0" * -point + digits
    else:
        text = f"{digits[0]}{'.' if len(digits) > 1 else ''}{digits[1:]}e{point - 1:+d}"
    return "-" + text if value < 0 else text
