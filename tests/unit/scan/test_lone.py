# SPDX-License-Identifier: Apache-2.0
"""Files whose name calls the only word in them a secret."""

from __future__ import annotations

import pytest

from pipeline_guard.scan.lone import lone_value

WORD = b"9aB3" + b"xQ7mZ2kL5vN8"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("config/master.key", b"master_key"), (".vault_pass", b"vault_pass"), ("deploy/api_token.txt", b"api_token"),
        (".erlang.cookie", b"erlang_token"), ("db-password.prod", b"db_password"),
    ],
)  # fmt: skip
def test_the_name_of_the_file_stands_before_its_word(path: str, name: bytes) -> None:
    piece = lone_value(path, b" " + WORD + b"\n")
    assert piece is not None
    assert piece.data == name + b"=" + WORD + b"\n"
    start = len(name) + 1
    assert piece.stored(start, start + len(WORD)) == (1, 1 + len(WORD))
    assert piece.stored(0, start + len(WORD)) == (1, 1 + len(WORD))
    assert piece.stored(0, start) is None


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("master", WORD), ("readme.txt", WORD), ("keyboard.txt", WORD), ("api_token.txt", WORD + b" " + WORD), ("api_token.txt", b"short"),
        ("/etc/passwd", b":".join((b"root", b"x", b"0", b"0", b"root", b"/root", b"/bin/bash"))), ("api_token.txt", WORD * 50), ("api_token.py", WORD),
    ],
)  # fmt: skip
def test_other_files_are_read_as_they_are(path: str, data: bytes) -> None:
    assert lone_value(path, data) is None
