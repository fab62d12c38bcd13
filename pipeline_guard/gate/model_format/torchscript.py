# SPDX-License-Identifier: Apache-2.0
"""TorchScript: source text beside the tensors, compiled when loaded. Read for what leaves the language's own operators."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.model_hazard import Doubt, Hazard, code

_PATH = re.compile(r"(.*/)?code/(.*/)?[^/]+\.py")
_SPACES = {
    "aten", "prim", "prims", "quantized", "torchvision", "torchaudio", "inductor", "rngprims", "_c10d_functional", "c10d", "mkldnn",
    "mkldnn_prepacked", "prepacked", "cuda", "static_runtime", "sparse", "onednn", "xnnpack", "vulkan_prepack", "vulkan", "torchtext",
    "torch_sparse", "torch_scatter", "torch_cluster", "torch_spline_conv", "fbgemm", "internal", "torch",
}  # fmt: skip
_CALLS = (
    (re.compile(r"\b(?:torch|ops\.aten|torch\.ops\.aten)\.(from_file|save|load|_save|_load)\s*\("), "reads or writes a file"),
    (re.compile(r"\bops\.aten\.(get_gradients|_record_function_enter)\s*\("), "reaches beyond the graph"),
    (re.compile(r"\^(\w+)\s*\("), "calls a Python function"),
    (re.compile(r"\b(__import__|exec|eval|open|compile)\s*\("), "is no operator of TorchScript"),
)
_OPERATOR = re.compile(r"\b(?<![.\w])(?:torch\.)?ops\.(\w+)\.(\w+)")
_IMPORT = re.compile(r"^\s*(?:import|from)\s+(?!__torch__)([\w.]+)", re.MULTILINE)
_FIX = "have the model exported again from source that you trust, or have its weights saved as safetensors"


def is_script(path: str) -> bool:
    """Tell whether a member of an archive is TorchScript source."""
    return bool(_PATH.fullmatch(path))


def inspect(source: str) -> Iterator[Hazard | Doubt]:
    """Give every operator that leaves the graph."""
    seen: set[str] = set()
    for pattern, what in _CALLS:
        for match in pattern.finditer(source):
            if match[1] not in seen:
                seen.add(match[1])
                yield code(f"TorchScript that calls {match[1]}, which {what}", match[1], match.start(), _FIX)
    for match in _OPERATOR.finditer(source):
        if match[1] not in _SPACES and match[0] not in seen:
            seen.add(match[0])
            yield code(f"TorchScript that needs the operator {match[1]}::{match[2]} of a native library", match[0], match.start(), _FIX)
    for match in _IMPORT.finditer(source):
        yield code(f"TorchScript that imports {match[1][:60]}", match[1], match.start(), _FIX)
        return
