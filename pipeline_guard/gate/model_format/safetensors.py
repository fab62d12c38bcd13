# SPDX-License-Identifier: Apache-2.0
"""safetensors: a length, a JSON header, raw tensors. It holds no code; readers are led astray by what its format forbids.

Format: huggingface.co/docs/safetensors (8-byte little-endian length of at most 100 MB, header beginning with ``{``,
no gaps, no overlaps, no duplicate keys).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from pipeline_guard.gate.model_format.strict_json import LARGEST, Pairs, load
from pipeline_guard.gate.model_hazard import Doubt, Hazard, malformed
from pipeline_guard.gate.octets import Octets

_MOST = 100_000_000
# bits of one element
_WIDTHS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16,
    "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "F64": 64, "I64": 64, "U64": 64, "C64": 64,
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip
_FIX = "have the file written anew by the safetensors library from weights that you trust"


def is_safetensors(content: Octets, name: str) -> bool:
    """Tell whether a file is one: by its first bytes, or by its name."""
    if name.endswith(".safetensors"):
        return True
    return content[8:9] == b"{" and 2 <= int.from_bytes(content[:8], "little") <= _MOST and content[8:10] in (b'{"', b"{ ", b"{}")


def inspect(content: Octets, _name: str) -> Iterator[Hazard | Doubt]:
    """Give every breach of the format."""
    size = len(content)
    length = int.from_bytes(content[:8], "little")
    if size < 8 or length > size - 8:
        yield malformed(f"a header of {length} bytes in a file of {size}", fix=_FIX)
        return
    if length > min(_MOST, LARGEST):
        yield malformed(f"a header of {length} bytes, more than readers allow", fix=_FIX)
        return
    try:
        header = load(content[8 : 8 + length].decode())
    except ValueError:
        yield malformed("a header that is no JSON", 8, _FIX)
        return
    if not isinstance(header, Pairs) or content[8] != ord("{"):
        yield malformed("a header that is no JSON object", 8, _FIX)
        return
    yield from _tensors(header, size - 8 - length)


def _tensors(header: Pairs, available: int) -> Iterator[Hazard | Doubt]:
    for double in header.doubles()[:3]:
        yield malformed(f"two entries called {double[:60]!r}", 8, _FIX)
    spans: list[tuple[int, int, str]] = []
    for name, entry in header:
        if name == "__metadata__":
            if not isinstance(entry, Pairs) or not all(isinstance(value, str) for _, value in entry):
                yield malformed("metadata that are no texts", 8, _FIX)
            continue
        span = _span(entry)
        if isinstance(span, str):
            yield malformed(f"tensor {name[:60]!r}: {span}", 8, _FIX)
        else:
            spans.append((*span, name))
    spans.sort()
    position = 0
    for begin, end, name in spans:
        if begin != position:
            yield malformed(f"tensor {name[:60]!r} {'overlaps another' if begin < position else 'leaves a gap before it'}", 8, _FIX)
            return
        position = end
    if position != available:
        what = f"{available - position} bytes after the last tensor" if position < available else "tensors beyond the end of the file"
        yield malformed(what, 8, _FIX)


def _span(entry: Any) -> tuple[int, int] | str:
    """Return where a tensor lies, or what is wrong with its entry."""
    if not isinstance(entry, Pairs):
        return "no description"
    if entry.doubles() or any(key not in ("dtype", "shape", "data_offsets") for key, _ in entry):
        return "keys that do not belong there"
    kind, shape, offsets = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    if not isinstance(kind, str) or kind not in _WIDTHS:
        return "an unknown type of elements"
    for numbers in (shape, offsets):
        if not isinstance(numbers, list) or not all(type(number) is int and 0 <= number < 2**63 for number in numbers):
            return "a shape or offsets that are no numbers"
    if len(offsets) != 2 or len(shape) > 64:
        return "offsets that are not two, or too many dimensions"
    bits = math.prod(shape) * _WIDTHS[kind]
    if bits >= 2**66:
        return "a size that overflows"
    if bits % 8 or offsets[1] - offsets[0] != bits // 8:
        return f"{offsets[1] - offsets[0]} bytes for a shape of {bits // 8}"
    return offsets[0], offsets[1]
