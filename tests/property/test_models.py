# SPDX-License-Identifier: Apache-2.0
"""Readers of model formats under changed, cut and random bytes: no crash, no hang, and nothing planted becomes safe by being cut."""

from __future__ import annotations

import contextlib
import json
import zlib
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline_guard.gate.lz4 import Lz4Decompressor
from pipeline_guard.gate.model_file import ModelVerdict, inspect
from pipeline_guard.gate.model_format import jinja, torchscript
from pipeline_guard.gate.model_format.wire import Broken, Message
from tests.unit.gate.model_format.test_table import BAD, GOOD
from tests.unit.gate.models import field, keras

bounded = settings(max_examples=200, deadline=None)
SAMPLES = sorted([*GOOD.values(), *(sample for sample, _ in BAD.values())])
NAMES = [
    "m.onnx",
    "saved_model.pb",
    "m.gguf",
    "m.safetensors",
    "m.h5",
    "m.tflite",
    "m.rds",
    "config.json",
    "m.xml",
    "m.mlmodel",
    "m.pdmodel",
    "MLmodel",
    "m",
]
HEADS = [
    b"",
    b"GGUF\3\0\0\0",
    b"\x89HDF\r\n\x1a\n",
    b"\0\0\0\0TFL3",
    b"X\n\0\0\0\3\0",
    b"<net><layers",
    b"\x08\x01\x12",
    b"\x04\x22\x4d\x18\x60\x40\x82",
]


@bounded
@given(sample=st.sampled_from(SAMPLES), data=st.data())
def test_changed_models_never_crash_a_reader(sample: tuple[bytes, str], data: st.DataObject) -> None:
    content, path = bytearray(sample[0]), sample[1]
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    inspect(bytes(content[: data.draw(st.integers(0, len(content)))]), path)


@bounded
@given(head=st.sampled_from(HEADS), body=st.binary(max_size=200), path=st.sampled_from(NAMES))
def test_any_bytes_never_crash_a_reader(head: bytes, body: bytes, path: str) -> None:
    inspect(head + body, path)
    inspect(zlib.compress(head + body), path)


@bounded
@given(content=st.binary(max_size=100))
@example(content=b"\x0a" * 99)
def test_any_bytes_are_fields_or_broken(content: bytes) -> None:
    try:
        found = list(Message(content))
    except Broken:
        return
    assert all(item.begin <= item.end <= len(content) for item in found)


@bounded
@given(values=st.lists(st.tuples(st.integers(1, 500), st.binary(max_size=20) | st.integers(0, 2**63)), max_size=8))
def test_fields_are_read_as_they_were_written(values: list[tuple[int, bytes | int]]) -> None:
    content = b"".join(field(number, value) for number, value in values)
    found = [(item.number, content[item.begin : item.end] if item.wire == 2 else item.value) for item in Message(content)]
    assert found == values


@bounded
@given(chunks=st.lists(st.binary(max_size=50), max_size=6))
def test_any_bytes_are_a_frame_or_broken(chunks: list[bytes]) -> None:
    reader = Lz4Decompressor()
    with contextlib.suppress(ValueError):
        for chunk in [b"\x04\x22\x4d\x18\x60\x40\x82", *chunks]:
            if reader.eof:
                break
            assert len(reader.decompress(chunk, 1000)) < 10_000


@bounded
@given(
    text=st.lists(
        st.sampled_from(["{{", "}}", "{%", "%}", "__x__", ".", "attr", "|", "'", "_", " ", "\n", "include ", "cycler"]), max_size=20
    ).map("".join)
)
def test_any_template_and_script_is_read(text: str) -> None:
    assert len(list(jinja.inspect(text))) < 20
    list(torchscript.inspect(text))


trees = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**70) | st.text(max_size=6) | st.sampled_from(["Lambda", "keras", "../x", "a--b.C"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["class_name", "config", "module", "auto_map", "chat_template", "weight_map", "type", "path", "__loader__", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@bounded
@given(
    tree=trees, path=st.sampled_from(["config.json", "model_index.json", "modules.json", "a/model.safetensors.index.json", "schema.json"])
)
def test_settings_of_any_shape_are_read(tree: Any, path: str) -> None:
    inspect(json.dumps(tree).encode(), path)


@bounded
@given(wrap=st.lists(st.sampled_from(["layers", "config", "x"]), max_size=5), twin=st.booleans())
def test_a_lambda_is_found_however_deep_it_lies(wrap: list[str], twin: bool) -> None:
    planted: Any = {"class_name": "Lambda", "config": {}}
    for key in wrap:
        planted = {key: [planted]}
    text = keras(planted)
    if twin:
        text = text[:-1] + ', "config": {}}'
    found = inspect(text.encode(), "config.json")
    assert found is not None
    assert found.verdict is ModelVerdict.UNSAFE
