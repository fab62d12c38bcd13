# SPDX-License-Identifier: Apache-2.0
"""Batches that are passed over: what is found is what the walk finds opcode by opcode, as it goes through a file in pages."""

from __future__ import annotations

import pickle
import random
from typing import Any

import pytest

from pipeline_guard.gate.pickle_runs import LEAST, Batches
from pipeline_guard.gate.pickle_walk import Walk, walk
from tests.unit.gate.pickles import Calls, text
from tests.unit.gate.test_octets import window

PAD = [f"p{number}" for number in range(9_000)]  # fills the memo, and is enough to look for batches


def seen(done: Walk) -> tuple[Any, ...]:
    return done.dangers, done.end, done.why, done.calls, done.nested


def same(data: bytes) -> Walk:
    """Return the walk of bytes, which is that of a window on the same bytes; in a window nothing is passed over."""
    assert len(data) >= LEAST
    done = walk(data)
    assert seen(done) == seen(walk(window(data)))
    return done


SHARED = ["shared"]
ORDINARY: dict[str, Any] = {
    "vocabulary": {f"w{number}": number for number in range(9_000)},
    "texts": [f"text {number}" for number in range(9_000)],
    "other texts": [f"tëxt {number}" for number in range(9_000)],
    "tuples": [(number, str(number), {"x": number}) for number in range(2_500)],
    "records": [{"id": number, "name": f"n{number}", "v": number / 7} for number in range(2_500)],
    "rows": [[number, number + 1, None] for number in range(9_000)],
    "merges": {(f"a{number}", f"b{number}"): number for number in range(3_000)},
    "lists by name": {f"w{number}": [number, True] for number in range(9_000)},
    "memoized later": [[f"w{number}" for number in range(3_000)], [f"w{number}" for number in range(3_000)], SHARED, SHARED],
    "mixed": [value for number in range(3_000) for value in (number, str(number), (number,), [number], {"k": number}, b"x", 2**70)],
}


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_pickle_is_safe_either_way(name: str, protocol: int) -> None:
    data = pickle.dumps([PAD, ORDINARY[name], PAD[:3]], protocol)
    done = same(data)
    assert (done.dangers, done.why, done.end) == ((), "", len(data))


@pytest.mark.parametrize("name", ORDINARY)
def test_what_is_called_behind_batches_is_found(name: str) -> None:
    done = same(pickle.dumps([PAD, ORDINARY[name], Calls(eval, "1")], 4))
    assert [danger.name for danger in done.dangers] == ["builtins.eval"]


def test_names_that_were_memoized_in_a_batch_are_known_when_they_are_used() -> None:
    words = [f"w{number}" for number in range(9_000)]
    words[2_000], words[2_001] = "os", "system"
    data = pickle.dumps([PAD, words], 4)
    place = pickle_index(data, b"\x8c\x02os\x94")
    fetched = data[:-1] + b"j" + place.to_bytes(4, "little") + b"j" + (place + 1).to_bytes(4, "little") + b"\x93" + text("id") + b"\x85R0."
    assert "os.system" in {danger.name for danger in same(fetched).dangers}


def pickle_index(data: bytes, entry: bytes) -> int:
    """Return the memo's index of an entry: how many were memoized before it."""
    import pickletools

    count = 0
    for opcode, _, position in pickletools.genops(data):
        if position == data.index(entry):
            return count
        count += opcode.name == "MEMOIZE"
    return -1


def test_a_batch_that_fetches_what_is_not_there_is_not_passed_over() -> None:
    data = pickle.dumps([PAD, [f"w{number}" for number in range(3_000)]], 4)
    assert same(data[:-1] + b"jff\0\0\0.").why.startswith("memo ")


def test_hooks_in_a_batch_of_a_mapping_do_not_hide() -> None:
    names = {**{f"k{number}": 1 for number in range(3_000)}, "extend": Calls(eval, "1")}
    assert [danger.name for danger in same(pickle.dumps([PAD, names], 4)).dangers] == ["builtins.eval"]


def test_damaged_pickles_are_found_the_same_either_way() -> None:
    chance = random.Random(5)
    whole = pickle.dumps([PAD, list(ORDINARY.values())], 4)
    pieces = (
        b"h\xff",
        b"j\0\2\0\0",
        b"0",
        b"\x94",
        b"cos\nsystem\n0",
        b"q\5",
        b"r\5\2\0\0",
        b"2",
        b"(",
        b"1",
        b"\x93",
        b"e",
        b"u",
        b"s",
        b".",
    )
    for _ in range(8):
        data = bytearray(whole)
        for _ in range(3):
            place = chance.randrange(len(data))
            data[place : place + chance.randrange(2)] = chance.choice(pieces)
        same(bytes(data))


def test_reading_in_vain_is_bounded() -> None:
    """Every MARK begins what looks like a batch and is none."""
    data = (b"(" + b"K\1" * 3_000) * 200
    batches = Batches(data)
    ends = [batches.end(at, mapping=False) for at in range(0, len(data), 6_001)]
    assert not any(ends)
    assert batches.vain < 65536 + len(data) // 4 + 3 * 6_017
