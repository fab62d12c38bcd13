# SPDX-License-Identifier: Apache-2.0
"""Keras: models described in JSON, alone, in a .keras archive, in HDF5 or in a SavedModel's metadata.

Loading imports the module and takes the attribute that the JSON names (CVE-2025-1550, -8747, -9906), runs marshalled Lambda
functions (CVE-2024-3660, CVE-2025-9905: HDF5 ignores safe_mode), reads vocabularies from any path (CVE-2025-12058), loads
torch pickles (CVE-2025-49655) and SavedModels (CVE-2026-1462).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipeline_guard.gate.model_format.place import leaves
from pipeline_guard.gate.model_format.strict_json import LARGEST, Pairs, load_at, objects
from pipeline_guard.gate.model_hazard import Doubt, Hazard, code
from pipeline_guard.gate.octets import Octets

_BEGIN = re.compile(rb'\{\s{0,8}"(?:[^"\\\0]|\\.){1,60}"\s{0,8}:')
_ROOMS = (
    "layers|models|optimizers|losses|metrics|initializers|regularizers|constraints|activations|dtype_policies|mixed_precision|"
    "quantizers|random|ops|saving|engine|backend|dtensor|feature_column"
)
_LIBRARY = re.compile(rf"(?:tensorflow\.(?:python\.)?)?(?:tf_)?keras(?:\.src|\.api(?:\._v[12])?)?(?:\.(?:{_ROOMS})(?:\.\w+)*)?")
_OTHER_LIBRARIES = re.compile(
    r"keras_(?:hub|nlp|cv|tuner|rs)(?:\.src)?(?:\.\w+)*|tensorflow_addons(?:\.\w+)+|tensorflow_probability(?:\.\w+)+|transformers\.models(?:\.\w+)+"
)
_TOOLS = re.compile(
    r"(?:get_file|extract_archive|serialize|deserialize|load_model|load_weights|enable_unsafe_deserialization|set_\w+|eval|exec|__(?!keras_tensor__|numpy__|tensor__|ellipsis__|tuple__)\w+)"
)
_RUNS = {
    "Lambda": "holds marshalled Python code",
    "__lambda__": "holds marshalled Python code",
    "TFSMLayer": "loads a SavedModel from a path of its choosing",
    "TorchModuleWrapper": "loads a pickle of PyTorch",
    "JaxLayer": "runs a function that was serialized",
    "FlaxLayer": "runs a function that was serialized",
}
_OWN_KEYS = {"module", "registered_name", "build_config", "compile_config", "backend", "keras_version"}
_MODELS = {"Sequential", "Functional", "Model"}
_FIX = (
    "build the model from source and load only its weights (model.save_weights, or safetensors); "
    "never set safe_mode=False; demand a signature with gate.artifacts"
)


def is_config(document: Any) -> bool:
    """Tell whether a JSON document describes a Keras model or layer: its outermost object says so in Keras's own words."""
    if not isinstance(document, Pairs):
        return False
    if document.get("model_config") is not None or document.get("keras_version") is not None:
        return True
    keys = {key for key, _ in document}
    names = [name for name in document.all("class_name") if isinstance(name, str)]
    if not names or "config" not in keys:
        return False
    return bool(keys & _OWN_KEYS) or any(name in _RUNS or name in _MODELS for name in names)


def inspect(document: Any) -> Iterator[Hazard | Doubt]:
    """Give everything that a description would import, run or read."""
    seen: set[str] = set()
    for entry in objects(document):
        for found in _entry(entry):
            if found.what not in seen and len(seen) < 100:
                seen.add(found.what)
                yield found


def within(content: Octets) -> Iterator[Hazard | Doubt]:
    """Look at every description in a file of another format: HDF5 and SavedModels hold it as one text."""
    position, size, tries = 0, len(content), 0
    work = 4 * size + LARGEST  # bytes that may be read as JSON in all
    while position < size:
        piece = content[position : position + 4 * 1024 * 1024]
        match = _BEGIN.search(piece)
        if match is None:
            position += max(len(piece) - 128, 128)
            continue
        begin = position + match.start()
        tries += 1
        position = begin + 1
        text = _text(content, begin)
        work -= len(text)
        if tries > 100_000 or work < 0:
            yield Doubt("too many texts in it that begin as JSON does")
            return
        try:
            document, end = load_at(text.decode("utf-8", "surrogateescape"), 0)
        except ValueError:
            if b'"class_name"' in text[:65536]:
                yield Doubt(f"the description of a model at byte {begin} that cannot be read")
            continue
        position = begin + max(end, 1)
        if any(entry.all("class_name") for entry in objects(document)):
            yield from inspect(document)


def _text(content: Octets, begin: int) -> bytes:
    """Return the bytes up to the next NUL, 16 MiB at most."""
    for length in (4096, 256 * 1024, 16 * 1024 * 1024):
        text = content[begin : begin + length]
        end = text.find(b"\0")
        if end >= 0 or len(text) < length:
            return text[:end] if end >= 0 else text
    return text


def _entry(entry: Pairs) -> Iterator[Hazard]:
    for name in entry.all("class_name"):
        if not isinstance(name, str):
            yield code("a class whose name is no text", fix=_FIX)
            continue
        last = name.rpartition(">")[2].rpartition(".")[2]
        if last in _RUNS:
            yield code(f"{last}, which {_RUNS[last]}", last, fix=_FIX)
        elif _TOOLS.fullmatch(last) or "." in name:
            yield code(f"the function {name[:80]!r} in place of a class", name, fix=_FIX)
        yield from _modules(entry, name)
        for config in entry.all("config"):
            yield from _vocabulary(name, config)
            if isinstance(config, str) and _TOOLS.fullmatch(config.rpartition(".")[2]):
                yield code(f"the function {config[:80]!r}", config, fix=_FIX)
    if any(value == "lambda" for key in ("function_type", "output_shape_type", "mask_type") for value in entry.all(key)):
        yield code("a Lambda layer, which holds marshalled Python code", "Lambda", fix=_FIX)


def _modules(entry: Pairs, name: str) -> Iterator[Hazard]:
    for module in [*entry.all("module"), *entry.all("fn_module")]:
        if module is None or (
            module == "builtins" and name in ("function", "tuple", "slice", "NoneType", "float", "int", "str", "ellipsis", "complex")
        ):
            continue
        if not isinstance(module, str) or not (_LIBRARY.fullmatch(module) or _OTHER_LIBRARIES.fullmatch(module)):
            yield code(f"imports {name[:60]} from the module {str(module)[:80]!r}", f"{module}.{name}", fix=_FIX)


def _vocabulary(name: str, config: Any) -> Iterator[Hazard]:
    if not isinstance(config, Pairs):
        return
    for key in ("vocabulary", "idf_weights", "filepath", "cache_dir", "origin", "path", "file_path"):
        for value in config.all(key):
            how = leaves(value) if isinstance(value, str) else ""
            if isinstance(value, str) and (how or (key == "vocabulary" and value)):
                yield code(f"{name[:60]} reads {key} from {value[:80]!r}{', which ' + how if how else ''}", name, fix=_FIX)
