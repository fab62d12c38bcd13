# SPDX-License-Identifier: Apache-2.0
"""Programs under the names of models: llamafile, and executables that a loader or a double click would start."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.model_hazard import Doubt, Hazard, code
from pipeline_guard.gate.octets import Octets

_MAGICS = {
    b"\x7fELF": "a Linux program or library", b"\xcf\xfa\xed\xfe": "a macOS program or library",
    b"\xfe\xed\xfa\xcf": "a macOS program or library", b"\xca\xfe\xba\xbe": "a macOS program or Java class", b"#!": "a script",
}  # fmt: skip
NAMES = (
    ".gguf", ".ggml", ".pt", ".pth", ".pt2", ".ptl", ".safetensors", ".onnx", ".h5", ".hdf5", ".keras", ".ckpt", ".pkl", ".pickle",
    ".joblib", ".dill", ".llamafile", ".tflite", ".npy", ".npz", ".pdparams", ".pdmodel", ".mlmodel", ".model", ".weights", ".skops",
)  # fmt: skip
_FIX = "take the program out; weights need none"


def is_program(content: Octets, name: str) -> bool:
    """Tell whether something called like a model is a program."""
    return name.endswith(NAMES) and bool(_kind(content))


def inspect(content: Octets, name: str) -> Iterator[Hazard | Doubt]:
    """Give what kind of program it is."""
    yield code(f"{_kind(content)}, called like a model", name, 0, _FIX)


def _kind(content: Octets) -> str:
    head = content[:64]
    if head.startswith((b"MZqFpD", b"jartsr")):
        return "a llamafile, which runs on every system"
    if head.startswith(b"MZ") and content[int.from_bytes(head[60:64], "little") :][:4] == b"PE\0\0":
        return "a Windows program"
    return next((kind for magic, kind in _MAGICS.items() if head.startswith(magic)), "")
