# SPDX-License-Identifier: Apache-2.0
"""Values of GitHub's expressions and how one kind becomes another (docs.github.com, "Evaluate expressions").

A value is None, bool, float, str, list or dict; a dict's keys ignore case. Numbers are IEEE doubles, texts of them as in JavaScript.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

Value = Any  # None | bool | float | str | list | Mapping: recursive types help nobody here

_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|Infinity)", re.ASCII)
_PREFIXED = re.compile(r"0(?:x[0-9a-f]+|o[0-7]+|b[01]+)", re.IGNORECASE)
_BLANK = " \t\n\r\v\f\u00a0\ufeff\u2028\u2029"
_DOTLESS = "\u0131"  # whose upper case is another letter's: it stays as it is


class Filtered(list[Value]):
    """What ``*`` gives: an index goes to each of its elements."""


def is_primitive(value: Value) -> bool:
    """Tell whether a value is neither a list nor an object."""
    return not isinstance(value, (list, Mapping))


def truthy(value: Value) -> bool:
    """Tell whether a value counts as true: not null, false, 0, NaN or the empty text."""
    if isinstance(value, float):
        return value != 0 and not math.isnan(value)
    return True if not is_primitive(value) else bool(value)


def number(value: Value) -> float:
    """Return a value as a number: null and "" are 0, what is no number is NaN."""
    if value is None or isinstance(value, bool):
        return float(bool(value))
    if isinstance(value, (int, float)):
        return float(value)
    if not isinstance(value, str):
        return math.nan
    text = value.strip(_BLANK)
    if not text:
        return 0.0
    if _PREFIXED.fullmatch(text):
        return float(int(text, 0)) if len(text) < 200 else math.inf
    return float(text.replace("Infinity", "inf")) if _DECIMAL.fullmatch(text) else math.nan


def text(value: Value) -> str:
    """Return a value as a text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        value = float(value)
        # at most 15 decimals, as GitHub writes them
        return _digits(float(f"{value:.15f}") if abs(value) < 1e21 else value)
    if isinstance(value, str):
        return value
    return "Array" if isinstance(value, list) else "Object"


def _digits(value: float) -> str:
    """Return a number as JavaScript writes it."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "0"
    exact = Decimal(repr(value))
    if 1e-7 < abs(value) < 1e21 and exact.adjusted() >= -7:
        return format(exact.normalize(), "f")
    digits = "".join(map(str, exact.normalize().as_tuple().digits))
    sign = "-" if value < 0 else ""
    power = exact.adjusted()
    return f"{sign}{digits[0]}{'.' + digits[1:] if digits[1:] else ''}e{'+' if power >= 0 else '-'}{abs(power)}"


def upper(word: str) -> str:
    """Return a text without case, for comparisons."""
    return _DOTLESS.join(part.upper() for part in word.split(_DOTLESS))


def equal(left: Value, right: Value) -> bool:
    """Compare as ``==`` does: kinds are brought together, texts ignore case, lists and objects are equal to themselves alone."""
    left, right = _together(left, right)
    if left is None or right is None:
        return left is right
    if isinstance(left, str) and isinstance(right, str):
        return upper(left) == upper(right)
    if not is_primitive(left) or not is_primitive(right):
        return left is right
    return type(left) is type(right) and bool(left == right)


def less(left: Value, right: Value) -> bool:
    """Compare as ``<`` does; what cannot be compared is not less."""
    left, right = _together(left, right)
    if isinstance(left, str) and isinstance(right, str):
        return _units(upper(left)) < _units(upper(right))
    if isinstance(left, bool) and isinstance(right, bool):
        return not left and right
    return isinstance(left, float) and isinstance(right, float) and left < right


def _units(word: str) -> bytes:
    """Return UTF-16 code units, by which JavaScript orders."""
    return word.encode("utf-16-be", "surrogatepass")


def _together(left: Value, right: Value) -> tuple[Value, Value]:
    left, right = _plain(left), _plain(right)
    if _kind(left) == _kind(right):
        return left, right
    for one, other in ((left, right), (right, left)):
        if one is None or isinstance(one, bool):
            pair = number(one), other
            return _together(*(pair if one is left else pair[::-1]))
    if isinstance(left, float) and isinstance(right, str):
        return left, number(right)
    if isinstance(left, str) and isinstance(right, float):
        return number(left), right
    return left, right


def _plain(value: Value) -> Value:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _kind(value: Value) -> str:
    if isinstance(value, Mapping):
        return "object"
    return "list" if isinstance(value, list) else type(value).__name__


def look_up(owner: Mapping[str, Value], key: str) -> Value:
    """Return what an object has under a key in any case; None where it has nothing."""
    if key in owner:
        return owner[key]
    folded = key.lower()
    return next((value for known, value in owner.items() if known.lower() == folded), None)


def to_json(value: Value, depth: int = 0) -> str:
    """Write JSON with two blanks a level, as ``toJSON`` does."""
    pad = "\n" + "  " * (depth + 1)
    end = "\n" + "  " * depth
    if isinstance(value, Mapping) and value:
        pairs = (f"{json.dumps(key, ensure_ascii=False)}: {to_json(child, depth + 1)}" for key, child in value.items())
        return "{" + pad + f",{pad}".join(pairs) + end + "}"
    if isinstance(value, list) and value:
        return "[" + pad + f",{pad}".join(to_json(child, depth + 1) for child in value) + end + "]"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = float(value)
        return _digits(value) if math.isfinite(value) else "null"
    if isinstance(value, (list, Mapping)):
        return "[]" if isinstance(value, list) else "{}"
    return json.dumps(value, ensure_ascii=False)
