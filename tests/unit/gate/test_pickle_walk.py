# SPDX-License-Identifier: Apache-2.0
"""The walker against real pickles: every gadget found, ordinary ones passed, nothing loaded."""

from __future__ import annotations

import datetime as dt
import decimal
import functools
import os
import pickle
import subprocess
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import pytest

from pipeline_guard.gate import pickle_walk
from pipeline_guard.gate.pickle_walk import Walk, walk
from tests.unit.gate.pickles import Calls, gadget, joblib, tensor_state, text
from tests.unit.gate.pickles import array as numpy_array
from tests.unit.gate.test_octets import window

PROTOCOLS = range(6)


def names(data: bytes) -> set[str]:
    return {danger.name for danger in walk(data).dangers}


def is_safe(done: Walk, data: bytes) -> bool:
    return not done.dangers and not done.why and done.end == len(data)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "wrap",
    [
        lambda made: made,
        lambda made: [1, {"a": (made,)}],
        lambda made: OrderedDict(a={"b": [made]}),
        lambda made: (made, made),
        lambda made: defaultdict(list, x=made),
    ],
    ids=["bare", "nested", "ordered", "shared", "default"],
)
def test_gadget_is_found_in_every_protocol_and_nesting(protocol: int, wrap: Callable[[Any], Any]) -> None:
    found = walk(gadget(protocol, wrap))
    assert [danger.name for danger in found.dangers] == ["__builtin__.eval" if protocol < 3 else "builtins.eval"]
    assert "calls" in found.dangers[0].what
    assert "known to run code" in found.dangers[0].what


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("function", [os.system, subprocess.Popen, exec, getattr, __import__, open, functools.reduce, print])
def test_any_callable_off_the_list_is_found(protocol: int, function: Callable[..., Any]) -> None:
    assert walk(pickle.dumps(Calls(function, "x"), protocol=protocol)).dangers


@pytest.mark.parametrize(
    "data",
    [
        b"cos\nsystem\n(S'true'\ntR.",
        b"(S'true'\nios\nsystem\n.",
        b"(cos\nsystem\nS'true'\no.",
        b"\x80\x02cos\nsystem\n" + text("true") + b"\x85R.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
        b"\x80\x04\x8c\x02os\x94\x8c\x06system\x9400h\x00h\x01\x93\x8c\x04true\x85R.",
        b"\x80\x04S'o\\x73'\nS'system'\n\x93\x8c\x04true\x85R.",
        b"\x80\x04U\x02os" + text("system") + b"\x93)\x81.",
        b"\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
        b"\x80\x02cos\nsystem\n" + text("true") + b"\x85}\x92.",
        b"Vo\\u0073\np0\n0Vsystem\np1\n0g0\ng1\n\x93(Vtrue\ntR.",
        b"\x80\x04cos\nsystem\n2\x8c\x04true\x85R.",
        b"\x80\x03cos\nsystem\n0N.",
    ],
)
def test_every_way_to_reach_a_global_is_followed(data: bytes) -> None:
    assert names(data) == {"os.system"}


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\x80\x02\x82\x01.", "extension registry"),
        (b"\x80\x02\x83\x01\x02.", "extension registry"),
        (b"\x80\x02\x84\x01\x02\x03\x04.", "extension registry"),
        (b"\x80\x02ccollections\nOrderedDict\n)R)R.", "it has computed"),
        (b"\x80\x02ccollections\nOrderedDict\n}b.", "changes collections.OrderedDict itself"),
        (b"\x80\x02ccollections\nOrderedDict\n" + text("a") + b"Ns.", "changes collections.OrderedDict itself"),
        (b"\x80\x02ccollections\nOrderedDict\nNa.", "changes collections.OrderedDict itself"),
        (b"\x80\x02c_codecs\nencode\n" + text("x") + text("zlib") + b"\x86R.", "other than ordinary models do"),
        (b"\x80\x02cbuiltins\nstr\n" + text("os") + b"\x85R.", "only name"),
        (b"\x80\x04" + b"ccollections\nOrderedDict\n)R\x8c\x01x\x93.", "computed"),
        (b"\x80\x04\x8c\x02os\x8d" + (600).to_bytes(8, "little") + b"x" * 600 + b"\x93.", "computed"),
        (b"\x80\x04\x8c\x0bcollections\x8c\x14OrderedDict.fromkeys\x93.", "fetches collections.OrderedDict.fromkeys"),
    ],
)
def test_tricks_that_no_ordinary_model_needs_are_dangers(data: bytes, what: str) -> None:
    assert any(what in danger.what for danger in walk(data).dangers), walk(data)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_ordinary_values_are_safe(protocol: int) -> None:
    value = {
        "n": [None, True, False, 0, -1, 255, 65536, 2**70, -(2**70), 1.5, float("inf")],
        "t": ["", "ä", "x" * 300, "y" * 70_000, "line\nbreak\\", b"", b"x" * 300, bytearray(b"z")],
        "c": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), {1, 2}, frozenset({3}), OrderedDict(a=1), Counter("aab"), deque([1])],
        "d": [dt.datetime(2026, 1, 2, tzinfo=dt.UTC), dt.timedelta(1), decimal.Decimal("1.5"), Fraction(1, 3)],
        "u": [UUID(int=1), PurePosixPath("a/b"), defaultdict(list, a=[1]), 1j, range(3), slice(1, 2)],
    }
    data = pickle.dumps([value, value], protocol=protocol)
    assert is_safe(walk(data), data), walk(data)


