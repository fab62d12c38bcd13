# SPDX-License-Identifier: Apache-2.0
"""Archives: ordinary ones pass, every trick is seen, what cannot be decided says so."""

from __future__ import annotations

import base64
import hashlib
import io
import stat
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.gate import archive
from pipeline_guard.gate.archive import inspect, is_one


def zipped(*members: tuple[str, bytes], mode: int = 0) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            made.writestr(entry, content)
    return stream.getvalue()


def tarred(*names: str, mode: str = "w:gz", **fields: Any) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as made:  # type: ignore[call-overload]
        for name in names:
            entry = tarfile.TarInfo(name)
            for field, value in fields.items():
                setattr(entry, field, value)
            made.addfile(entry)
    return stream.getvalue()


def wheel(files: Mapping[str, bytes], record: Callable[[dict[str, str]], None] = lambda _listed: None) -> bytes:
    listed = {
        name: "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        for name, content in files.items()
    }
    record(listed)
    lines = "".join(f"{name},{digest},\n" for name, digest in listed.items()) + "a-1.dist-info/RECORD,,\n"
    return zipped(*files.items(), ("a-1.dist-info/RECORD", lines.encode()))


def word(value: object) -> str:
    """Name a case by its texts: a compressed archive holds the time of its making."""
    return value if isinstance(value, str) else "archive"


FILES = {"a/__init__.py": b"", "a-1.dist-info/METADATA": b"Name: a\n"}


def faults(content: bytes, path: str = "x.zip") -> list[str]:
    return [f"{name}: {what}" for name, what in inspect(content, path).faults]


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (zipped(("a/b", b"x"), ("a/c", b"y")), "x.zip"),
        (zipped(), "x.zip"),
        (tarred("a/b", "a/c"), "x.tar.gz"),
        (tarred("a", mode="w"), "x.bin"),
        (tarred("a/b", type=tarfile.SYMTYPE, linkname="../c/d"), "x.tgz"),
        (tarred("a/b", type=tarfile.LNKTYPE, linkname="a/c"), "x.tgz"),
        (zipped(("a/l", b"../b"), mode=stat.S_IFLNK | 0o777), "x.zip"),
        (wheel(FILES), "a-1-py3-none-any.whl"),
    ],
    ids=word,
)
def test_ordinary_archive_has_no_faults(content: bytes, path: str) -> None:
    assert is_one(path, content)
    assert faults(content, path) == []


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/x", "C:\\x", "\\\\h\\x", "a\\..\\..\\x"])
def test_name_that_leads_out_is_seen(name: str) -> None:
    assert "leads out" in faults(zipped((name, b"")))[0]
    if not name.startswith(("C", "\\")):
        assert "leads out" in faults(tarred(name), "x.tar.gz")[0]


@pytest.mark.parametrize("name", ["a\u202etxt.py", "a\nb", "a\\b"])
def test_name_that_is_not_what_it_seems_is_seen(name: str) -> None:
    assert "not what it seems" in faults(zipped((name, b"")))[0]


@pytest.mark.parametrize("target", ["/etc/passwd", "../../x", "a/../../../x", "C:\\x"])
def test_link_that_leads_out_is_seen(target: str) -> None:
    assert "links out" in faults(tarred("a/l", type=tarfile.SYMTYPE, linkname=target), "x.tgz")[0]
    assert "links out" in faults(zipped(("a/l", target.encode()), mode=stat.S_IFLNK | 0o777))[0]


def test_hard_link_and_device_are_seen() -> None:
    assert "links out" in faults(tarred("a/l", type=tarfile.LNKTYPE, linkname="../x"), "x.tgz")[0]
    assert "device" in faults(tarred("a", type=tarfile.CHRTYPE), "x.tgz")[0]
    assert "device" in faults(zipped(("a", b""), mode=stat.S_IFIFO | 0o600))[0]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_doubles_and_collisions_are_seen() -> None:
    assert "more than once" in faults(zipped(("a", b"1"), ("a", b"2")))[0]
    assert "more than once" in faults(tarred("a", "./a"), "x.tgz")[0]
    assert faults(zipped(("a/Setup.py", b""), ("a/setup.py", b""))) == [
        "a/setup.py: is a/Setup.py on a file system that does not tell their names apart"
    ]
    assert len(faults(zipped(("\u00e9", b""), ("e\u0301", b"")))) == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (wheel(FILES, lambda listed: listed.pop("a/__init__.py")), "a/__init__.py: is not in the wheel's RECORD"),
        (wheel(FILES, lambda listed: listed.update({"a/__init__.py": "sha256=AAAA"})), "a/__init__.py: differs from the wheel's RECORD"),
        (wheel(FILES, lambda listed: listed.update({"a/__init__.py": "md5=AAAA"})), "a/__init__.py: has no strong hash"),
        (wheel(FILES, lambda listed: listed.update({"a/gone.py": "sha256=AAAA"})), "a/gone.py: is in the wheel's RECORD, and missing"),
        (zipped(("a.py", b"")), ": is a wheel without exactly one .dist-info"),
        (zipped(("a-1.dist-info/METADATA", b"")), "a-1.dist-info/RECORD: is missing"),
    ],
    ids=word,
)
def test_wheel_that_is_not_what_it_records_is_seen(content: bytes, says: str) -> None:
    assert faults(content, "a-1-py3-none-any.whl")[0].startswith(says)


@pytest.mark.parametrize("cut", [10, 40, 200])
def test_damaged_archive_is_undecided(cut: int) -> None:
    for content, path in ((wheel(FILES), "a.whl"), (tarred("a/b", "c"), "a.tar.gz")):
        with pytest.raises(UsageError):
            inspect(content[: min(cut, len(content) - 12)], path)


def test_budgets_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_MEMBERS", 2)
    with pytest.raises(UsageError, match="members"):
        inspect(zipped(*((f"{number}", b"") for number in range(3))), "x.zip")
    monkeypatch.setattr(archive, "_MEMBERS", 10)
    monkeypatch.setattr(archive, "_UNPACKED", 100)
    with pytest.raises(UsageError, match="unpacked"):
        inspect(wheel({"a.py": b"x" * 5000, "a-1.dist-info/METADATA": b""}), "a.whl")


def test_encrypted_archive_is_undecided() -> None:
    content = bytearray(zipped(("a", b"x")))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(UsageError, match="encrypted"):
        inspect(bytes(content), "x.zip")


def members(*entries: tarfile.TarInfo, headers: dict[str, str] | None = None) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT, pax_headers=headers) as made:
        for entry in entries:
            made.addfile(entry)
    return stream.getvalue()


def entry(name: str, **fields: Any) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(made, field, value)
    return made


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (members(entry("x", type=tarfile.SYMTYPE, linkname="."), entry("x/y", type=tarfile.SYMTYPE, linkname="..")), "through the link x"),
        (members(entry("a", mode=0o4755)), "runs as somebody else"),
        (members(entry("a"), headers={"path": "b"}), "has one path for all its members"),
        (members(entry("a")) + members(entry("b")), "goes on behind its end"),
    ],
    ids=word,
)
def test_tar_files_that_are_not_what_they_seem_are_told(content: bytes, words: str) -> None:
    assert any(words in what for _, what in inspect(content, "x.tar").faults)


def test_ordinary_tar_files_pass() -> None:
    fine = members(
        entry("d", type=tarfile.DIRTYPE), entry("d/a", mode=0o755), entry("l", type=tarfile.SYMTYPE, linkname="d"), headers={"comment": "c"}
    )
    assert inspect(fine + bytes(4096), "x.tar").faults == ()
