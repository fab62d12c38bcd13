# SPDX-License-Identifier: Apache-2.0
"""Whatever is done to a sealed file, it opens to exactly what was sealed or to nothing at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline_guard.errors import IntegrityError, UsageError
from pipeline_guard.seal.archive import FILE, ArchiveReader, Member, ordered
from pipeline_guard.seal.header import parse
from tests.fakes import second_unsealer
from tests.fakes.sealing import SealingPlace, wrapping_material

CHUNK = 4096
STEP = CHUNK + 16
SETTINGS = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def place() -> SealingPlace:
    return SealingPlace()


@pytest.fixture
def sealed(place: SealingPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], bytes]:
    """Seal bytes with small chunks; return the sealed file's content."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pipeline_guard.flows.seal.CHUNK", CHUNK)

    def make(plain: bytes) -> bytes:
        Path("plain").write_bytes(plain)
        return place.seal("plain", "team-a", "team-b", output="made", force=True).read_bytes()

    return make


def opens(place: SealingPlace, content: bytes) -> bytes | None:
    """Return what a sealed file opens to, None where it does not verify; in that case nothing may be left."""
    Path("try").write_bytes(content)
    try:
        out = place.unseal("try", "out")
    except IntegrityError:
        assert sorted(path.name for path in Path().iterdir()) == ["made", "plain", "try"]
        return None
    plain = out.read_bytes()
    out.unlink()
    return plain


@given(plain=st.binary(max_size=3 * CHUNK + 10))
@SETTINGS
def test_what_was_sealed_comes_back_and_two_implementations_agree(
    place: SealingPlace, sealed: Callable[[bytes], bytes], plain: bytes
) -> None:
    content = sealed(plain)
    assert opens(place, content) == plain == second_unsealer.unseal(content, wrapping_material)


@pytest.fixture
def sample(sealed: Callable[[bytes], bytes]) -> bytes:
    return sealed(b"plain text " * 1200)  # three chunks and a part


def test_every_single_changed_byte_is_noticed(place: SealingPlace, sample: bytes) -> None:
    header = sample.rindex(b"\n", 0, len(sample) - 3 * STEP) + 1
    positions = {*range(header + 64), *(header + index * STEP + around for index in range(4) for around in range(-20, 20))}
    for position in sorted({*positions, *range(header, len(sample), 997), len(sample) - 1}):
        if 0 <= position < len(sample):
            changed = bytearray(sample)
            changed[position] ^= 1 << position % 8
            assert opens(place, bytes(changed)) is None, position


def test_every_length_is_noticed(place: SealingPlace, sample: bytes) -> None:
    header = sample.rindex(b"\n", 0, len(sample) - 3 * STEP) + 1
    near = {header + index * STEP + around for index in range(4) for around in range(-17, 18)}
    for length in sorted({*range(0, header, 7), *near, *range(header, len(sample), 611)}):
        if length < len(sample):
            assert opens(place, sample[:length]) is None, length


@given(data=st.data())
@SETTINGS
def test_any_rearrangement_is_noticed(place: SealingPlace, sealed: Callable[[bytes], bytes], data: st.DataObject) -> None:
    one, other = sealed(b"plain text " * 1200), sealed(b"other text " * 1200)
    cut = [content.rindex(b"\n", 0, len(content) - 3 * STEP) + 1 for content in (one, other)]
    pieces = [
        content[at + index * STEP : at + (index + 1) * STEP] for content, at in zip((one, other), cut, strict=True) for index in range(4)
    ]
    chosen = data.draw(st.lists(st.sampled_from(range(8)), max_size=6))
    body = b"".join(pieces[index] for index in chosen)
    expected = b"plain text " * 1200 if body == one[cut[0] :] else None
    assert opens(place, one[: cut[0]] + body) == expected


@given(start=st.integers(0, 20_000), count=st.integers(0, 40), more=st.binary(max_size=40))
@SETTINGS
def test_bytes_put_in_taken_out_or_replaced_are_noticed(place: SealingPlace, sample: bytes, start: int, count: int, more: bytes) -> None:
    start %= len(sample) + 1
    changed = sample[:start] + more + sample[start + count :]
    assert opens(place, changed) == (b"plain text " * 1200 if changed == sample else None)


@given(content=st.binary(max_size=400), prefix=st.booleans())
@SETTINGS
def test_header_parser_only_ever_refuses(content: bytes, prefix: bool) -> None:
    with pytest.raises(IntegrityError):
        parse((b"pipeline-guard/sealed/v1\n" if prefix else b"") + content)


@given(content=st.binary(max_size=200), step=st.integers(1, 50))
@SETTINGS
def test_archive_parser_gives_plain_names_or_refuses(content: bytes, step: int) -> None:
    pieces = (memoryview(content[start : start + step]) for start in range(0, len(content), step))
    try:
        for member, inner in ArchiveReader(pieces).members():
            assert not member.path.startswith("/")
            assert ".." not in member.path.split("/")
            for _ in inner:
                pass
    except IntegrityError:
        pass


@given(names=st.sets(st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=10), max_size=8))
@SETTINGS
def test_folder_of_any_names_is_ordered_by_bytes_or_refused_whole(names: set[str]) -> None:
    try:
        found = ordered(Member(FILE, name) for name in names)
    except UsageError:
        return
    assert [member.path for member in found] == sorted(names, key=str.encode)
