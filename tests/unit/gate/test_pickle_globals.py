# SPDX-License-Identifier: Apache-2.0
"""Every known gadget is refused in every way to call it, and allowed names are refused in every way ordinary saves do not use them."""

from __future__ import annotations

import pickle
import sys

import pytest

from pipeline_guard.gate.model_file import ModelVerdict, inspect
from pipeline_guard.gate.pickle_globals import is_allowed
from pipeline_guard.gate.pickle_names import ALLOWED, CALLED
from pipeline_guard.gate.pickle_walk import walk
from tests.unit.gate.gadgets import PACKAGES, STANDARD, pairs
from tests.unit.gate.pickles import gadget, text

GADGETS = pairs(STANDARD) + pairs(PACKAGES)


def short(word: str) -> bytes:
    return b"\x8c" + bytes([len(word)]) + word.encode()


def call(module: str, name: str, *arguments: bytes) -> bytes:
    """Return a pickle of one call."""
    return b"\x80\x04" + short(module) + short(name) + b"\x93(" + b"".join(arguments) + b"tR."


def named(module: str, name: str) -> bytes:
    """Return a global in protocol 2."""
    return f"c{module}\n{name}\n".encode()


WAYS = {
    "reduce": lambda module, name: named(module, name) + b"(S'x'\ntR.",
    "inst": lambda module, name: f"(S'x'\ni{module}\n{name}\n.".encode(),
    "obj": lambda module, name: b"(" + named(module, name) + b"S'x'\no.",
    "newobj": lambda module, name: b"\x80\x02" + named(module, name) + text("x") + b"\x85\x81.",
    "newobj_ex": lambda module, name: b"\x80\x04" + named(module, name) + text("x") + b"\x85}\x92.",
    "stack global": lambda module, name: call(module, name, text("x")),
    "named alone": lambda module, name: b"\x80\x02]" + named(module, name) + b"a.",
    "as a factory": lambda module, name: b"\x80\x02ccollections\ndefaultdict\n" + named(module, name) + b"\x85R.",
    "in a partial": lambda module, name: b"\x80\x02cfunctools\npartial\n" + named(module, name) + b"\x85R.",
    "in a state": lambda module, name: b"\x80\x02cnumpy\npoly1d\n)\x81}" + text("f") + named(module, name) + b"sb.",
    "before a break": lambda module, name: named(module, name) + b"(S'x'\ntR\xff",
    "popped": lambda module, name: b"\x80\x02" + named(module, name) + b"0N.",
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_no_gadget_passes(way: str) -> None:
    passed = [f"{module}.{name}" for module, name in GADGETS if not walk(WAYS[way](module, name)).dangers]
    assert passed == []


def test_every_gadget_is_found_in_a_file_of_any_name() -> None:
    passed = [
        (module, name)
        for module, name in GADGETS
        for path in ("model.pt", "notes.txt")
        if (found := inspect(named(module, name) + b"(S'x'\ntR.", path)) is None or found.verdict is not ModelVerdict.UNSAFE
    ]
    assert passed == []


def test_allowed_names_of_the_standard_library_are_data_and_nothing_else() -> None:
    """A new one must be put here on purpose."""
    modules = {module for module in ALLOWED if module.partition(".")[0] in sys.stdlib_module_names}
    assert modules == {
        "_codecs", "argparse", "array", "builtins", "collections", "copyreg", "datetime", "decimal", "fractions", "functools",
        "ipaddress", "math", "pathlib", "pathlib._local", "random", "re", "statistics", "types", "typing", "uuid", "zoneinfo",
    }  # fmt: skip
    assert ALLOWED["functools"] == "partial"
    assert ALLOWED["types"] == "SimpleNamespace"
    assert ALLOWED["re"] == "_compile"
    assert ALLOWED["random"] == "Random"


def test_what_may_be_called_may_be_named() -> None:
    assert all(is_allowed(module, name) for module, names in CALLED.items() for name in names.split())


EVAL = named("builtins", "eval")
GETATTR = named("builtins", "getattr")
LOAD = named("torch.storage", "_load_from_bytes")
MEAN = named("numpy", "mean")


@pytest.mark.parametrize(
    "data",
    [
        call("lightgbm.basic", "Booster", short("/etc/passwd")),
        call("xgboost.core", "Booster", b"N", b")", short("https://h.example/x")),
        call("torch.nn.modules.linear", "Linear", b"K\x01", b"K\x01"),
        call("numpy", "mean", b"K\x01"),
        call("sklearn.metrics._classification", "f1_score", b"]", b"]"),
        call("builtins", "str", short("os")),
        call("re", "_compile", named("builtins", "str"), b"K\x00"),
        b"\x80\x02ccollections\ndefaultdict\n" + MEAN + b"\x85R.",
        b"\x80\x02ctorch._tensor\n_rebuild_from_type_v2\n(" + MEAN + named("torch", "Tensor") + b")NtR.",
        b"\x80\x02ccopyreg\n_reconstructor\n(" + named("numpy", "poly1d") + MEAN + b"NtR.",
        b"\x80\x02cpandas.core.indexes.base\n_new_Index\n" + named("functools", "partial") + b"}\x86R.",
        b"\x80\x02cnumpy.random._pickle\n__generator_ctor\n" + named("builtins", "set") + b"\x85R.",
        b"\x80\x02" + GETATTR + named("zoneinfo", "ZoneInfo") + text("__class__") + b"\x86R.",
        b"\x80\x02" + GETATTR + named("numpy", "ndarray") + text("_unpickle") + b"\x86R.",
        b"\x80\x02]" + GETATTR + b"a.",
        # called once as it may be, then used otherwise from the memo
        b"\x80\x02" + GETATTR + b"q\x00" + named("zoneinfo", "ZoneInfo") + text("_unpickle") + b"\x86R0]h\x00a.",
        b"\x80\x02" + GETATTR + b"2" + named("zoneinfo", "ZoneInfo") + text("_unpickle") + b"\x86R0.",
        b"\x80\x02" + GETATTR + b"q\x00" + named("zoneinfo", "ZoneInfo") + text("_unpickle") + b"\x86R0h\x00N\x85R.",
        b"\x80\x02cfunctools\npartial\n" + GETATTR + b"\x85R.",
        b"\x80\x02" + LOAD + text("x") + b"\x85R.",
        b"\x80\x02]" + LOAD + b"a.",
        b"\x80\x02" + named("functools", "partial") + MEAN + b"\x85R)R.",
        b"\x80\x02" + named("numpy", "poly1d") + b"}b.",
        b"\x80\x02" + MEAN + b"}" + text("__code__") + b"Nsb.",
        b"\x80\x02" + named("numpy", "ndarray") + b"Nb.",
    ],
)  # fmt: skip
def test_allowed_name_in_another_shape_is_a_danger(data: bytes) -> None:
    assert walk(data).dangers


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x02ccollections\ndefaultdict\nc__builtin__\nlist\n\x85R.",
        b"\x80\x02cfunctools\npartial\n" + MEAN + b"\x85R(" + MEAN + b")}Ntb.",
        b"\x80\x02" + GETATTR + named("zoneinfo", "ZoneInfo") + text("_unpickle") + b"\x86R" + text("UTC") + b"K\x01\x86R.",
        b"\x80\x02csklearn.ensemble.forest\nRandomForestClassifier\n)\x81}b.",
        b"\x80\x02csklearn.metrics._scorer\n_Scorer\n)\x81}" + text("f") + named("sklearn.metrics._classification", "f1_score") + b"sb.",
        b"\x80\x02c__torch__.m\nNet\n)\x81}b.",
        b"\x80\x02ctransformers.trainer_utils\nIntervalStrategy\n" + text("no") + b"\x85R.",
    ],
)
def test_ordinary_shapes_pass(data: bytes) -> None:
    found = walk(data)
    assert not found.dangers
    assert not found.why


def test_tensor_pickled_by_itself_is_looked_into() -> None:
    for inner, verdict in (
        (pickle.dumps([1]), ModelVerdict.SAFE),
        (gadget(), ModelVerdict.UNSAFE),
        (b"nonsense", ModelVerdict.UNDECIDABLE),
    ):
        data = b"\x80\x03" + LOAD + b"C" + bytes([len(inner)]) + inner + b"\x85R."
        found = inspect(data, "m.pkl")
        assert found is not None
        assert found.verdict is verdict, found


def test_tensors_within_tensors_end_somewhere() -> None:
    inner = gadget()
    for _ in range(8):
        inner = b"\x80\x03" + LOAD + b"B" + len(inner).to_bytes(4, "little") + inner + b"\x85R."
    found = inspect(inner, "m.pkl")
    assert found is not None
    assert found.verdict is ModelVerdict.UNDECIDABLE
