# SPDX-License-Identifier: Apache-2.0
"""Pickles for tests: gadgets made by the standard library, ordinary ones written opcode by opcode. None is ever loaded."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections.abc import Callable, Mapping
from typing import Any


class Calls:
    """Pickles as a call of ``function`` with ``arguments``."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self._call = (function, arguments)

    def __reduce__(self) -> Any:
        return self._call


def gadget(protocol: int = 4, wrapped: Callable[[Any], Any] = lambda made: made) -> bytes:
    """Return a pickle that would call eval."""
    return pickle.dumps(wrapped(Calls(eval, "1")), protocol=protocol)


def text(word: str) -> bytes:
    """Return BINUNICODE."""
    encoded = word.encode()
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def array(values: bytes = bytes(32), shape: int = 4) -> bytes:
    """Return what numpy writes for a float64 array at protocol 2 (without the number of the protocol)."""
    kind = b"cnumpy\ndtype\n" + text("f8") + b"\x89\x88\x87R(K\x03" + text("<") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    made = (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85c_codecs\nencode\n" + text("b") + text("latin1") + b"\x86R\x87R"
    )
    return made + b"(K\x01K" + bytes([shape]) + b"\x85" + kind + b"\x89B" + struct.pack("<I", len(values)) + values + b"tb"


def joblib(values: bytes, element: str = "f8", count: int = 4, padding: bytes | None = b"\xff" * 3) -> bytes:
    """Return what joblib writes for a dictionary of one array: its bytes follow the wrapper inside the stream."""
    kind = b"cnumpy\ndtype\n" + text(element) + b"\x89\x88\x87R"
    state = b"}(" + text("shape") + b"K" + bytes([count]) + b"\x85" + text("dtype") + kind + text("allow_mmap") + b"\x88"
    if padding is not None:
        state += text("numpy_array_alignment_bytes") + b"K\x10"
    filling = b"" if padding is None else bytes([len(padding)]) + padding
    wrapper = b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81" + state + b"ub"
    return b"\x80\x02}" + text("weights") + wrapper + filling + values + b"s."


def tensor_state() -> bytes:
    """Return the data.pkl of a torch checkpoint of one tensor."""
    storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu") + b"K\x04tQ"
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\x00(K\x02K\x02t(K\x02K\x01t\x89ccollections\nOrderedDict\n)RtR"
    return b"\x80\x02ccollections\nOrderedDict\n)R" + text("weight") + tensor + b"s."


def packed(members: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """Return a zip archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def torch_zip(data: bytes) -> bytes:
    """Return a torch.save archive around a data.pkl."""
    return packed({"net/data.pkl": data, "net/byteorder": b"little", "net/data/0": bytes(16), "net/version": b"3\n"})


def npy(header: str, body: bytes) -> bytes:
    """Return an npy file, format 1.0."""
    encoded = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(encoded)) + encoded + body
