# SPDX-License-Identifier: Apache-2.0
"""A window on pages is bytes to every reader: the same verdict, whatever the size of a page."""

from __future__ import annotations

import random

import pytest

from pipeline_guard.gate import octets
from pipeline_guard.gate.model_file import inspect
from pipeline_guard.gate.octets import Pages, TooLong, Window, part_of
from tests.unit.gate.model_format.test_table import BAD, GOOD
from tests.unit.gate.pickles import gadget, joblib, packed, tensor_state, torch_zip


def window(content: bytes) -> Window:
    def read(buffer: memoryview, offset: int) -> int:
        piece = content[offset : offset + len(buffer)]
        buffer[: len(piece)] = piece
        return len(piece)

    return Window(Pages(len(content), read))


SAMPLES = {
    **GOOD,
    **{name: sample for name, (sample, _) in BAD.items()},
    "pickle": (gadget(), "m.pkl"),
    "torch": (torch_zip(tensor_state()), "m.pt"),
    "torch with a gadget": (torch_zip(gadget()), "m.pt"),
    "joblib": (joblib(bytes(32)), "m.joblib"),
    "zip in zip": (packed({"a.bin": torch_zip(gadget())}), "m.bin"),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_facts_are_the_same_through_a_window(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(octets, "_PAGE", 64)
    content, path = SAMPLES[name]
    assert inspect(window(content), path) == inspect(content, path)


def test_window_answers_like_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(octets, "_PAGE", 7)
    chance = random.Random(1)
    content = bytes(chance.choice(b"ab") for _ in range(200))
    view = window(content)
    for _ in range(2000):
        begin, end = chance.randint(-220, 220), chance.randint(-220, 220)
        assert view[begin:end] == content[begin:end]
        wanted = content[begin : begin + 9]
        low = chance.randint(0, 210)
        assert view.find(wanted, low) == content.find(wanted, low)
        assert view.find(wanted, low, low + 40) == content.find(wanted, low, low + 40)
        assert view.startswith(b"ab", low) == content.startswith(b"ab", low)
    part = part_of(view, 50, 90)
    assert (len(part), part[:], part[3], part[-1]) == (40, content[50:90], content[53], content[89])
    with pytest.raises(IndexError):
        part[40]


def test_a_piece_that_memory_should_not_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(octets, "LONGEST_SLICE", 10)
    with pytest.raises(TooLong):
        window(bytes(100))[:]
    found = inspect(window(gadget(4, lambda made: ["x" * 90, made])), "m.pkl")
    assert found is not None
