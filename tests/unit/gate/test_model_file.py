# SPDX-License-Identifier: Apache-2.0
"""Models found by content in every wrapper; what cannot be read is undecidable; other files are left alone."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable

import pytest

from pipeline_guard.gate import container, pickle_walk
from pipeline_guard.gate.lz4 import Lz4Decompressor
from pipeline_guard.gate.model_file import ModelFacts, ModelVerdict, inspect
from tests.unit.gate.pickles import gadget, joblib, npy, packed, tensor_state, text, torch_zip

SAFE, UNSAFE, UNDECIDABLE = ModelVerdict.SAFE, ModelVerdict.UNSAFE, ModelVerdict.UNDECIDABLE
LEGACY = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2) + pickle.dumps({"little_endian": True}, 2)


def facts(content: bytes, path: str = "model.dat") -> ModelFacts:
    found = inspect(content, path)
    assert found is not None
    return found


def tarred(name: str, content: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


WRAPPERS: dict[str, Callable[[bytes], bytes]] = {
    "bare": lambda data: data,
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
    "torch zip": torch_zip,
    "deflated zip": lambda data: packed({"archive/data.pkl": data}, zipfile.ZIP_DEFLATED),
    "tar": lambda data: tarred("pickle", data),
    "tar in gzip": lambda data: gzip.compress(tarred("x", data)),
    "zip in zip": lambda data: packed({"a.bin": torch_zip(data)}),
    "npy": lambda data: npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", data),
    "npz": lambda data: packed({"a.npy": npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", data)}),
    "second in a row": lambda data: pickle.dumps([1]) + data,
    "two gzip members": lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:]),
}


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("path", ["model.pkl", "model.dat", "README.md", "noname"])
def test_gadget_is_found_in_every_wrapper_whatever_its_name(wrapper: str, path: str) -> None:
    assert facts(WRAPPERS[wrapper](gadget()), path).verdict is UNSAFE


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_ordinary_model_is_safe_in_every_wrapper(wrapper: str) -> None:
    assert facts(WRAPPERS[wrapper](tensor_state()), "model.pt").verdict is SAFE


@pytest.mark.parametrize("protocol", [0, 1])
def test_gadget_without_protocol_number_is_found_by_what_it_does(protocol: int) -> None:
    assert facts(gadget(protocol), "notes.txt").verdict is UNSAFE
    assert facts(gadget(protocol)[:-1] + b"garbage", "notes.txt").verdict is UNSAFE


def test_legacy_torch_file_is_five_pickles_and_raw_bytes() -> None:
    assert facts(LEGACY + tensor_state() + pickle.dumps(["0"], 2) + bytes(range(256)), "m.pt").verdict is SAFE
    assert facts(LEGACY + gadget(2) + pickle.dumps(["0"], 2) + bytes(64), "m.pt").verdict is UNSAFE
    assert facts(LEGACY + tensor_state() + b"raw", "m.pt").verdict is UNDECIDABLE


def test_compressed_joblib_file_is_read() -> None:
    assert facts(zlib.compress(joblib(bytes(32))), "m.joblib").verdict is SAFE


@pytest.mark.parametrize(
    ("content", "path", "why"),
    [
        (pickle.dumps({"a": [1, 2, 3]})[:-2], "m.bin", "ends before"),
        (pickle.dumps([1]) + b"rest of it", "m.bin", "10 bytes after a pickle"),
        (b"\x04\x22\x4d\x18....", "m.joblib", "broken"),
        (b"7z\xbc\xaf\x27\x1c....", "m.pth", "not a format"),
        (b"7z\xbc\xaf\x27\x1c....", "m.pkl.gz", "not a format"),
        (b"hello", "m.pkl", "memo 101"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "m.pt", "Git LFS"),
        (gzip.compress(pickle.dumps(list(range(9999))))[:200], "m.pkl", "ends before"),
        (b"PK\x03\x04" + b"x" * 50, "m.zip", "directory cannot be read"),
        (b"\x93NUMPY\x01\x00\xff\xff{", "a.npy", "header is cut off"),
        (b"\x80\x02" + text("module") + b"\x85Q.", "m.pt", "persistent id"),
        (tarred("a", bytes(5000))[:2000], "m.tar", "tar archive"),
    ],
)
def test_what_cannot_be_read_is_undecidable_and_says_why(content: bytes, path: str, why: str) -> None:
    found = facts(content, path)
    assert found.verdict is UNDECIDABLE
    assert why in " ".join(found.doubts)


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (b"", "m.pkl"),
        (b"import os\n", "x.py"),
        (b"cat\ndog\nemu\n", "words.txt"),
        (b"(a note)\n.", "n.txt"),
        (b"\x80\x04\x95 no pickle", "x.bin"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "x.png"),
        (b"x^2 + y^2", "formula.txt"),
        (b"./src\n", "paths.pth"),
        ("Esperança\n".encode(), "messages.pt"),
        (packed({"a.txt": b"text", "b/": b""}), "x.zip"),
        (gzip.compress(b"text"), "x.gz"),
        (b"\x1f\x8b\x08 broken", "x.gz"),
        (tarred("a", b"text"), "x.tar"),
        (npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", bytes(8)), "a.npy"),
        (npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1L,), }", bytes(8)), "a.npy"),
    ],
)
def test_other_files_are_no_models(content: bytes, path: str) -> None:
    assert inspect(content, path) is None


# --- archives that readers disagree about


def patched(content: bytes, signature: bytes, offset: int, value: bytes) -> bytes:
    at = content.rindex(signature) + offset
    return content[:at] + value + content[at + len(value) :]


ONE = packed({"data.pkl": gadget()})


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (patched(ONE, b"PK\x03\x04", 6, b"\x01"), "encrypted"),
        (patched(ONE, b"PK\x01\x02", 8, b"\x01"), "encrypted"),
        (patched(ONE, b"PK\x01\x02", 16, b"\0\0\0\0"), "checksum"),
        (patched(ONE, b"PK\x03\x04", 30, b"DATA"), "called otherwise"),
        (patched(ONE, b"PK\x01\x02", 46, b"DATA"), "called otherwise"),
        (patched(ONE, b"PK\x01\x02", 24, struct.pack("<I", 7)), "size"),
        (patched(ONE, b"PK\x03\x04", 18, struct.pack("<I", 7)), "another size"),
        (patched(ONE, b"PK\x05\x06", 0, b"XXXX"), "directory cannot be read"),
        (ONE[: ONE.index(b"PK\x01\x02")], "directory cannot be read"),
    ],
)
def test_gadget_in_a_broken_archive_is_found_and_the_breach_named(content: bytes, why: str) -> None:
    found = facts(content, "m.pt")
    assert found.verdict is UNSAFE
    assert why in " ".join(found.doubts)


@pytest.mark.parametrize("field", [6, 30])
def test_broken_archive_without_gadget_is_undecidable(field: int) -> None:
    assert facts(patched(torch_zip(tensor_state()), b"PK\x03\x04", field, b"\x01"), "m.pt").verdict is UNDECIDABLE


def test_member_that_the_directory_does_not_list_is_found() -> None:
    hidden = packed({"data.pkl": gadget()})
    hidden = hidden[: hidden.index(b"PK\x01\x02")]
    listed = packed({"version": b"3"})
    stream = io.BytesIO(listed[: listed.index(b"PK\x01\x02")] + hidden)
    content = stream.getvalue() + patched(
        listed[listed.index(b"PK\x01\x02") :], b"PK\x05\x06", 16, struct.pack("<I", len(stream.getvalue()))
    )
    found = facts(content, "m.pt")
    assert found.verdict is UNSAFE
    assert "does not list" in " ".join(found.doubts)


def test_two_members_of_one_name_are_both_read() -> None:
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("m/data.pkl", gadget())
        archive.writestr("m/data.pkl", tensor_state())
    found = facts(stream.getvalue(), "m.pt")
    assert found.verdict is UNSAFE
    assert "two members" in " ".join(found.doubts)


def test_archive_behind_other_bytes_is_found() -> None:
    assert facts(b"GIF89a" + bytes(50) + torch_zip(gadget()), "m.gif").verdict is UNSAFE


def test_tar_from_before_posix_is_read() -> None:
    content = bytearray(tarred("pickle", gadget()))
    content[257:265] = bytes(8)
    content[148:156] = b" " * 8
    content[148:156] = b"%06o\0 " % sum(content[:512])
    assert facts(bytes(content), "m.pt").verdict is UNSAFE


def lz4(content: bytes, flags: int = 0x60, block: int = 9) -> bytes:
    """Return an LZ4 frame of literal blocks."""
    made = b"\x04\x22\x4d\x18" + bytes([flags, 0x40, 0])
    for begin in range(0, len(content), block):
        piece = content[begin : begin + block]
        made += struct.pack("<I", len(piece) + 1) + bytes([len(piece) << 4]) + piece
    return made + bytes(4)


def test_lz4_as_joblib_writes_it_is_read() -> None:
    assert facts(lz4(gadget()), "m.joblib").verdict is UNSAFE
    assert facts(lz4(joblib(bytes(32))), "m.joblib").verdict is SAFE
    assert facts(lz4(gadget())[:-4], "m.bin").verdict is UNSAFE
    assert facts(lz4(tensor_state())[:-9], "m.joblib").verdict is UNDECIDABLE


def test_lz4_repeats_what_was_before() -> None:
    # four literals, then 12 bytes from 4 back, over the end of what there is; the next block looks back into the last one
    block = b"\x48abcd\x04\x00" + b"\x10e"
    linked = b"\x08\x04\x00\x10f"
    frame = b"\x04\x22\x4d\x18\x40\x40\x00"
    for piece in (block, linked):
        frame += struct.pack("<I", len(piece)) + piece
    reader = Lz4Decompressor()
    plain = b"".join(reader.decompress(frame[place : place + 5]) for place in range(0, len(frame), 5))
    assert plain == b"abcd" * 4 + b"e" + (b"bcde" * 3) + b"f"
    assert not reader.eof
    assert reader.decompress(bytes(4) + b"rest") == b""
    assert (reader.eof, reader.unused_data) == (True, b"rest")


@pytest.mark.parametrize("block", [b"\x00\x09\x00", b"\xf0", b"\x50ab", b"\x10a\x00\x00"])
def test_broken_lz4_is_refused(block: bytes) -> None:
    with pytest.raises(ValueError, match=r"block|nothing"):
        Lz4Decompressor().decompress(b"\x04\x22\x4d\x18\x60\x40\x00" + struct.pack("<I", len(block)) + block)


def test_tar_whose_first_name_is_a_pickle_is_found() -> None:
    assert facts(tarred("cos\nsystem\n(S'x'\ntR.", b"x"), "m.tar").verdict is UNSAFE


def test_broken_stream_is_read_up_to_the_break() -> None:
    packed_up = bytearray(zlib.compress(gadget() + bytes(10_000)))
    packed_up[-4:] = b"\0\0\0\0"
    assert facts(bytes(packed_up), "m.pkl").verdict is UNSAFE


def test_bombs_end_at_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "MAX_UNPACKED", 10_000)
    for wrap in (
        zlib.compress,
        bz2.compress,
        lambda data: packed({"a.pkl": data}, zipfile.ZIP_DEFLATED),
    ):
        found = facts(wrap(pickle.dumps(b"x" * 100_000)), "m.pkl")
        assert found.verdict is UNDECIDABLE
        assert any("larger than" in doubt for doubt in found.doubts)


def test_many_small_pickles_share_one_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickle_walk, "MAX_OPERATIONS", 1_000)
    members = {f"{number}.pkl": pickle.dumps([[0]] * 100 + list(range(300))) for number in range(50)}
    doubts = facts(packed(members, zipfile.ZIP_DEFLATED), "m.pt").doubts
    assert any("operations in all its pickles" in doubt for doubt in doubts)


def test_containers_in_containers_end_somewhere() -> None:
    content = gadget()
    for _ in range(6):
        content = gzip.compress(content)
    found = facts(content, "m.pkl")
    assert found.verdict is UNDECIDABLE
    assert "in each other" in found.doubts[0]


def test_hazard_names_member_and_byte() -> None:
    (hazard,) = facts(torch_zip(gadget()), "m.pt").hazards
    assert (hazard.member, hazard.name) == ("net/data.pkl", "builtins.eval")
    assert hazard.offset > 0


EVIL = b"cposix\nsystem\n(S'id'\ntR."


@pytest.mark.parametrize("name", ["a.pt", "a.bin", "a.npy", "a.model"])
@pytest.mark.parametrize("before", [b"I1\n.", b"I0x1\n0", b"L0x1L\n0", b"\x80\x02I0x1\n0", b"S'\\xc3\\xa9'\n0"])
def test_call_behind_harmless_beginnings_is_found_under_any_name(name: str, before: bytes) -> None:
    facts = inspect(before + EVIL, name)
    assert facts is not None
    assert facts.verdict is not ModelVerdict.SAFE


@pytest.mark.parametrize("kind", ["'object'", "'|O'", "[('a', 'object')]", "'\\x4f'", "5", "__import__('os')"])
def test_array_whose_type_is_not_plainly_numbers_is_read_as_a_pickle(kind: str) -> None:
    header = f"{{'descr': {kind}, 'fortran_order': False, 'shape': (1,), }}\n".encode()
    facts = inspect(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + EVIL, "a.npy")
    assert facts is not None
    assert facts.verdict is not ModelVerdict.SAFE


@pytest.mark.parametrize("kind", ["'<f8'", "'|b1'", "'<U10'", "'<M8[ns]'", "[('a', '<i4'), ('b', '<f8', (3,))]"])
def test_array_of_plain_numbers_is_no_pickle(kind: str) -> None:
    header = f"{{'descr': {kind}, 'fortran_order': False, 'shape': (1,), }}\n".encode()
    assert inspect(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(64), "a.npy") is None
