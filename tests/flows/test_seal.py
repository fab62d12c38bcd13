# SPDX-License-Identifier: Apache-2.0
"""seal, unseal and rewrap through their flows: records first, several keys, states, ranges, folders."""

from __future__ import annotations

import dataclasses
import os
import stat
from pathlib import Path

import pytest

from pipeline_guard.adapters.terminal import SilentProgress
from pipeline_guard.errors import Denied, GuardError, IntegrityError, NothingToDo, Unavailable, UsageError
from pipeline_guard.flows.seal import SealRequest, seal
from pipeline_guard.flows.unseal import inspect
from pipeline_guard.model.key import KeyRef, KeyState, KeyType, KeyUsage
from pipeline_guard.model.secret import Secret
from tests.fakes import second_unsealer
from tests.fakes.sealing import SealingPlace, wrapping_material


def names(folder: str | Path = ".") -> list[str]:
    """Return what lies in a folder, hidden things too."""
    return sorted(path.name for path in Path(folder).iterdir())


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Small chunks, so that every test has several."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pipeline_guard.flows.seal.CHUNK", 4096)
    return tmp_path


@pytest.fixture
def place() -> SealingPlace:
    return SealingPlace()


@pytest.fixture
def data(work: Path) -> bytes:
    content = os.urandom(10_000)
    (work / "data").write_bytes(content)
    return content


@pytest.fixture
def model(work: Path) -> Path:
    for name, content in {
        "config.json": b"{}",
        "run.sh": b"#!/bin/sh\n",
        "empty": b"",
        "deep/er/weights": os.urandom(9000),
        "a-b": b"x",
        "a/b": b"y",
        "ünï": b"z",
    }.items():
        path = work / "model" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (work / "model" / "run.sh").chmod(0o755)
    (work / "model" / "hollow").mkdir()
    return work / "model"


def tree(root: Path) -> dict[str, bytes | None]:
    return {str(path.relative_to(root)): path.read_bytes() if path.is_file() else None for path in root.rglob("*")}


# --- the plain way


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, 8192, 10_000])
def test_file_comes_back_by_either_key_and_by_a_second_implementation(place: SealingPlace, size: int) -> None:
    content = os.urandom(size)
    Path("data").write_bytes(content)
    sealed = place.seal("data", "team-a", "team-b")
    assert str(sealed) == "data.sealed"
    Path("data").unlink()
    assert str(place.unseal(sealed)) == "data"
    assert Path("data").read_bytes() == content
    for team in ("team-a", "team-b"):
        alone = SealingPlace(team)
        assert alone.unseal(sealed, f"by-{team}").read_bytes() == content
        keys = lambda name, version, team=team: wrapping_material(name, version) if name == team else None  # noqa: E731
        assert second_unsealer.unseal(sealed.read_bytes(), keys) == content


def test_folder_comes_back_and_the_second_implementation_sees_the_same(place: SealingPlace, model: Path) -> None:
    sealed = place.seal("model/")
    assert str(sealed) == "model.sealed"
    back = place.unseal(sealed, "back")
    assert tree(back) == tree(model)
    assert stat.S_IMODE((back / "run.sh").stat().st_mode) == 0o700
    assert stat.S_IMODE((back / "config.json").stat().st_mode) == 0o600
    entries = second_unsealer.unpack(second_unsealer.unseal(sealed.read_bytes(), wrapping_material))
    assert {name.rstrip("/"): content if kind != "D" else None for name, (kind, content) in entries.items()} == tree(model)
    assert list(entries) == sorted(entries, key=str.encode)
    assert {name for name, (kind, _) in entries.items() if kind == "X"} == {"run.sh"}


def test_same_content_never_gives_the_same_bytes_and_nothing_of_it_shows(place: SealingPlace) -> None:
    Path("data").write_bytes(b"recognisable" * 1000)
    one, two = place.seal("data", output="one").read_bytes(), place.seal("data", output="two").read_bytes()
    assert b"recognisable" not in one
    assert one.split(b"\n", 4)[4] != two.split(b"\n", 4)[4]
    assert one.split(b"\n")[1] != two.split(b"\n")[1]
    assert b"data" not in one.split(b"\n", 4)[1]


@pytest.mark.parametrize(("offset", "length"), [(0, 1), (4090, 12), (9_999, 1), (9_999, 100), (10_000, 5), (0, None), (4096, None)])
def test_part_of_a_file(place: SealingPlace, data: bytes, offset: int, length: int | None) -> None:
    place.seal("data")
    assert place.part("data.sealed", offset, length) == data[offset : None if length is None else offset + length]
    assert place.state.events()[-1][2] == f"key team-a version 1, bytes {offset}:{'' if length is None else length}"


