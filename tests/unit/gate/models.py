# SPDX-License-Identifier: Apache-2.0
"""Models of other formats than pickle for tests, put together byte by byte; none is ever loaded."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any


def safetensors(header: Any, body: bytes = bytes(8)) -> bytes:
    """Return a safetensors file; a text is taken for the header as it is."""
    encoded = (header if isinstance(header, str) else json.dumps(header)).encode()
    return struct.pack("<Q", len(encoded)) + encoded + body


def varint(number: int) -> bytes:
    """Return a number in protobuf's wire format."""
    made = bytearray()
    while number > 127:
        made.append(number & 127 | 128)
        number >>= 7
    return bytes([*made, number])


def field(number: int, value: bytes | str | int) -> bytes:
    """Return one field of a protobuf message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    content = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(content)) + content


def onnx(*graph: bytes, functions: bytes = b"") -> bytes:
    """Return an ONNX model around the fields of a graph."""
    return field(1, 8) + field(2, "maker") + field(7, b"".join(graph)) + field(8, field(1, "") + field(2, 17)) + functions


def external(location: str, **more: str) -> bytes:
    """Return an initializer whose data lie elsewhere."""
    entries = {"location": location, **more}
    return field(5, field(8, "w") + b"".join(field(13, field(1, key) + field(2, value)) for key, value in entries.items()) + field(14, 1))


def operator(kind: str, domain: str = "", *attributes: bytes) -> bytes:
    """Return a node of an ONNX graph."""
    return field(1, field(4, kind) + (field(7, domain) if domain else b"") + b"".join(field(5, attribute) for attribute in attributes))


def saved_model(operations: Sequence[str], function: Sequence[str] = (), name: str = "f", node: str = "n") -> bytes:
    """Return a SavedModel of one graph, with operations in it and in a function of its library."""
    nodes = b"".join(field(1, field(1, node) + field(2, operation)) for operation in operations)
    inner = b"".join(field(3, field(1, "m") + field(2, operation)) for operation in function)
    library = field(2, field(1, field(1, field(1, name)) + inner)) if function else b""
    return field(1, 1) + field(2, field(1, field(4, "serve")) + field(2, nodes + library))


def gguf(
    pairs: Sequence[tuple[str, int, Any]] = (), tensors: Sequence[tuple[str, Sequence[int], int, int]] = (), body: bytes = b""
) -> bytes:
    """Return a GGUF file, version 3: pairs of (key, type, value), tensors of (name, shape, type, offset)."""
    made = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs))
    for key, kind, value in pairs:
        made += _text(key) + struct.pack("<I", kind) + (_text(value) if kind == 8 else value if kind == 9 else struct.pack("<I", value))
    for name, shape, kind, offset in tensors:
        made += _text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)
    return made + bytes(-len(made) % 32) + body


def _text(word: str) -> bytes:
    return struct.pack("<Q", len(word.encode())) + word.encode()


def layer(class_name: str, config: Any = None, **more: Any) -> dict[str, Any]:
    """Return Keras's description of a layer."""
    return {"class_name": class_name, "config": config if config is not None else {"name": "x"}, **more}


def keras(*layers: Any) -> str:
    """Return the config.json of a .keras archive."""
    return json.dumps(layer("Sequential", {"name": "s", "layers": list(layers)}, module="keras", registered_name=None))


def hdf5(text: str = "", tail: bytes = b"") -> bytes:
    """Return bytes that begin as HDF5 does and hold one text as attributes are held."""
    return b"\x89HDF\r\n\x1a\n" + bytes(88) + text.encode() + bytes(8) + tail


def external_link(file: str, name: str = "link") -> bytes:
    """Return the message of a link into another HDF5 file."""
    value = b"\0" + file.encode() + b"\0/data\0"
    return b"\x01\x08\x40" + bytes([len(name)]) + name.encode() + struct.pack("<H", len(value)) + value


def tflite(*codes: str) -> bytes:
    """Return a flatbuffer whose operators have these names of their own."""
    made = bytearray(struct.pack("<I4s", 16, b"TFL3"))
    made += struct.pack("<4H", 8, 12, 4, 8)  # at 8: fields of the model: version at 4, operator codes at 8
    made += struct.pack("<iII", 16 - 8, 3, 4)  # at 16: the model; the vector follows at 28
    made[24:28] = struct.pack("<I", 28 - 24)
    made += struct.pack("<I", len(codes)) + bytes(4 * len(codes))
    for index, code in enumerate(codes):
        fields = len(made)
        made += struct.pack("<4H", 8, 8, 0, 4)
        table = len(made)
        made += struct.pack("<iI", table - fields, 4) + struct.pack("<I", len(code)) + code.encode() + b"\0"
        place = 32 + 4 * index
        made[place : place + 4] = struct.pack("<I", table - place)
    return bytes(made)


def rds(*items: bytes) -> bytes:
    """Return a serialized R object, version 3."""
    return b"X\n" + struct.pack(">iiii", 3, 0x40000, 0x30500, 5) + b"UTF-8" + b"".join(items)


def r_item(kind: int, body: bytes = b"", flags: int = 0) -> bytes:
    """Return one item of it."""
    return struct.pack(">i", kind | flags) + body
