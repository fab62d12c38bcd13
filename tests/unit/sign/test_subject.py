# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import pytest

from pipeline_guard.errors import GuardError, NothingToDo
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.subject import Subject
from pipeline_guard.sign.subject import SubjectIndex, read_list

ONE, TWO = Digest("sha256", "11" * 32), Digest("sha512", "22" * 64)


def test_subjects_are_found_by_digest_and_by_name() -> None:
    index = SubjectIndex([Subject("a", ONE), Subject("b", ONE), Subject("a", TWO)])
    assert [subject.name for subject in index.with_digest(ONE)] == ["a", "b"]
    assert [subject.digest for subject in index.named("a")] == [ONE, TWO]
    assert (index.with_digest(Digest("sha256", "33" * 32)), index.named("c")) == ([], [])
    assert index.algorithms == ("sha256", "sha512")


def test_a_list_of_paths_is_read() -> None:
    assert read_list(b' ["dist/a.whl", {"path": "dist/b.whl"}]', "l") == (["dist/a.whl", "dist/b.whl"], [])


def test_subjects_of_in_toto_are_read() -> None:
    entries = [{"name": "a", "digest": {"sha1": "0", "sha256": ONE.hex}}, {"name": "b", "digest": {"sha512": TWO.hex.upper()}}]
    assert read_list(json.dumps(entries).encode(), "l") == ([], [Subject("a", ONE), Subject("b", TWO)])


def test_what_checksum_tools_print_is_read() -> None:
    text = f"{ONE.hex}  dist/a.whl\r\n{TWO.hex} *./b  c\n\n\\{ONE.hex}  new\\nline\\\\n\n"
    assert read_list(text.encode(), "l") == ([], [Subject("dist/a.whl", ONE), Subject("b  c", TWO), Subject("new\nline\\n", ONE)])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n \n"[:1],
        b"[]",
        b"{}",
        b"[1]",
        b'[""]',
        b'[{"name": "a"}]',
        b'[{"name": 1, "digest": {"sha256": "0"}}]',
        b'[{"name": "a", "digest": {"md5": "0"}}]',
        b'[{"name": "a", "digest": {"sha256": "xyz"}}]',
        b'["a"',
        b"[" * 100_000,
        b"\xff",
        b"0123  a",
        ONE.hex.encode(),
        ONE.hex.encode() + b"  ",
        ONE.hex.encode() + b" a",
        b"g" * 64 + b"  a",
    ],
    ids=lambda content: repr(content[:30]),
)
def test_a_list_that_is_none_is_refused_with_a_hint(content: bytes) -> None:
    with pytest.raises(GuardError) as caught:
        read_list(content, "list.txt")
    assert caught.value.exit_code in (2, 3)


def test_an_empty_list_is_nothing_to_do() -> None:
    for content in (b"", b"[]", b"\n"):
        with pytest.raises(NothingToDo):
            read_list(content, "l")
