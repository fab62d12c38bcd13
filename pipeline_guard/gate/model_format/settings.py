# SPDX-License-Identifier: Apache-2.0
"""The JSON beside the weights: which Python files, classes and templates a loader takes from it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from pipeline_guard.gate.model_format import jinja, keras
from pipeline_guard.gate.model_format.place import leaves
from pipeline_guard.gate.model_format.strict_json import Pairs, load, objects
from pipeline_guard.gate.model_hazard import Doubt, Hazard, code
from pipeline_guard.gate.octets import Octets

_LARGEST = 32 * 1024 * 1024
_NAMES = (
    "config.json", "tokenizer_config.json", "model_index.json", "modules.json", "adapter_config.json", "processor_config.json",
    "preprocessor_config.json", "generation_config.json", "chat_template.json", "video_preprocessor_config.json", "special_tokens_map.json",
    "config_sentence_transformers.json", "modelcard.json",
)  # fmt: skip
_MARKS = (
    b'"auto_map"',
    b'"chat_template"',
    b'"custom_pipelines"',
    b'"trust_remote_code"',
    b'"class_name"',
    b'"weight_map"',
    b'"auto_mapping"',
)
_PIPELINE_LIBRARIES = {"diffusers", "transformers", "flax", "onnxruntime", "optimum", "peft", "k_diffusion", "stable_diffusion"}
_ADAPTED_LIBRARIES = re.compile(r"(?:transformers|diffusers|peft|sentence_transformers|torch\.nn|timm)(?:\.\w+)*")
_FIX = (
    "load it without trust_remote_code; where that code is needed, have it reviewed and packaged, "
    "pin it by commit (code_revision=...) and demand a signature with gate.artifacts"
)


def may_be_settings(content: Octets, name: str) -> bool:
    """Tell whether a file is JSON that a loader of models would read."""
    base = posixpath.basename(name)
    if base in _NAMES or base.endswith(".safetensors.index.json"):
        return True
    head = content[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not head.startswith((b"{", b"[")) or len(content) > _LARGEST:
        return False
    return any(content.find(mark) >= 0 for mark in _MARKS)


def inspect(content: Octets, name: str) -> Iterator[Hazard | Doubt] | None:
    """Return what it would run; None where it is no settings of a model after all."""
    base = posixpath.basename(name)
    if len(content) > _LARGEST:
        return iter([Doubt("settings of more than 32 MiB")]) if base in _NAMES else None
    try:
        document = load(content[:].decode("utf-8"))
    except ValueError as error:
        return iter([Doubt(f"settings that are no JSON ({str(error)[:60]})")]) if base in _NAMES and _says(content) else None
    if not _matters(document, base):
        return None
    return _look(document, base)


def _says(content: Octets) -> bool:
    return any(content.find(mark) >= 0 for mark in _MARKS)


def _matters(document: Any, base: str) -> bool:
    keys = {key for entry in objects(document) for key, _ in entry}
    wanted = {
        "auto_map",
        "chat_template",
        "custom_pipelines",
        "trust_remote_code",
        "weight_map",
        "auto_mapping",
        "_class_name",
        "model_type",
    }
    return bool(keys & wanted) or base == "modules.json" or keras.is_config(document)


def _look(document: Any, base: str) -> Iterator[Hazard | Doubt]:
    for entry in objects(document):
        for key, value in entry:
            yield from _key(key, value)
    if base == "model_index.json" and isinstance(document, Pairs):
        yield from _pipeline(document)
    if base == "modules.json" and isinstance(document, list):
        yield from _sentence_modules(document)
    if keras.is_config(document):
        yield from keras.inspect(document)


def _key(key: str, value: Any) -> Iterator[Hazard | Doubt]:
    if key in ("auto_map", "custom_pipelines") and value:
        named = value if isinstance(value, Pairs) else [(key, value)]
        for _, target in named:
            for one in target if isinstance(target, list) else [target]:
                if isinstance(one, str) and one:
                    where = "another repository" if "--" in one else "the model's folder"
                    yield code(f"{key}: {one[:100]!r} is Python code of {where}", one, fix=_FIX)
    elif key == "trust_remote_code" and value is True:
        yield code("trust_remote_code is switched on", key, fix=_FIX)
    elif key == "chat_template":
        for template in [value] if isinstance(value, str) else [v for e in objects(value) for v in e.all("template") if isinstance(v, str)]:
            yield from jinja.inspect(template)
    elif key == "weight_map" and isinstance(value, Pairs):
        for target in {str(target) for _, target in value}:
            if how := leaves(target):
                yield code(f"weights at {target[:100]!r}, which {how}", target)
    elif key == "auto_mapping" and isinstance(value, Pairs):
        library = value.get("parent_library")
        if isinstance(library, str) and not _ADAPTED_LIBRARIES.fullmatch(library):
            yield code(f"an adapter that imports {library[:80]!r}", library, fix=_FIX)


def _pipeline(document: Pairs) -> Iterator[Hazard]:
    for key, value in document:
        if key.startswith("_"):
            if key == "_class_name" and isinstance(value, list):
                yield code(f"a pipeline whose code lies in its folder: {str(value[0])[:80]!r}", str(value[0]), fix=_FIX)
        elif isinstance(value, list) and value and isinstance(value[0], str) and value[0].partition(".")[0] not in _PIPELINE_LIBRARIES:
            if re.fullmatch(r"[a-z_0-9]+", value[0]) and value[0] in ("stable_diffusion", "paint_by_example", "deepfloyd_if"):
                continue
            yield code(f"{key[:40]}: the module {value[0][:80]!r}", value[0], fix=_FIX)


def _sentence_modules(document: list[Any]) -> Iterator[Hazard]:
    for entry in document:
        if not isinstance(entry, Pairs):
            continue
        for kind in entry.all("type"):
            if isinstance(kind, str) and not re.fullmatch(r"sentence_transformers(\.\w+)+", kind):
                yield code(f"the class {kind[:80]!r}, imported by its name", kind, fix=_FIX)
        for path in entry.all("path"):
            if isinstance(path, str) and (how := leaves(path)):
                yield code(f"a module at {path[:80]!r}, which {how}", path, fix=_FIX)
