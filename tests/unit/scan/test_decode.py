# SPDX-License-Identifier: Apache-2.0
"""One layer of encoding undone, and what is left alone."""

from __future__ import annotations

import base64
import hashlib

import pytest

from pipeline_guard.scan.decode import decoded, is_store
from pipeline_guard.scan.sample import expand_bytes


def texts(data: bytes) -> list[tuple[str, bytes]]:
    return [(kind, piece.data) for kind, piece in decoded(data, 1_000_000)]


def test_value_keeps_the_name_before_it() -> None:
    encoded = base64.b64encode(b"some words in here")
    assert texts(b"a: 1\n  name: " + encoded) == [("base64", b"  name: some words in here")]
    assert texts(b"kind: Secret\n  user: " + base64.b64encode(b"ada l")) == []
    assert texts(b"kind: Secret\n  user: " + base64.b64encode(b"ada lov")) == [("base64", b"  user: ada lov")]


@pytest.mark.parametrize(
    "plain",
    [
        b"sha512-" + base64.b64encode(hashlib.sha512(b"some package").digest()),
        b"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        b"https://example.org/a%20b?c=d&amp;e=f",
        b'print("a\\n")  # \\x00 \\u00e4',
        b"some_quite_long_identifier_in_a_program/or/a/path/to/a/file.txt",
        b'x = ["first words here",\n     "second words here"]',
    ],
)
def test_ordinary_text_is_left_alone(plain: bytes) -> None:
    assert texts(plain) == []


def test_span_of_an_escape_is_its_encoded_form() -> None:
    data = b"key=abcdefghij%2Bklm%3D end"
    ((_, piece),) = decoded(data, 1000)
    start = piece.data.index(b"abcdefghij+klm=")
    span = piece.stored(start, start + 15)
    assert span is not None
    assert data[slice(*span)] == b"abcdefghij%2Bklm%3D"


def test_far_escapes_are_found_by_their_marks() -> None:
    data = b" ".join(b"abcdefgh%%2B%03d" % number for number in range(300))
    ((_, piece),) = decoded(data, 100_000)
    for number in (0, 63, 64, 65, 150, 299):
        start = piece.data.index(b"+%03d" % number)
        span = piece.stored(start, start + 4)
        assert span is not None
        assert data[slice(*span)] == b"%%2B%03d" % number


@pytest.mark.parametrize(("mark", "count"), [(b"ops_DUMMY", 0), (b"EXAMPLE", 0), (b"ops_", 1), (b"", 1)])
def test_mark_on_a_token_makes_what_it_holds_made_up(mark: bytes, count: int) -> None:
    assert len(texts(mark + base64.b64encode(b'{"email": "somebody", "words": "in here"}'))) == count


def test_colours_of_a_terminal_do_not_stick_to_words() -> None:
    assert texts(b"token: \x1b[1;33msome-coloured-word\x1b[0m end") == [("coloured", b"token: some-coloured-word end")]
    assert texts(b"\x1b[2J\x1b[H plain") == []


@pytest.mark.parametrize("plain", [b"some words in here", b"some words in here!", b"some words in here!!"])
def test_the_end_of_base64_takes_its_padding_with_it(plain: bytes) -> None:
    encoded = base64.b64encode(plain)
    ((_, piece),) = decoded(b"x: " + encoded + b"\n", 1_000)
    assert piece.stored(3, 3 + len(plain)) == (3, 3 + len(encoded))
    assert piece.stored(3, 3 + 9) == (3, 3 + 12)


@pytest.mark.parametrize(
    ("before", "kind", "mark"),
    [
        (b"%22", "percent", b'"'), (b"%3D", "percent", b"="), (b"%2522", "percent", b"%22"), (b"\\u0022", "unicode", b'"'),
        (b"\\x22", "escape", b'"'), (b"\\n", "json", b"\n"), (b"\\t", "json", b"\t"),
    ],
)  # fmt: skip
def test_an_escape_right_before_a_long_word_is_undone(before: bytes, kind: str, mark: bytes) -> None:
    word = b"gh" + b"p_9aB3xQ7mZ2kL5vN8"
    assert texts(b"a " + before + word + b"\n")[:1] == [(kind, b"a " + mark + word)]
    assert texts(b"a " + before + word[:12] + b"\n") == []


@pytest.mark.parametrize("maker", ["pkcs12", "java-keystore"])
def test_key_stores_in_base64_are_given_as_they_are(maker: str) -> None:
    store = expand_bytes(f"{{make:{maker}}}", "a test of base64")
    assert ("base64", store) in texts(b"KEYSTORE=" + base64.b64encode(store) + b"\n")
    assert ("base64", store) in texts(base64.encodebytes(store))
    assert not is_store(store[:2] + store[8:])