def test_part_that_cannot_be(place: SealingPlace, data: bytes, model: Path) -> None:
    place.seal("data")
    place.seal("model")
    with pytest.raises(UsageError, match="holds 10000 bytes"):
        place.part("data.sealed", 10_001, 1)
    with pytest.raises(UsageError, match="no ranges"):
        place.part("model.sealed", 0, 1)


# --- records


def test_every_use_and_denial_is_a_record(place: SealingPlace, data: bytes) -> None:
    place.seal("data")
    place.unseal("data.sealed", "out")
    place.rewrap("data.sealed", "team-b")
    place.state.put_into("team-b", 1, KeyState.COMPROMISED)
    with pytest.raises(Denied):
        place.unseal("data.sealed", "out2")
    assert place.state.events() == [
        ("seal", "granted", "keys team-a version 1"),
        ("unseal", "granted", "key team-a version 1"),
        ("seal.rewrap", "granted", "key team-a version 1, to be rewrapped"),
        ("seal.rewrap", "granted", "from now on keys team-b version 1"),
        ("unseal", "denied", "key team-b/1 may not open anything: it is compromised"),
    ]
    digests = {line for line in place.state.records() if b"request_digest" in line}
    assert len(digests) == 5
    assert data[:20] not in b"".join(digests)


@pytest.mark.parametrize("act", ["seal", "unseal", "range", "rewrap"])
def test_without_a_record_nothing_happens(place: SealingPlace, data: bytes, act: str) -> None:
    before = place.seal("data").read_bytes()
    there = names()
    place.state.broken = True
    acts = {
        "seal": lambda: place.seal("data", output="new"),
        "unseal": lambda: place.unseal("data.sealed", "out"),
        "range": lambda: place.part("data.sealed", 0, 1),
        "rewrap": lambda: place.rewrap("data.sealed", "team-b"),
    }
    with pytest.raises(Unavailable):
        acts[act]()
    assert names() == there
    assert Path("data.sealed").read_bytes() == before


# --- keys and their states


@pytest.mark.parametrize("state", [state for state in KeyState if state is not KeyState.ACTIVE])
def test_only_an_active_key_seals(place: SealingPlace, data: bytes, state: KeyState) -> None:
    place.state.put_into("team-b", 1, state)
    with pytest.raises(Denied, match=state.value):
        place.seal("data", "team-a", "team-b")
    assert names() == ["data"]
    assert place.state.events() == [("seal", "denied", f"key team-b/1 may not protect anything: it is {state.value}")]


@pytest.mark.parametrize("state", list(KeyState))
def test_active_and_deactivated_keys_open_and_no_others(place: SealingPlace, data: bytes, state: KeyState) -> None:
    place.seal("data")
    place.state.put_into("team-a", 1, state)
    if state in (KeyState.ACTIVE, KeyState.DEACTIVATED):
        assert place.unseal("data.sealed", "out").read_bytes() == data
    else:
        with pytest.raises(Denied, match=state.value):
            place.unseal("data.sealed", "out")
        assert not Path("out").exists()


def test_second_key_opens_where_the_first_may_not(place: SealingPlace, data: bytes) -> None:
    place.seal("data", "team-a", "team-b")
    place.state.put_into("team-a", 1, KeyState.DESTROYED)
    assert place.unseal("data.sealed", "out").read_bytes() == data


def test_keys_that_are_not_here_are_named_and_the_denial_recorded(place: SealingPlace, data: bytes) -> None:
    place.seal("data", "team-a", "team-b")
    stranger = SealingPlace("team-c")
    with pytest.raises(Denied, match="team-a version 1, team-b version 1"):
        stranger.unseal("data.sealed", "out")
    assert [event[:2] for event in stranger.state.events()] == [("unseal", "denied")]


def test_another_key_of_the_same_name_is_told_apart(place: SealingPlace, data: bytes) -> None:
    place.seal("data")
    other = SealingPlace("team-b")
    record = other.token.create("team-a", 1, KeyType.AES_256, KeyUsage.WRAP)
    other.state.add_key(record)
    with pytest.raises(IntegrityError, match="another one here"):
        other.unseal("data.sealed", "out")
    place.rewrap("data.sealed", "team-a", "team-b")
    assert other.unseal("data.sealed", "out").read_bytes() == data


