# SPDX-License-Identifier: Apache-2.0
"""Sealing under keys that a real SoftHSM token holds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline_guard.adapters.clock import SystemClock, SystemRandom
from pipeline_guard.adapters.files import LocalFiles
from pipeline_guard.adapters.hsm.pkcs11 import Pkcs11Token
from pipeline_guard.adapters.sql.state import SqlState
from pipeline_guard.adapters.streams import LocalStreams
from pipeline_guard.adapters.terminal import SilentProgress
from pipeline_guard.adapters.tree import LocalTree
from pipeline_guard.errors import Denied, IntegrityError, Unavailable
from pipeline_guard.flows.seal import SealDoors, SealRequest, rewrap, seal
from pipeline_guard.flows.unseal import UnsealDoors, UnsealRequest, opened, unseal
from pipeline_guard.model.key import KeyType, KeyUsage


@pytest.fixture
def doors(token: Pkcs11Token, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SealDoors:
    """A store of its own over the session's token, with two wrapping keys."""
    monkeypatch.chdir(tmp_path)
    state = SqlState.open(str(tmp_path / "home"))
    for name in ("team-a", "team-b"):
        state.add_key(token.create(name, 1, KeyType.AES_256, KeyUsage.WRAP))
    unsealing = UnsealDoors("user:ada", SystemClock(), LocalStreams(), SilentProgress(), lambda: token, lambda: state)
    return SealDoors(SystemRandom(), LocalFiles(), LocalTree(), unsealing)


def test_file_sealed_to_two_keys_of_the_token_comes_back(doors: SealDoors) -> None:
    content = os.urandom(1_500_000)
    Path("weights").write_bytes(content)
    done = seal(SealRequest("weights", ("team-a", "team-b")), doors=doors)
    assert done.keys == ("team-a/1", "team-b/1")
    unseal(UnsealRequest("weights.sealed", "out"), doors=doors.unseal)
    assert Path("out").read_bytes() == content
    with opened("weights.sealed", doors=doors.unseal) as sealed:
        assert b"".join(map(bytes, sealed.payload.read(1_000_000, 100))) == content[1_000_000:1_000_100]


def test_new_version_of_a_key_takes_over_without_touching_the_chunks(doors: SealDoors, token: Pkcs11Token) -> None:
    Path("weights").write_bytes(b"x" * 100_000)
    seal(SealRequest("weights", ("team-a",)), doors=doors)
    before = Path("weights.sealed").read_bytes()
    state = doors.unseal.state()
    state.add_key(token.create("team-a", 2, KeyType.AES_256, KeyUsage.WRAP))
    assert rewrap("weights.sealed", (), doors=doors).keys == ("team-a/2",)
    after = Path("weights.sealed").read_bytes()
    assert after.split(b"\n", 4)[4] == before.split(b"\n", 4)[4]
    unseal(UnsealRequest("weights.sealed", "out"), doors=doors.unseal)
    assert Path("out").read_bytes() == b"x" * 100_000


def test_changed_stanza_is_refused_by_the_token(doors: SealDoors) -> None:
    Path("weights").write_bytes(b"x" * 1000)
    seal(SealRequest("weights", ("team-a",), "one"), doors=doors)
    seal(SealRequest("weights", ("team-a",), "two"), doors=doors)
    one, two = (Path(name).read_bytes().split(b"\n", 4) for name in ("one", "two"))
    Path("mixed").write_bytes(b"\n".join([*one[:2], two[2], *one[3:]]))
    with pytest.raises(IntegrityError):
        unseal(UnsealRequest("mixed", "out"), doors=doors.unseal)
    assert not Path("out").exists()


def test_key_that_left_the_token_is_unavailable_and_one_of_another_store_denied(
    doors: SealDoors, token: Pkcs11Token, tmp_path: Path
) -> None:
    Path("weights").write_bytes(b"x" * 1000)
    seal(SealRequest("weights", ("team-b",)), doors=doors)
    other = SqlState.open(str(tmp_path / "other"))
    base = doors.unseal
    elsewhere = UnsealDoors(base.actor, base.clock, base.streams, base.progress, base.wrapper, lambda: other)
    with pytest.raises(Denied):
        unseal(UnsealRequest("weights.sealed", "out"), doors=elsewhere)
    key = base.state().key("team-b")
    assert key is not None
    token.destroy(key.ref)
    with pytest.raises(Unavailable):
        unseal(UnsealRequest("weights.sealed", "out"), doors=base)
    assert not Path("out").exists()
