# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_guard.errors import GuardError, UsageError
from pipeline_guard.model.document import parse_json, parse_yaml, parse_yaml_documents


def test_keys_stay_as_written_and_positions_are_kept() -> None:
    tree = parse_yaml(b"on: push\nyes:\n  - 1\n  - 0x10\n  - 1.5\n  - null\n  - 'true'\n  - true\n", "x.yml")
    assert tree.plain() == {"on": "push", "yes": [1, 16, 1.5, None, "true", True]}
    assert tree.at(["yes", 1]).line == 4
    assert tree.key_lines == {"on": 1, "yes": 2}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b"a: 1\nb: 2\na: 3\n", "x.yml:3:"),
        (b"a: [\n", "x.yml:2:"),
        (b"a: b: c\n", "x.yml:1:"),
        (b"\xff\xfe", "x.yml:1:"),
        (b"ok: 1\nbad: \xff\n", "x.yml:2:"),
        (b"? [a]\n: b\n", "x.yml:1:"),
        (b"a: 1\n---\nb: 2\n", "x.yml:3:"),
        (b"[" * 100 + b"]" * 100, "x.yml:1:"),
        (b"a: &a [*a]\n", "x.yml:1:"),
        (b"a: \x00\n", "x.yml:1:"),
        (b"a: *nothing\n", "x.yml:1:"),
    ],
)
def test_irregular_yaml_is_one_error_with_its_line(text: bytes, place: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_yaml(text, "x.yml")
    assert caught.value.what.startswith(place)


def test_aliases_cannot_blow_up_memory() -> None:
    text = b"a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in range(1, 12):
        text += b"a%d: &a%d [" % (level, level) + b", ".join([b"*a%d" % (level - 1)] * 10) + b"]\n"
    with pytest.raises(UsageError, match="more than"):
        parse_yaml(text, "x.yml")


def test_merge_keys_do_not_override() -> None:
    assert parse_yaml(b"base: &b {x: 1, y: 2}\nmine:\n  <<: *b\n  y: 3\n", "x").plain()["mine"] == {"x": 1, "y": 3}


@given(st.one_of(st.binary(max_size=200), st.text(alphabet="ab:-[]{}&*!|>'\"#\n \t?,%0", max_size=120).map(str.encode)))
@settings(max_examples=400, deadline=None)
def test_yaml_is_a_tree_or_one_error(content: bytes) -> None:
    with suppress(GuardError):
        for document in parse_yaml_documents(content, "x"):
            document.plain()


@pytest.mark.parametrize(
    "text", [b"", b"{", b'{"a":1,"a":2}', b"[NaN]", b"[Infinity]", b"\xff", b"[" * 100_000, b'{"a":' * 100_000, b"1 2"]
)
def test_irregular_json_is_one_error(text: bytes) -> None:
    with pytest.raises(UsageError, match=r"^x: "):
        parse_json(text, "x")


def test_too_large_json_is_not_even_read() -> None:
    with pytest.raises(UsageError, match="larger"):
        parse_json(b" " * 11, "x", limit=10)