def test_keys_that_cannot_be_sealed_to(place: SealingPlace, data: bytes) -> None:
    place.state.add_key(place.token.create("signing", 1, KeyType.EC_P256, KeyUsage.SIGN))
    place.add("store")
    for keys, kind in ((("nobody",), UsageError), (("signing",), Denied), (("store",), Denied)):
        with pytest.raises(kind) as refused:
            place.seal("data", *keys)
        assert refused.value.hint
    assert names() == ["data"]
    assert [event[:2] for event in place.state.events()] == [("seal", "denied")] * 2


def test_every_wrapping_is_counted(place: SealingPlace, data: bytes) -> None:
    place.seal("data", "team-a", "team-b")
    place.rewrap("data.sealed", "team-b")
    assert [place.state.reserve(name, 1, 0) for name in ("team-a", "team-b")] == [1, 2]


def test_key_named_twice_is_one_recipient(place: SealingPlace, data: bytes) -> None:
    place.seal("data", "team-a", "team-a")
    assert len(inspect("data.sealed", streams=place.doors.unseal.streams).recipients) == 1


# --- rewrap


def test_rewrap_to_a_new_version_leaves_the_chunks_and_shuts_the_old_key_out(place: SealingPlace, data: bytes) -> None:
    old = place.seal("data").read_bytes()
    place.add("team-a", 2)
    place.state.put_into("team-a", 1, KeyState.DEACTIVATED)
    assert place.rewrap("data.sealed") == ("team-a/2",)
    new = Path("data.sealed").read_bytes()
    assert new.split(b"\n", 4)[4] == old.split(b"\n", 4)[4]
    assert new.split(b"\n")[:2] == old.split(b"\n")[:2]
    assert place.unseal("data.sealed", "out").read_bytes() == data
    with pytest.raises(Denied):
        SealingPlace("team-a").unseal("data.sealed", "out2")
    assert second_unsealer.unseal(new, wrapping_material) == data


def test_rewrap_keeps_other_teams_unless_keys_are_named(place: SealingPlace, data: bytes) -> None:
    place.seal("data", "team-a", "team-b")
    alone = SealingPlace("team-a")
    alone.add("team-a", 2)
    assert alone.rewrap("data.sealed") == ("team-a/2", "team-b/1")
    assert SealingPlace("team-b").unseal("data.sealed", "out").read_bytes() == data
    assert alone.rewrap("data.sealed", "team-a") == ("team-a/2",)
    with pytest.raises(Denied):
        SealingPlace("team-b").unseal("data.sealed", "out2")


def test_rewrap_of_what_does_not_verify_changes_nothing(place: SealingPlace, data: bytes) -> None:
    whole = place.seal("data").read_bytes()
    for broken in (whole[:-1], whole + b"x", whole.replace(b'"version":1', b'"version":2'), whole[:300], b""):
        Path("data.sealed").write_bytes(broken)
        with pytest.raises(GuardError):
            place.rewrap("data.sealed", "team-b")
        assert Path("data.sealed").read_bytes() == broken
    assert names() == ["data", "data.sealed"]


