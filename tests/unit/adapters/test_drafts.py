# SPDX-License-Identifier: Apache-2.0
"""Results get their name when they are whole; whatever goes wrong before leaves nothing under it."""

from __future__ import annotations

import fcntl
import os
import resource
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline_guard.adapters.streams import LocalStreams
from pipeline_guard.errors import IntegrityError, UsageError

STREAMS = LocalStreams()


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(folder: str | Path = ".") -> list[str]:
    """Return what lies in a folder, hidden things too."""
    return sorted(path.name for path in Path(folder).iterdir())


@pytest.fixture
def open_umask() -> Iterator[None]:
    """Let the process give everything to everybody, where it does not say otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def write(path: str, *pieces: bytes, force: bool = False, resume: bool = False) -> None:
    with STREAMS.draft(path, force=force, resume=resume) as draft:
        for piece in pieces:
            draft.write(memoryview(piece))


def mode(path: str) -> int:
    return stat.S_IMODE(Path(path).stat().st_mode)


@pytest.mark.usefixtures("open_umask")
def test_file_appears_whole_private_and_alone() -> None:
    with STREAMS.draft("a") as draft:
        draft.write(memoryview(b"one"))
        assert names() == [".a.partial"]
        assert mode(".a.partial") == 0o600
        draft.write(memoryview(b"two"))
    assert names() == ["a"]
    assert (Path("a").read_bytes(), mode("a")) == (b"onetwo", 0o600)


@pytest.mark.parametrize("failure", [IntegrityError("x"), KeyboardInterrupt(), RuntimeError("x")])
@pytest.mark.parametrize("folder", [False, True])
def test_failure_leaves_nothing(failure: BaseException, folder: bool) -> None:
    def act() -> None:
        with STREAMS.draft("a", folder=folder) as draft:
            if folder:
                draft.file("inner")
            draft.write(memoryview(b"x"))
            raise failure

    with pytest.raises(type(failure)):
        act()
    assert names() == []


@pytest.mark.parametrize("folder", [False, True])
def test_with_resume_an_interruption_keeps_the_part_but_a_failed_check_does_not(folder: bool) -> None:
    for failure, left in ((KeyboardInterrupt(), [".a.partial"]), (IntegrityError("x"), [])):
        with pytest.raises(type(failure)), STREAMS.draft("a", folder=folder, resume=True):
            raise failure
        assert names() == left


@pytest.mark.parametrize("kind", ["file", "folder", "link", "dangling", "pipe"])
def test_existing_name_is_never_replaced_unasked_and_only_a_file_by_force(kind: str) -> None:
    makers = {
        "file": lambda: Path("a").write_text("old"),
        "folder": lambda: Path("a").mkdir(),
        "link": lambda: Path("a").symlink_to("b"),
        "dangling": lambda: Path("a").symlink_to("nowhere"),
        "pipe": lambda: os.mkfifo("a"),
    }
    Path("b").write_text("other")
    makers[kind]()
    with pytest.raises(UsageError, match="exists"):
        write("a", b"new")
    if kind in ("folder", "pipe"):
        with pytest.raises(UsageError, match="exists"):
            write("a", b"new", force=True)
    else:
        write("a", b"new", force=True)
        assert not Path("a").is_symlink()
        assert Path("a").read_bytes() == b"new"
    assert Path("b").read_text() == "other"


def test_name_that_comes_meanwhile_is_not_replaced() -> None:
    with pytest.raises(UsageError, match="exists"), STREAMS.draft("a"):
        Path("a").write_bytes(b"theirs")
    assert (names(), Path("a").read_bytes()) == (["a"], b"theirs")
    with pytest.raises(UsageError, match="exists"), STREAMS.draft("d", folder=True):
        Path("d").mkdir()


def test_two_writers_of_one_name_do_not_mix() -> None:
    with STREAMS.draft("a") as draft:
        draft.write(memoryview(b"x"))
        with pytest.raises(UsageError, match="another process"):
            write("a", b"y")
    assert Path("a").read_bytes() == b"x"
    with STREAMS.draft("d", folder=True), pytest.raises(UsageError, match="another process"), STREAMS.draft("d", folder=True):
        pass


@pytest.mark.parametrize("path", ["", "/", "..", "nowhere/a", "a\0b", "x" * 300])
@pytest.mark.parametrize("folder", [False, True])
def test_impossible_place_is_one_clear_error(path: str, folder: bool) -> None:
    with pytest.raises(UsageError) as refused, STREAMS.draft(path, folder=folder):
        pass
    assert refused.value.hint


def test_leftover_link_or_foreign_thing_in_the_way_is_not_written_through() -> None:
    Path("victim").write_text("keep")
    Path(".a.partial").symlink_to("victim")
    with pytest.raises(UsageError):
        write("a", b"x")
    Path(".a.partial").unlink()
    os.link("victim", ".a.partial")  # what a kill between naming and unlinking leaves
    write("a", b"x")
    Path(".b.partial").mkdir()
    with pytest.raises(UsageError):
        write("b", b"x")
    os.mkfifo(".c.partial")
    with pytest.raises(UsageError, match="in the way"):
        write("c", b"x")
    assert Path("victim").read_text() == "keep"


@pytest.mark.parametrize("old", [b"", b"aaaa", b"aaaabb", b"aaaabbbbcc", b"aaXabbbb", b"aaaabbbbccccdddd-and-more", b"\0" * 12])
def test_resumed_file_is_what_was_written_now_whatever_lay_there(old: bytes) -> None:
    Path(".a.partial").write_bytes(old)
    write("a", b"aaaa", b"bbbb", b"cccc", resume=True)
    assert (names(), Path("a").read_bytes()) == (["a"], b"aaaabbbbcccc")


def test_resuming_does_not_write_what_is_there() -> None:
    Path(".a.partial").write_bytes(b"aaaabbbb")
    Path(".a.partial").chmod(0o666)
    with STREAMS.draft("a", resume=True) as draft:
        before = Path(".a.partial").stat().st_mtime_ns
        draft.write(memoryview(b"aaaa"))
        draft.write(memoryview(b"bbbb"))
        assert Path(".a.partial").stat().st_mtime_ns == before
    assert (Path("a").read_bytes(), mode("a")) == (b"aaaabbbb", 0o600)


def fill_folder() -> None:
    with STREAMS.draft("d", folder=True, resume=True) as draft:
        draft.file("a", executable=True)
        draft.write(memoryview(b"one"))
        draft.folder("sub")
        draft.file("sub/b")
        draft.file("sub/c")
        draft.write(memoryview(b"three"))


@pytest.mark.usefixtures("open_umask")
def test_folder_appears_whole_and_private() -> None:
    fill_folder()
    assert names() == ["d"]
    found = {str(path): (mode(str(path)), path.read_bytes() if path.is_file() else None) for path in sorted(Path("d").rglob("*"))}
    assert found == {"d/a": (0o700, b"one"), "d/sub": (0o700, None), "d/sub/b": (0o600, b""), "d/sub/c": (0o600, b"three")}
    assert mode("d") == 0o700


def test_resumed_folder_holds_nothing_that_was_not_made_now() -> None:
    for name in (".d.partial/sub/old", ".d.partial/gone/deep"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("stranger")
    Path(".d.partial/a").write_text("on")
    Path(".d.partial/link").symlink_to("/etc")
    Path(".d.partial/sub/c").write_text("three and more")
    fill_folder()
    assert sorted(str(path) for path in Path("d").rglob("*")) == ["d/a", "d/sub", "d/sub/b", "d/sub/c"]
    assert [Path("d", name).read_text() for name in ("a", "sub/b", "sub/c")] == ["one", "", "three"]


@pytest.mark.parametrize(("planted", "kind"), [("sub", "link"), ("a", "link"), ("a", "hard link"), ("a", "pipe"), ("sub", "file")])
def test_resuming_follows_and_reuses_nothing_strange_in_the_partial_folder(place: Path, planted: str, kind: str) -> None:
    (place / "outside").mkdir()
    (place / "outside" / "c").write_text("keep")
    Path(".d.partial").mkdir()
    path = Path(".d.partial", planted)
    if kind == "link":
        path.symlink_to(place / "outside" if planted == "sub" else place / "outside" / "c")
    elif kind == "hard link":
        os.link("outside/c", path)
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.touch()
    with pytest.raises(UsageError):
        fill_folder()
    assert (place / "outside" / "c").read_text() == "keep"
    assert not Path("d").exists()


@pytest.mark.parametrize("name", ["../out", "/out", "a/../../out", "", ".", "a//b"])
def test_folder_is_never_left(name: str) -> None:
    with pytest.raises(UsageError), STREAMS.draft("d", folder=True) as draft:
        draft.file(name)
    with pytest.raises(UsageError), STREAMS.draft("d", folder=True) as draft:
        draft.folder(name)
    assert names() == []


@contextmanager
def small_disk() -> Iterator[None]:
    """Let no file grow beyond 1000 bytes, which is what a full disk looks like to a writer.

    Only while it is entered: pytest's own report may go to a file too.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("folder", [False, True])
def test_disk_that_takes_no_more_leaves_nothing(folder: bool) -> None:
    def act() -> None:
        with STREAMS.draft("a", folder=folder) as draft:
            if folder:
                draft.file("inner")
            for _ in range(3):
                draft.write(memoryview(bytes(700)))

    with pytest.raises(UsageError, match="cannot write") as refused, small_disk():
        act()
    assert refused.value.hint
    assert names() == []


def test_lock_ends_with_the_draft() -> None:
    Path(".a.partial").touch()
    descriptor = os.open(".a.partial", os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(UsageError, match="another process"):
        write("a", b"x")
    os.close(descriptor)
    write("a", b"x")
    assert Path("a").read_bytes() == b"x"
