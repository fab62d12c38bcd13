# SPDX-License-Identifier: Apache-2.0
"""ONNX: tensors that lie in other files, and operators that need a library of somebody's. Schema: onnx/onnx.proto."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.model_format.place import leaves
from pipeline_guard.gate.model_format.wire import Broken, Message
from pipeline_guard.gate.model_hazard import Doubt, Hazard, code, malformed
from pipeline_guard.gate.octets import Octets

MAX_DEPTH = 40  # graphs in attributes of nodes
_OWN = {"", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview", "ai.onnx.preview.training"}
_VENDORS = ("com.microsoft", "org.pytorch.", "pkg.onnxscript.", "pkg.torch", "com.ms.")  # of ONNX Runtime and the exporters
_FIELDS = {1: 0, 2: 2, 3: 2, 4: 2, 5: 0, 6: 2, 7: 2, 8: 2, 14: 2, 20: 2, 25: 2, 26: 2}  # of a model: number, wire type
_FIX = "have the model saved in one file (onnx.save_model(model, FILE, save_as_external_data=False)), or its data beside it"


def is_onnx(content: Octets, name: str) -> bool:
    """Tell whether a file is a model: by name, or by every field of its outermost message."""
    if name.endswith(".onnx"):
        return True
    if not content.startswith((b"\x08", b"\x3a", b"\x42", b"\x12")):
        return False
    seen: set[int] = set()
    try:
        for field in Message(content, budget=[10_000]):
            if _FIELDS.get(field.number) != field.wire:
                return False
            seen.add(field.number)
    except Broken:
        return False
    return {1, 7} <= seen and 8 in seen


def inspect(content: Octets, _name: str) -> Iterator[Hazard | Doubt]:
    """Give every path and operator that leaves the file."""
    seen: set[str] = set()
    try:
        model = Message(content)
        functions = {(message.texts(10) or [""])[0] for message in model.inside(25)}
        for found in _model(model, functions):
            key = found.what if isinstance(found, Hazard) else found.why
            if key not in seen and len(seen) < 100:
                seen.add(key)
                yield found
    except Broken as broken:
        yield Doubt(f"an ONNX model that cannot be read: {broken}")


def _model(model: Message, functions: set[str]) -> Iterator[Hazard | Doubt]:
    for field in model:
        if field.wire != 2:
            continue
        if field.number == 7:
            yield from _graph(model.into(field), functions, 0)
        elif field.number == 25:  # a function of the model's own: its nodes lie in field 7, as attributes have graphs
            yield from _nodes(model.into(field), 7, functions, 0)
        elif field.number == 20:  # training: graphs in 1 and 2
            for graph in model.into(field).inside(1, 2):
                yield from _graph(graph, functions, 0)


def _graph(graph: Message, functions: set[str], depth: int) -> Iterator[Hazard | Doubt]:
    if depth > MAX_DEPTH:
        raise Broken(f"more than {MAX_DEPTH} graphs in each other")
    for field in graph:
        if field.wire != 2:
            continue
        if field.number == 5:
            yield from _tensor(graph.into(field))
        elif field.number == 15:
            for tensor in graph.into(field).inside(1, 2):
                yield from _tensor(tensor)
    yield from _nodes(graph, 1, functions, depth)


def _nodes(owner: Message, number: int, functions: set[str], depth: int) -> Iterator[Hazard | Doubt]:
    for node in owner.inside(number):
        domain = operator = ""
        for field in node:
            if field.number == 7:
                domain = node.text(field)
            elif field.number == 4:
                operator = node.text(field)
            elif field.number == 5 and field.wire == 2:
                yield from _attribute(node.into(field), functions, depth)
        if domain not in _OWN and domain not in functions and not domain.startswith(_VENDORS):
            what = f"the operator {operator[:60]!r} of {domain[:60]!r}, which a native library must bring"
            yield code(
                what,
                f"{domain}::{operator}",
                node.begin,
                "name the library to its users and have it signed, or export without the operator",
            )
        if domain == "com.microsoft" and operator in ("PyOp", "EPContext", "SnpeModel"):
            yield code(f"the operator {operator}, which runs what its attributes name", operator, node.begin)


def _attribute(attribute: Message, functions: set[str], depth: int) -> Iterator[Hazard | Doubt]:
    for field in attribute:
        if field.wire == 2 and field.number in (5, 10):
            yield from _tensor(attribute.into(field))
        elif field.wire == 2 and field.number in (22, 23):
            for tensor in attribute.into(field).inside(1, 2):
                yield from _tensor(tensor)
        elif field.wire == 2 and field.number in (6, 11):
            yield from _graph(attribute.into(field), functions, depth + 1)


def _tensor(tensor: Message) -> Iterator[Hazard | Doubt]:
    for field in tensor:
        if field.number != 13 or field.wire != 2:
            continue
        entry = tensor.into(field)
        key, value = (entry.texts(1) or [""])[-1], (entry.texts(2) or [""])[-1]
        how = leaves(value) if key == "location" else ""
        if how:
            yield code(f"data outside of the model: the path {value[:100]!r} {how}", value, field.begin, _FIX)
        elif key in ("offset", "length") and (not value.isdecimal() or len(value) > 18):
            yield malformed(f"external data whose {key} is {value[:40]!r}", field.begin, _FIX)
