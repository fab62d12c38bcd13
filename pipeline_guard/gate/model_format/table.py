# SPDX-License-Identifier: Apache-2.0
"""Which reader looks at which file: content first, a name only where a format has no mark of its own."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator

from pipeline_guard.gate.model_format import (
    coreml,
    gguf,
    hdf5,
    jinja,
    markup,
    mlmodel,
    onnx,
    program,
    rds,
    safetensors,
    savedmodel,
    settings,
    skops,
    tflite,
)
from pipeline_guard.gate.model_format.strict_json import load
from pipeline_guard.gate.model_hazard import Doubt, Hazard
from pipeline_guard.gate.octets import Octets

_LARGEST_TEXT = 64 * 1024 * 1024
Reader = Callable[[Octets, str], Iterator[Hazard | Doubt]]
_BY_CONTENT: tuple[tuple[Callable[[Octets, str], bool], Reader], ...] = (
    (program.is_program, program.inspect),
    (lambda content, _name: content.startswith(b"GGUF"), gguf.inspect),
    (hdf5.is_hdf5, hdf5.inspect),
    (tflite.is_tflite, tflite.inspect),
    (safetensors.is_safetensors, safetensors.inspect),
    (rds.is_rds, rds.inspect),
    (onnx.is_onnx, onnx.inspect),
    (coreml.is_program, coreml.inspect),
    (savedmodel.is_graph, savedmodel.inspect),
    (markup.is_markup, markup.inspect),
    (lambda _content, name: posixpath.basename(name) == "mlmodel", mlmodel.inspect),
)


def reading(content: Octets, path: str) -> Iterator[Hazard | Doubt] | None:
    """Return what one file or member holds, read as the format that it is; None for what is no model of these."""
    name = path.lower()
    if not len(content):
        return None
    for matches, inspect in _BY_CONTENT:
        if matches(content, name):
            return inspect(content, name)
    if name.endswith(".jinja") and "chat_template" in name:
        return _text(content, jinja.inspect)
    if posixpath.basename(name) == "schema.json" and content.find(b'"__loader__"') >= 0:
        return _skops(content)
    return settings.inspect(content, name) if settings.may_be_settings(content, name) else None


def _text(content: Octets, inspect: Callable[[str], Iterator[Hazard | Doubt]]) -> Iterator[Hazard | Doubt]:
    if len(content) > _LARGEST_TEXT:
        yield Doubt("a text of more than 64 MiB")
        return
    yield from inspect(content[:].decode("utf-8", "replace"))


def _skops(content: Octets) -> Iterator[Hazard | Doubt]:
    try:
        document = load(content[:_LARGEST_TEXT].decode("utf-8"))
    except ValueError:
        yield Doubt("a skops schema that is no JSON")
        return
    if skops.is_schema(document):
        yield from skops.inspect(document)
