# SPDX-License-Identifier: Apache-2.0
"""Core ML and PaddlePaddle programs: custom layers and operators. Schemas: coremltools/mlmodel/format, paddle/fluid/framework.proto."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.model_format.wire import Broken, Message
from pipeline_guard.gate.model_hazard import Doubt, Hazard, code
from pipeline_guard.gate.octets import Octets

_NETWORKS = (303, 403, 500)  # classifier, regressor and network of a Model
_RISKY = {
    "py_func": "calls a Python function",
    "load": "reads a file",
    "load_combine": "reads files",
    "save": "writes a file",
    "save_combine": "writes files",
}


def is_program(_content: Octets, name: str) -> bool:
    """Tell whether a file is one, by its name: neither has a mark of its own."""
    return name.endswith((".mlmodel", ".pdmodel"))


def inspect(content: Octets, name: str) -> Iterator[Hazard | Doubt]:
    """Give custom layers, custom models and operators that leave the program."""
    try:
        yield from _paddle(Message(content)) if name.endswith(".pdmodel") else _coreml(Message(content), 0)
    except Broken as broken:
        yield Doubt(f"a model that cannot be read: {broken}")


def _coreml(model: Message, depth: int) -> Iterator[Hazard | Doubt]:
    if depth > 8:
        raise Broken("more than 8 models in each other")
    for field in model:
        if field.wire != 2:
            continue
        inner = model.into(field)
        if field.number == 555:
            named = (inner.texts(10) or ["?"])[0]
            yield code(f"a custom model, the class {named[:60]!r} of the app", named, field.begin)
        elif field.number in _NETWORKS:
            for layer in inner.inside(1):
                for custom in layer.inside(500):
                    named = (custom.texts(10) or ["?"])[0]
                    yield code(f"a custom layer, the class {named[:60]!r} of the app", named, custom.begin)
        elif field.number in (200, 201, 202):  # pipelines
            for pipeline in (inner,) if field.number == 202 else tuple(inner.inside(1)):
                for part in pipeline.inside(1):
                    yield from _coreml(part, depth + 1)


def _paddle(program: Message) -> Iterator[Hazard | Doubt]:
    for block in program.inside(1):
        for operator in block.inside(4):
            kind = (operator.texts(3) or [""])[0]
            if kind in _RISKY:
                yield code(f"the operator {kind}, which {_RISKY[kind]}", kind, operator.begin)