def test_an_endless_structure_is_safe() -> None:
    loop: list[Any] = []
    loop.append(loop)
    data = pickle.dumps(loop)
    assert is_safe(walk(data), data)


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x02" + numpy_array() + b".",
        tensor_state(),
        joblib(bytes(range(32))),
        joblib(b"cos\nsy\nstem\n" + bytes(20)),
        joblib(pickle.dumps(["a", None]), "O8", padding=None),
        b"\x80\x02csklearn.linear_model._base\nLinearRegression\n)\x81}" + text("coef_") + numpy_array() + b"sb.",
        b"\x80\x02cpandas.core.indexes.base\n_new_Index\ncpandas.core.indexes.base\nIndex\n}\x86R.",
    ],
    ids=["numpy", "torch", "joblib", "joblib-odd-bytes", "joblib-objects", "sklearn", "pandas"],
)
def test_ordinary_shapes_of_frameworks_are_safe(data: bytes) -> None:
    assert is_safe(walk(data), data), walk(data)


def test_a_gadget_in_an_array_of_objects_is_found() -> None:
    assert names(joblib(gadget(2), "O8", padding=None)) == {"__builtin__.eval"}


def test_array_bytes_that_another_loader_would_run_are_found() -> None:
    code = b"os\nsystem\n(S'x'\ntR."
    # pickle.load takes the length byte of the padding for the opcode c
    assert names(joblib(bytes(32), padding=code.ljust(ord("c"), b"\0"))) == {"os.system"}
    assert names(joblib((b"c" + code).ljust(32, b"\0"), padding=None)) == {"os.system"}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "ends before"),
        (b"\x80\x02", "ends before"),
        (b"\x80\x06N.", "protocol 6"),
        (b"\x80\x02\xff.", "unknown opcode 0xff at byte 2"),
        (b"\x80\x02.", "the stack is empty"),
        (b"\x80\x02h\x05.", "memo 5 is not set"),
        (b"\x80\x02t.", "no mark"),
        (b"\x80\x02(0N0.", "the stack is empty"),
        (b"\x80\x02NQ.", "unknown persistent id"),
        (b"Pabc\n.", "unknown persistent id"),
        (b"\x80\x02NNR.", "cannot be called"),
        (b"\x80\x02NN\x93.", "no text"),
        (b"I12x\n.", "not a number"),
        (b"Sabc\n.", "without its quotes"),
        (b"\x80\x02X\xff\xff\xff\x7fabc.", "ends before"),
        (b"\x80\x02X\x02\x00\x00\x00\xff\xff.", "does not decode"),
        (b"\x80\x02}(Nu.", "without a value"),
        (b"\x80\x02(o.", "without a class"),
        (b"L" + b"9" * 5000 + b"L\n.", "not a number"),
        (joblib(bytes(10)), "within an array"),
        (joblib(bytes(32), "V8"), "unknown type"),
        (joblib(bytes(32)).replace(text("shape"), text("shapf")), "unknown size"),
    ],
)
def test_what_cannot_be_followed_says_why_and_is_not_safe(data: bytes, why: str) -> None:
    assert why in walk(data).why


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_cut_makes_a_gadget_safe(protocol: int) -> None:
    data = gadget(protocol, lambda made: {"k": [made, b"x" * 40]})
    found = [bool(walk(data[:length]).dangers) for length in range(len(data) + 1)]
    assert all(walk(data[:length]).why for length in range(len(data)))
    assert found == sorted(found)  # once seen, a gadget stays seen
    assert found[-1]


def test_marks_without_end_are_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickle_walk, "_MOST_MARKS", 100)
    assert "marks" in walk(b"(" * 200 + b".").why


def test_a_budget_ends_the_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickle_walk, "MAX_OPERATIONS", 100)
    assert "more than 175 operations" in walk(b"\x80\x02" + b"N0" * 149 + b"N.").why


def test_a_bomb_of_references_takes_no_time() -> None:
    data = b"\x80\x02" + text("x") + b"".join(b"2\x86" for _ in range(100_000)) + b"."
    assert is_safe(walk(data), data)


def test_the_offset_names_the_opcode_that_fetches() -> None:
    data = b"\x80\x02]q\x00cos\nsystem\nq\x01" + text("true") + b"\x85Ra."
    (danger,) = walk(data).dangers
    assert data[danger.offset :].startswith(b"cos\nsystem")


@pytest.mark.parametrize("number", [0, 1, 23, 24, 25, 48, 1000, 8191, 8192, 8193, 8216])
@pytest.mark.parametrize("code", [b"G" + bytes(8), b"J\0\0\0\x80", b"K\1", b"M\0\1", b"N", b"\x88"])
def test_runs_of_numbers_are_walked_as_one_by_one(code: bytes, number: int) -> None:
    for before in (b"", b"K\1N", code[:1] * 3 if len(code) == 1 else code):
        for behind in (b"e.", b"t.", b"cos\nsystem\n(tRe.", b"c"):
            data = b"\x80\x02](" + before + code * number + behind
            fast, slow = walk(data), walk(window(data))
            for part in ("why", "dangers", "end", "operations", "calls"):
                assert getattr(fast, part) == getattr(slow, part)
