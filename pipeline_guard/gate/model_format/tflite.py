# SPDX-License-Identifier: Apache-2.0
"""TensorFlow Lite: operators that a native library must bring, or that call TensorFlow's own. Schema: tflite/schema/schema.fbs."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.model_format.savedmodel import _WHY as RISKY
from pipeline_guard.gate.model_hazard import Doubt, Hazard, code, malformed
from pipeline_guard.gate.octets import Octets

_MOST = 10_000
_KNOWN = {"TFLite_Detection_PostProcess", "AudioSpectrogram", "Mfcc", "edgetpu-custom-op", "RFFT2D", "VarHandle"}
_FIX = "have the model converted again with TFLITE_BUILTINS alone, or name and sign the library that brings the operator"


def is_tflite(content: Octets, _name: str) -> bool:
    """Tell whether a file is one, by its identifier."""
    return content[4:8] == b"TFL3"


def inspect(content: Octets, _name: str) -> Iterator[Hazard | Doubt]:
    """Give every operator beyond the built-in ones."""
    try:
        names = _custom_codes(content)
    except (IndexError, ValueError):
        yield malformed("offsets that lead out of the file", fix=_FIX)
        return
    for name in dict.fromkeys(names):
        plain = name.removeprefix("Flex")
        if name.startswith("Flex"):
            if plain in RISKY:
                yield code(f"the operation {plain}, which {RISKY[plain]}", name, fix=_FIX)
        elif name and name not in _KNOWN:
            yield code(f"the operator {name[:60]!r}, which a native library must bring", name, fix=_FIX)


def _number(content: Octets, at: int, width: int, *, signed: bool = False) -> int:
    piece = content[at : at + width]
    if at < 0 or len(piece) < width:
        raise IndexError(at)
    return int.from_bytes(piece, "little", signed=signed)


def _member(content: Octets, table: int, index: int) -> int:
    """Return where a table's field lies, 0 where it is absent."""
    fields = table - _number(content, table, 4, signed=True)
    if 4 + 2 * index >= _number(content, fields, 2):
        return 0
    offset = _number(content, fields + 4 + 2 * index, 2)
    return table + offset if offset else 0


def _custom_codes(content: Octets) -> list[str]:
    codes = _member(content, _number(content, 0, 4), 1)
    if not codes:
        return []
    vector = codes + _number(content, codes, 4)
    count = _number(content, vector, 4)
    if count > _MOST:
        raise ValueError(count)
    found = []
    for index in range(count):
        entry = vector + 4 + 4 * index
        custom = _member(content, entry + _number(content, entry, 4), 1)
        if custom:
            text = custom + _number(content, custom, 4)
            length = _number(content, text, 4)
            if length > 1024:
                raise ValueError(length)
            found.append(content[text + 4 : text + 4 + length].decode("utf-8", "replace"))
    return found
