# SPDX-License-Identifier: Apache-2.0
"""Every format beside its attack: the ordinary file passes, the planted one is named, whatever the file is called."""

from __future__ import annotations

import gzip
import json
import struct

import pytest

from pipeline_guard.gate.model_file import ModelFacts, ModelVerdict, inspect
from tests.unit.gate.models import (
    external,
    external_link,
    field,
    gguf,
    hdf5,
    keras,
    layer,
    onnx,
    operator,
    r_item,
    rds,
    safetensors,
    saved_model,
    tflite,
)
from tests.unit.gate.pickles import gadget, packed, tensor_state

SAFE, UNSAFE, UNDECIDABLE = ModelVerdict.SAFE, ModelVerdict.UNSAFE, ModelVerdict.UNDECIDABLE


def facts(content: bytes, path: str) -> ModelFacts:
    found = inspect(content, path)
    assert found is not None
    return found


def said(found: ModelFacts) -> str:
    return " / ".join([hazard.what for hazard in found.hazards] + list(found.doubts))


TENSOR = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
TEMPLATE = (
    "{% for m in messages %}{{ '<|' + m['role'] + '|>' }}{{ m.content | trim }}{% if loop.last %}{{ eos_token }}{% endif %}{% endfor %}"
)
SYMBOL = r_item(1, r_item(9, struct.pack(">i", 1) + b"x"))
NUMBERS = r_item(14, struct.pack(">i", 2) + bytes(16))
NET = '<?xml version="1.0"?><net name="m" version="11"><layers><layer id="0" type="{}" version="{}"><data offset="0" size="8"/></layer></layers></net>'
GOOD: dict[str, tuple[bytes, str]] = {
    "safetensors": (safetensors({"__metadata__": {"format": "pt"}, "w": TENSOR}), "m.safetensors"),
    "safetensors by content": (safetensors({"w": TENSOR}), "weights"),
    "safetensors, empty tensor": (safetensors({"a": TENSOR, "b": {"dtype": "I8", "shape": [0], "data_offsets": [8, 8]}}), "m.safetensors"),
    "gguf": (gguf([("general.name", 8, "x"), ("tokenizer.chat_template", 8, TEMPLATE)], [("w", [4], 0, 0)], bytes(32)), "m.gguf"),
    "onnx": (onnx(operator("Add"), external("weights.bin", offset="0", length="8")), "m.onnx"),
    "onnx by content": (onnx(operator("Add")), "m.bin"),
    "onnx with a function of its own": (onnx(operator("F", "my.own"), functions=field(25, field(1, "F") + field(10, "my.own"))), "m.onnx"),
    "saved model": (saved_model(["MatMul", "RestoreV2"], ["SaveV2", "MergeV2Checkpoints"], "__inference__traced_save_12"), "saved_model.pb"),
    "keras config": (keras(layer("Dense", module="keras.layers", registered_name=None)).encode(), "config.json"),
    "keras of one's own": (keras(layer("Mine", registered_name="pkg>Mine")).encode(), "config.json"),
    "keras in an archive": (packed({"config.json": keras(layer("Dense")).encode(), "metadata.json": b"{}"}), "m.keras"),
    "hdf5": (hdf5(keras(layer("Dense"))), "m.h5"),
    "tflite": (tflite("", "TFLite_Detection_PostProcess"), "m.tflite"),
    "settings": (b'{"model_type": "bert", "architectures": ["BertModel"]}', "config.json"),
    "template": (json.dumps({"chat_template": TEMPLATE}).encode(), "tokenizer_config.json"),
    "template file": (TEMPLATE.encode(), "chat_template.jinja"),
    "index": (b'{"weight_map": {"a": "model-00001-of-00002.safetensors"}}', "model.safetensors.index.json"),
    "pipeline": (b'{"_class_name": "StableDiffusionPipeline", "vae": ["diffusers", "AutoencoderKL"], "safety": [null, null]}', "model_index.json"),
    "sentences": (b'[{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}]', "modules.json"),
    "openvino": (NET.format("Const", "opset1").encode(), "m.xml"),
    "pmml": (b'<?xml version="1.0"?><PMML version="4.4"><Header/></PMML>', "m.pmml"),
    "mlmodel": (b"flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n    model_path: model.pkl\n", "m/MLmodel"),
    "rds": (gzip.compress(rds(r_item(19, struct.pack(">i", 1) + NUMBERS))), "m.rds"),
    "rds with attributes": (rds(r_item(14, struct.pack(">i", 2) + bytes(16), 0x200), r_item(2, b"", 0x400), SYMBOL, NUMBERS, r_item(254)), "m.rds"),
    "coreml": (field(1, 4) + field(500, field(1, field(1, "layer"))), "m.mlmodel"),
    "paddle": (field(1, field(4, field(3, "mul"))), "m.pdmodel"),
    "skops": (packed({"schema.json": b'{"__class__": "LogisticRegression", "__module__": "sklearn.linear_model._logistic", "__loader__": "ObjectNode"}'}), "m.skops"),
    "torchscript": (packed({"m/data.pkl": tensor_state(), "m/code/__torch__.py": b"def forward(self, x):\n  return torch.add(x, ops.quantized.f(x))\n"}), "m.pt"),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_ordinary_model_passes(name: str) -> None:
    found = facts(*GOOD[name])
    assert found.verdict is SAFE, said(found)
    assert found.formats


def jinja(block: str) -> tuple[bytes, str]:
    return json.dumps({"chat_template": "{{ bos_token }}" + block}).encode(), "tokenizer_config.json"


LAMBDA = layer("Lambda", {"function": {"class_name": "__lambda__", "config": {"code": "4wEAAAA"}}})
BAD: dict[str, tuple[tuple[bytes, str], str]] = {
    "safetensors: header beyond the end": ((struct.pack("<Q", 900) + b"{}", "m.safetensors"), "header of 900 bytes"),
    "safetensors: huge header": ((struct.pack("<Q", 2**63) + b"{}", "m.safetensors"), "header of"),
    "safetensors: no JSON": ((safetensors("{nonsense"), "m.safetensors"), "no JSON"),
    "safetensors: deep JSON": ((safetensors('{"a":' + "[" * 100_000), "m.safetensors"), "no JSON"),
    "safetensors: a list": ((safetensors("[1]"), "m.safetensors"), "no JSON object"),
    "safetensors: overlap": ((safetensors({"a": TENSOR, "b": TENSOR}), "m.safetensors"), "overlaps"),
    "safetensors: gap": ((safetensors({"a": TENSOR, "b": {**TENSOR, "data_offsets": [9, 17]}}, bytes(17)), "m.safetensors"), "gap"),
    "safetensors: rest": ((safetensors({"a": TENSOR}, bytes(9)), "m.safetensors"), "1 bytes after the last tensor"),
    "safetensors: beyond": ((safetensors({"a": TENSOR}, bytes(7)), "m.safetensors"), "beyond the end"),
    "safetensors: wrong size": ((safetensors({"a": {**TENSOR, "shape": [3]}}), "m.safetensors"), "8 bytes for a shape of 12"),
    "safetensors: overflow": ((safetensors({"a": {**TENSOR, "shape": [2**40, 2**40]}}), "m.safetensors"), "overflows"),
    "safetensors: twice": ((safetensors('{"a": %s, "a": %s}' % ((json.dumps(TENSOR),) * 2)), "m.safetensors"), "two entries"),
    "safetensors: negative": ((safetensors({"a": {**TENSOR, "data_offsets": [-8, 0]}}), "m.safetensors"), "no numbers"),
    "safetensors: unknown type": ((safetensors({"a": {**TENSOR, "dtype": "O"}}), "m.safetensors"), "unknown type"),
    "safetensors: more keys": ((safetensors({"a": {**TENSOR, "x": 1}}), "m.safetensors"), "do not belong"),
    "gguf: template": ((gguf([("tokenizer.chat_template", 8, "{{ ().__class__.__base__ }}")]), "m.bin"), "chat template"),
    "gguf: named template": ((gguf([("tokenizer.chat_template.x", 8, "{{ x|attr('y') }}")]), "m.gguf"), "chat template"),
    "gguf: overflow": ((gguf([], [("w", [2**32, 2**32], 0, 0)]), "m.gguf"), "overflows"),
    "gguf: beyond": ((gguf([], [("w", [4], 0, 64)], bytes(32)), "m.gguf"), "beyond the end"),
    "gguf: many keys": ((b"GGUF" + struct.pack("<IQQ", 3, 0, 2**60), "m.gguf"), "announced"),
    "gguf: long text": ((b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 2**62), "m.gguf"), "a text of"),
    "gguf: twice": ((gguf([("a", 4, 1), ("a", 4, 1)]), "m.gguf"), "comes twice"),
    "gguf: alignment": ((gguf([("general.alignment", 4, 0)], [("w", [4], 0, 0)], bytes(32)), "m.gguf"), "alignment"),
    "gguf: long list": ((gguf([("a", 9, struct.pack("<IQ", 4, 2**60))]), "m.gguf"), "a list of"),
    "gguf: overlap": ((gguf([], [("a", [32], 0, 0), ("b", [4], 0, 32)], bytes(128)), "m.gguf"), "overlaps"),
    "onnx: traversal": ((onnx(external("../../etc/passwd")), "m.onnx"), "leads out"),
    "onnx: backslashes": ((onnx(external("..\\..\\x")), "m.onnx"), "leads out"),
    "onnx: absolute": ((onnx(external("/etc/passwd")), "m.onnx"), "absolute"),
    "onnx: in a branch": ((onnx(operator("If", "", field(6, external("/x")))), "m.onnx"), "absolute"),
    "onnx: in an attribute": ((onnx(operator("Constant", "", field(5, external("/x")[2:]))), "m.onnx"), "absolute"),
    "onnx: offset": ((onnx(external("x", offset="-1")), "m.onnx"), "offset is"),
    "onnx: other operators": ((onnx(operator("Evil", "my.own")), "m.dat"), "native library"),
    "saved model: reads": ((saved_model(["ReadFile"]), "saved_model.pb"), "ReadFile"),
    "saved model: another name": ((saved_model(["WriteFile"]), "model.bin"), "WriteFile"),
    "saved model: in a function": ((saved_model(["Add"], ["PyFunc"]), "saved_model.pb"), "PyFunc"),
    "saved model: deletes": ((saved_model(["MergeV2Checkpoints"]), "saved_model.pb"), "MergeV2Checkpoints"),
    "frozen graph": ((field(1, field(1, "n") + field(2, "EagerPyFunc")), "frozen.pb"), "EagerPyFunc"),
    "graph as text": ((b'node { name: "x" op: "WriteFile" }', "graph.pbtxt"), "WriteFile"),
    "keras: lambda": ((keras(LAMBDA).encode(), "config.json"), "marshalled"),
    "keras: lambda in an archive": ((packed({"config.json": keras(LAMBDA).encode()}), "m.keras"), "marshalled"),
    "keras: lambda behind a double": ((b'{"class_name": "Lambda", "class_name": "Dense", "config": {}}', "config.json"), "marshalled"),
    "keras: lambda in escapes": ((rb'{"class_\u006eame": "\u004cambda", "config": {}}', "config.json"), "marshalled"),
    "keras: module": ((keras(layer("system", module="os")).encode(), "config.json"), "module 'os'"),
    "keras: function": ((keras(layer("function", "get_file", module="keras.utils")).encode(), "config.json"), "get_file"),
    "keras: unsafe": ((keras(layer("enable_unsafe_deserialization", module="keras.config")).encode(), "config.json"), "in place of a class"),
    "keras: saved model": ((keras(layer("TFSMLayer", {"filepath": "/x"}, module="keras.layers")).encode(), "config.json"), "TFSMLayer"),
    "keras: torch": ((keras(layer("TorchModuleWrapper", module="keras.layers")).encode(), "config.json"), "pickle"),
    "keras: vocabulary": ((keras(layer("StringLookup", {"vocabulary": "/etc/passwd"})).encode(), "config.json"), "vocabulary"),
    "keras: module that begins well": ((keras(layer("x", module="keras_evil")).encode(), "config.json"), "keras_evil"),
    "hdf5: lambda": ((hdf5(keras(LAMBDA)), "m.h5"), "marshalled"),
    "hdf5: renamed, behind a user block": ((bytes(512) + hdf5(keras(LAMBDA)), "weights.bin"), "marshalled"),
    "hdf5: other file": ((hdf5("", external_link("/etc/passwd")), "m.h5"), "another file"),
    "tflite: custom": ((tflite("Evil"), "m.bin"), "native library"),
    "tflite: flex": ((tflite("FlexReadFile"), "m.tflite"), "ReadFile"),
    "tflite: broken": ((b"\xff\xff\xff\x7fTFL3" + bytes(20), "m.tflite"), "out of the file"),
    "settings: auto_map": ((b'{"auto_map": {"AutoModel": "modeling_x.XModel"}}', "config.json"), "Python code"),
    "settings: other repository": ((b'{"auto_map": {"AutoTokenizer": ["o/r--t.T", null]}}', "any.json"), "another repository"),
    "settings: trust": ((b'{"trust_remote_code": true, "a": 1}', "x.json"), "trust_remote_code"),
    "settings: pipelines": ((b'{"custom_pipelines": {"p": {"impl": "x.P"}}, "auto_map": "m.C"}', "config.json"), "m.C"),
    "settings: adapter": ((b'{"auto_mapping": {"base_model_class": "X", "parent_library": "os"}}', "adapter_config.json"), "imports 'os'"),
    "settings: index": ((b'{"weight_map": {"a": "../../x.safetensors"}}', "model.safetensors.index.json"), "leads out"),
    "settings: pipeline": ((b'{"_class_name": "P", "unet": ["my_unet", "U"]}', "model_index.json"), "my_unet"),
    "settings: sentences": ((b'[{"idx": 0, "path": "", "type": "os.system"}]', "modules.json"), "os.system"),
    "template: walk": (jinja("{{ messages.__class__ }}"), "chat template"),
    "template: subscript": (jinja("{{ x['__glo' ~ 'bals__'] }}"), "chat template"),
    "template: attr": (jinja("{{ x | attr('a') }}"), "chat template"),
    "template: cycler": (jinja("{{ cycler.x }}"), "chat template"),
    "template: escapes": (jinja(r"{{ x['\x5f\x5fclass'] }}"), "chat template"),
    "template: include": (jinja("{% include '/etc/passwd' %}"), "another template"),
    "template: not closed": (jinja("{{ x.__class__"), "chat template"),
    "template: list": ((json.dumps({"chat_template": [{"name": "d", "template": "{{ x.__y__ }}"}]}).encode(), "t.json"), "chat template"),
    "openvino: extension": ((NET.format("Evil", "extension").encode(), "m.xml"), "native extension"),
    "openvino: entity": ((b'<!DOCTYPE n [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + NET.format("Const", "opset1").encode(), "m.xml"), "external entity"),
    "openvino: size": ((NET.format("Const", "opset1").replace('size="8"', 'size="-8"').encode(), "m.xml"), "data at"),
    "openvino: utf-16": ((NET.format("Evil", "extension").encode("utf-16"), "m.xml"), "native extension"),
    "pmml: entities": ((b"<!DOCTYPE P [<!ENTITY a 'b'>]><PMML version='4'></PMML>", "m.pmml"), "entities"),
    "mlmodel: loader": ((b"flavors:\n  python_function:\n    loader_module: evil\n", "MLmodel"), "evil"),
    "mlmodel: code": ((b"flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n    code: code\n", "MLmodel"), "Python code"),
    "mlmodel: path": ((b"flavors:\n  f:\n    model_path: ../../x\n", "MLmodel"), "leads out"),
    "rds: promise": ((gzip.compress(rds(r_item(5), SYMBOL, NUMBERS)), "m.bin"), "promise"),
    "coreml: layer": ((field(1, 4) + field(500, field(1, field(500, field(10, "Evil")))), "m.mlmodel"), "custom layer"),
    "paddle: python": ((field(1, field(4, field(3, "py_func"))), "m.pdmodel"), "py_func"),
    "skops: class": ((packed({"schema.json": b'{"__class__": "system", "__module__": "os", "__loader__": "FunctionNode"}'}), "m.skops"), "os.system"),
    "skops: operator": ((packed({"schema.json": b'{"__class__": "attrgetter", "__module__": "operator", "__loader__": "OperatorFuncNode"}'}), "m"), "hides"),
    "torchscript: file": ((packed({"m/data.pkl": tensor_state(), "m/code/x.py": b"torch.from_file('/etc/passwd')"}), "m.pt"), "from_file"),
    "torchscript: operators": ((packed({"m/data.pkl": tensor_state(), "m/code/x.py": b"ops.evil.run(x)"}), "m.zip"), "native library"),
    "torchscript: python": ((packed({"m/data.pkl": tensor_state(), "m/code/x.py": b"a = ^f()(x)"}), "m.pt"), "Python function"),
    "program": ((b"\x7fELF" + bytes(60), "weights.gguf"), "Linux program"),
    "llamafile": ((b"MZqFpD='" + bytes(60), "m.llamafile"), "llamafile"),
    "script": ((b"#!/bin/sh\n", "m.pt"), "a script"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_planted_model_is_unsafe_and_says_why(name: str) -> None:
    (content, path), what = BAD[name]
    found = facts(content, path)
    assert found.verdict is UNSAFE, said(found)
    assert what in said(found)
    assert all(hazard.rule in ("model-code", "model-malformed") for hazard in found.hazards)


@pytest.mark.parametrize(
    ("content", "path", "why"),
    [
        (b"\xff" * 30, "m.onnx", "cannot be read"),
        (saved_model(["Add"])[:-3], "saved_model.pb", "cannot be read"),
        (b"GGUF\x09\0\0\0" + bytes(40), "m.gguf", "version 9"),
        (hdf5('{"class_name": "Sequential", "config": {"layers": [{"a'), "m.h5", "description"),
        (b'{"auto_map": {', "config.json", "no JSON"),
        (rds(r_item(99)), "m.rds", "unknown type 99"),
        (rds(r_item(19, struct.pack(">i", 5))), "m.rds", "ends early"),
        (packed({"schema.json": b'{"__class__": "x", "__loader__"'}), "m.skops", "no JSON"),
        (b'{"chat_template": "' + b"x" * 1_100_000 + b'"}', "tokenizer_config.json", "more than 1048576"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_undecidable(content: bytes, path: str, why: str) -> None:
    found = facts(content, path)
    assert found.verdict is UNDECIDABLE, said(found)
    assert why in said(found)


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (b'{"name": "x", "dependencies": {}}', "package.json"),
        (b'{"port": 8080}', "config.json"),
        (b'{"class_name": "app.Service", "config": {"port": 1}}', "services.json"),
        (b"<html><net></net></html>", "a.html"),
        (b"#!/bin/sh\n", "run.sh"),
        (b"\x7fELF" + bytes(60), "lib.so"),
        (b"def f(): open('x')\n", "code/x.py"),
        (packed({"code/x.py": b"open('x')"}), "x.zip"),
        (b"X\n\0\0\0\0", "x.txt"),
        (b"\x08\x01rest of something", "x.dat"),
    ],
)
def test_other_files_are_left_alone(content: bytes, path: str) -> None:
    assert inspect(content, path) is None


def test_pickle_within_bytes_of_no_known_format_is_found() -> None:
    found = facts(b"\x01\0\xfe" * 999 + gadget() + bytes(50), "weights.dat")
    assert [hazard.name for hazard in found.hazards] == ["builtins.eval"]
    assert inspect(b"\x01\0\xfe" * 999 + tensor_state() + bytes(50), "weights.dat") is None
