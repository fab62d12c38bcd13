# SPDX-License-Identifier: Apache-2.0
"""Readers of stored bytes on any bytes: no exception, bounded output, every place within the file."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_guard.model.limits import Limits
from pipeline_guard.model.verdict import Unchecked
from pipeline_guard.scan import plausible
from pipeline_guard.scan.decode import OverLimit, decoded
from pipeline_guard.scan.encoding import sniff
from pipeline_guard.scan.fragment import Fragment
from pipeline_guard.scan.lines import Lines
from pipeline_guard.scan.read import fragments
from tests.fakes.stored import FORMATS

SMALL = Limits(unpacked=2_000_000, member=500_000, members=200, decoded=1_000_000)
SAMPLES = [(path, make("k=AbCdEf0123456789AbCdEf0123456789")) for path, make, _ in FORMATS.values()]
NAMES = st.sampled_from(sorted({path for path, _ in SAMPLES}))


def check(path: str, data: bytes) -> list[Fragment]:
    """Read a file; every text of it must be bounded and must lead back into the file."""
    found: list[Fragment] = []
    size = 0
    for one in fragments(path, data, SMALL):
        if isinstance(one, Unchecked):
            assert one.what.startswith(path)
            assert one.why
            continue
        found.append(one)
        size += len(one.data)
        page = data if one.page is None else one.page.data
        for start, end in ((0, len(one.data)), (len(one.data) // 3, len(one.data) // 2 + 1), (len(one.data) - 1, len(one.data))):
            if 0 <= start < end <= len(one.data) and (span := one.stored(start, end)) is not None:
                assert 0 <= span[0] <= span[1] <= len(page), (one.decoded_from, span, len(page))
        if one.page is not None and one.page.extent is not None:
            assert 0 <= one.page.extent[0] <= one.page.extent[1] <= len(data)
    assert size <= 12 * len(data) + 8 * (SMALL.unpacked + SMALL.decoded)
    return found


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=600), NAMES)
def test_any_bytes_are_read(data: bytes, path: str) -> None:
    check(path, data)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(SAMPLES), st.data())
def test_damaged_files_of_every_format_are_read(sample: tuple[str, bytes], draw: st.DataObject) -> None:
    path, whole = sample
    data = bytearray(whole)
    for _ in range(draw.draw(st.integers(1, 4))):
        place = draw.draw(st.integers(0, len(data)))
        kind = draw.draw(st.sampled_from(("set", "cut", "insert", "drop", "number")))
        if kind == "set" and place < len(data):
            data[place] = draw.draw(st.integers(0, 255))
        elif kind == "number":
            data[place : place + 4] = draw.draw(st.sampled_from((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f", b"\1\0\0\0")))
        elif kind == "cut":
            del data[place:]
        elif kind == "insert":
            data[place:place] = draw.draw(st.binary(max_size=20))
        else:
            del data[place : place + draw.draw(st.integers(1, 30))]
    check(path, bytes(data))


ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "base64": base64.b64encode,
    "url": lambda text: base64.urlsafe_b64encode(text).rstrip(b"="),
    "lines": lambda text: b"\n" + base64.encodebytes(text) + b"\n",
    "hex": lambda text: text.hex().encode(),
    "percent": lambda text: b"".join(b"%%%02X" % byte for byte in text),
    "unicode": lambda text: b"".join(b"\\u%04x" % byte for byte in text),
    "escape": lambda text: b"".join(b"\\x%02x" % byte for byte in text),
    "html": lambda text: b"".join(b"&#%d;" % byte for byte in text),
    "gzip": lambda text: base64.b64encode(gzip.compress(text)),
}
SECRET = b"the-value-that-is-hidden-0123456789"


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(sorted(ENCODERS)), min_size=1, max_size=3), st.text(" abcXYZ=:", max_size=30), st.text(" abc\n", max_size=40)
)
def test_whatever_is_encoded_is_decoded_and_leads_back(chain: list[str], before: str, around: str) -> None:
    text = before.encode() + SECRET
    for name in chain:
        text = b"x = " + ENCODERS[name](text) + b" "
    data = f"{around}\n".encode() + text + f"\n{around}".encode()
    holding = [one for one in check("a.txt", data) if SECRET in one.data]
    assert holding, chain
    place = holding[0].data.index(SECRET)
    span = holding[0].stored(place, place + len(SECRET))
    assert span is not None
    outside = len(around) + 1
    assert outside <= span[0] < span[1] <= outside + len(text)


def test_spots_are_the_same_without_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = plausible._Gate(plausible.KINDS)
    engine._seen = plausible.COMPILE_FROM
    texts = [data for _, data in SAMPLES] + [b" ".join(data for _, data in SAMPLES)]
    for text in texts:
        by_engine = engine.spots(text)
        assert engine._database, "the engine is installed here"
        by_python = {kind for kind in plausible.KINDS if plausible._found(kind, text)}
        assert set(by_engine) == by_python
        for kind, ends in by_engine.items():
            one = [match.span() for match in plausible.matches(kind, text, ends)]
            assert one == [match.span() for match in plausible.matches(kind, text, None)], kind


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("aAb0=+/%\\\"'u0x&;:# \n-_{}"), max_size=300))
def test_pieces_are_the_same_without_the_engine(text: str) -> None:
    data = text.encode()
    engine = plausible._Gate(plausible.KINDS)
    engine._database = ENGINE._database
    for kind, ends in engine.spots(data).items():
        assert [one.start() for one in plausible.matches(kind, data, ends)] == [one.start() for one in plausible.matches(kind, data, None)]


ENGINE = plausible._Gate(plausible.KINDS)
ENGINE._seen = plausible.COMPILE_FROM
ENGINE.spots(b"")


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=60), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"]), st.lists(st.integers(0, 60), max_size=8)
)
def test_columns_are_those_of_a_naive_count(text: str, codec: str, places: list[int]) -> None:
    text = "key=value " + text.encode("utf-8", "replace").decode().replace("\r", " ")
    data = text.encode(codec)
    if codec == "utf-16-le" and sniff(data).codec != codec:
        return
    mark = {"utf-8-sig": 3, "utf-16": 2, "utf-32": 4}.get(codec, 0)
    plain = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(codec, codec)
    lines = Lines(data)
    for place in places:
        head = text[: min(place, len(text))]
        line = head.count("\n") + 1
        column = len(head) - (head.rfind("\n") + 1) + 1
        assert lines.place(mark + len(head.encode(plain))) == (line, column)


def test_decoding_is_bounded_and_never_ends_late() -> None:
    for text in (
        b"%41" * 300_000,
        b"\\u0041" * 200_000,
        b'\\"' * 300_000,
        b"QUFB" * 300_000,
        b"41" * 500_000,
        b"&#65;" * 200_000,
        b"a=\n" * 300_000,
    ):
        size = 0
        with suppress(OverLimit):
            for _, piece in decoded(text, 500_000):
                size += len(piece.data)
        assert size <= 500_000 + 2600