def test_sealed_file_that_changes_while_it_is_rewrapped_is_left_as_it_is(
    place: SealingPlace, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = place.seal("data")
    wrap = place.token.wrap

    def write_meanwhile(key: KeyRef, data_key: Secret, associated: bytes) -> bytes:
        sealed.write_bytes(sealed.read_bytes() + b"more")
        return wrap(key, data_key, associated)

    monkeypatch.setattr(place.token, "wrap", write_meanwhile)
    with pytest.raises(IntegrityError, match="changed while"):
        place.rewrap(sealed, "team-b")
    assert sealed.read_bytes().endswith(b"more")
    assert names() == ["data", "data.sealed"]


def test_stanza_of_another_file_does_not_open_this_one(place: SealingPlace, data: bytes) -> None:
    one, two = place.seal("data", output="one").read_bytes().split(b"\n", 4), place.seal("data", output="two").read_bytes().split(b"\n", 4)
    for mixed in ([*two[:2], one[2], *two[3:]], [*one[:4], two[4]], [two[0], two[1], *one[2:4], two[4]], [*two[:3], one[3], two[4]]):
        Path("mixed").write_bytes(b"\n".join(mixed))
        with pytest.raises(IntegrityError):
            place.unseal("mixed", "out")
        assert not Path("out").exists()


# --- places


def test_what_cannot_be_sealed(place: SealingPlace, model: Path) -> None:
    Path("link").symlink_to("model/config.json")
    os.mkfifo("pipe")
    for path, kind in (("missing", NothingToDo), ("link", UsageError), ("pipe", UsageError)):
        with pytest.raises(kind):
            place.seal(path)
    for output in ("model/inside", "model"):
        with pytest.raises(UsageError, match="would lie in"):
            place.seal("model", output=output)
    with pytest.raises(UsageError, match="no key"):
        seal(SealRequest("model", ()), doors=place.doors)
    (model / "link").symlink_to("config.json")
    with pytest.raises(IntegrityError, match="symbolic link"):
        place.seal("model")
    assert not Path("model.sealed").exists()


@pytest.mark.parametrize("change", ["a new file", "a file gone", "another mode"])
def test_folder_that_changes_while_it_is_sealed_is_refused(place: SealingPlace, model: Path, change: str) -> None:
    class Meddler(SilentProgress):
        """Does its work at the first step, when the folder's list is made and its first bytes are read."""

        def step(self, what: str, done: int, total: int | None = None) -> None:
            if change == "a new file":
                (model / "new").touch()
            elif change == "a file gone":
                (model / "a-b").unlink(missing_ok=True)
            else:
                (model / "a-b").chmod(0o755)

    doors = dataclasses.replace(place.doors, unseal=dataclasses.replace(place.doors.unseal, progress=Meddler()))
    with pytest.raises(IntegrityError, match="changed while"):
        seal(SealRequest("model", ("team-a",)), doors=doors)
    assert names() == ["model"]


def test_existing_results_stay(place: SealingPlace, data: bytes) -> None:
    place.seal("data")
    kept = Path("data.sealed").read_bytes()
    with pytest.raises(UsageError, match="exists"):
        place.seal("data")
    with pytest.raises(UsageError, match="exists"):
        place.unseal("data.sealed")
    assert (Path("data.sealed").read_bytes(), Path("data").read_bytes()) == (kept, data)
    Path("data").write_bytes(b"other")
    assert place.unseal("data.sealed", force=True).read_bytes() == data
    assert place.seal("data", force=True).read_bytes() != kept


def test_result_needs_a_name_of_its_own(place: SealingPlace, data: bytes) -> None:
    place.seal("data", output="vault")
    for output in ("", "vault", "./vault"):
        with pytest.raises(UsageError, match="no name"):
            place.unseal("vault", output)


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_unsealing_goes_on_after_an_interruption(place: SealingPlace, data: bytes, model: Path, kind: str) -> None:
    source = place.seal("data" if kind == "file" else "model", output="vault")
    if kind == "file":
        Path(".out.partial").write_bytes(data[:8192] + b"torn")
    else:
        Path(".out.partial").mkdir()
        Path(".out.partial/a").mkdir()
        Path(".out.partial/a-b").write_bytes(b"x")
        Path(".out.partial/a/b").write_bytes(b"")
        Path(".out.partial/stranger").write_bytes(b"x")
    out = place.unseal(source, "out", resume=True)
    if kind == "file":
        assert out.read_bytes() == data
    else:
        assert tree(out) == tree(model)
    assert not [name for name in names() if name.startswith(".")]


def test_a_sealed_file_depends_on_exactly_the_keys_that_open_it(place: SealingPlace, data: bytes) -> None:
    def files() -> list[int]:
        return [place.state.dependents(name, version).files for name, version in (("team-a", 1), ("team-b", 1), ("team-a", 2))]

    sealed = place.seal("data", "team-a", "team-b")
    assert files() == [1, 1, 0]
    place.seal("data", output="again")
    assert files() == [2, 1, 0]
    place.add("team-a", 2)
    place.state.put_into("team-a", 1, KeyState.DEACTIVATED)
    place.rewrap(sealed)
    assert files() == [1, 1, 1]
    place.rewrap(sealed, "team-b")
    assert files() == [1, 1, 0]


def test_a_file_that_never_came_into_being_depends_on_nothing(place: SealingPlace, data: bytes) -> None:
    Path("data.sealed").write_bytes(b"there")
    with pytest.raises(UsageError):
        place.seal("data")
    place.state.broken = True
    with pytest.raises(Unavailable):
        place.seal("data", output="other")
    assert place.state.dependents("team-a", 1).files == 0


def test_a_rewrap_that_fails_leaves_the_file_depending_on_both(place: SealingPlace, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = place.seal("data", "team-a")

    def full(*_words: object) -> None:
        raise UsageError("the disk is full")

    monkeypatch.setattr("pipeline_guard.flows.seal._copy", full)
    with pytest.raises(UsageError):
        place.rewrap(sealed, "team-b")
    assert [place.state.dependents(name, 1).files for name in ("team-a", "team-b")] == [1, 1]
