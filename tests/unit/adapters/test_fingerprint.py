# SPDX-License-Identifier: Apache-2.0
"""The fingerprint's key: from the environment, else kept in the home folder, else for one run only."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from pipeline_guard.adapters.fingerprint import FILE, VARIABLE, KeyedFingerprint
from pipeline_guard.errors import UsageError


def test_key_is_made_at_first_need_and_private(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "home"
    door = KeyedFingerprint(str(home), {})
    assert not home.exists()
    first = door.of("rule", b"value")
    assert stat.S_IMODE((home / FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert [path.name for path in home.iterdir()] == [FILE]
    again = KeyedFingerprint(str(home), {})
    assert (again.of("rule", b"value"), again.key_id()) == (first, door.key_id())
    assert len(first) == 64


def test_rule_value_and_key_all_count() -> None:
    one, other = (KeyedFingerprint("/nowhere", {VARIABLE: text * 4}) for text in ("abcd", "efgh"))
    prints = {one.of("r", b"v"), one.of("r", b"w"), one.of("s", b"v"), other.of("r", b"v")}
    assert len(prints) == 4
    assert one.key_id() != other.key_id()


def test_short_key_is_refused() -> None:
    with pytest.raises(UsageError, match="shorter than 16"):
        KeyedFingerprint("/nowhere", {VARIABLE: "short"}).key_id()


def test_damaged_key_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"half")
    with pytest.raises(UsageError, match="no fingerprint key"):
        KeyedFingerprint(str(tmp_path), {}).key_id()
    assert (tmp_path / FILE).read_bytes() == b"half"


def test_home_that_cannot_be_written_gives_a_key_for_this_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    door = KeyedFingerprint(str(tmp_path / "file" / "home"), {})
    assert door.of("r", b"v") == door.of("r", b"v")
    assert door.lasting is False
