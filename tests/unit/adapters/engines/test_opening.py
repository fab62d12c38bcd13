# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest

from pipeline_guard.adapters.engines.opening import open_engine
from pipeline_guard.adapters.engines.references import referred
from pipeline_guard.config import parse
from pipeline_guard.errors import UsageError
from pipeline_guard.policy.engines import KINDS
from tests.unit.policy.test_engines import SOUND


def never(name: str) -> Any:
    raise AssertionError(f"{name} was asked for before anything is made")


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_that_can_be_configured_has_an_engine_which_opens_without_asking_anybody(kind: str) -> None:
    section = parse(f"version: 1\nengines:\n  it: {SOUND[kind]}\n".encode()).engines["it"]
    engine = open_engine(section.kind, section.settings(), secret=never, key=never)
    assert callable(engine.make)
    assert callable(engine.undo)


def test_unknown_kind_is_refused() -> None:
    with pytest.raises(UsageError):
        open_engine("oracle", {}, secret=never, key=never)


def test_references_are_read_without_the_final_newline(tmp_path: Any) -> None:
    (tmp_path / "value").write_bytes(b"one\ntwo\r\n")
    assert referred(f"file:{tmp_path}/value", {}).reveal() == b"one\ntwo"
    assert referred("env:PIPELINE_GUARD_X", {"PIPELINE_GUARD_X": "three"}).reveal() == b"three"


@pytest.mark.parametrize("content", [None, b"", b"\n", b"x" * 70_000], ids=["missing", "empty", "blank", "huge"])
def test_reference_that_gives_nothing_is_told_by_name(tmp_path: Any, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "value").write_bytes(content)
    with pytest.raises(UsageError) as caught:
        referred(f"file:{tmp_path}/value", {})
    assert str(tmp_path) in caught.value.hint
    with pytest.raises(UsageError, match="PIPELINE_GUARD_X"):
        referred("env:PIPELINE_GUARD_X", {})
