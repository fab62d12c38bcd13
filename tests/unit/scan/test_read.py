# SPDX-License-Identifier: Apache-2.0
"""Stored bytes to texts: offsets lead back to the file, whatever its encoding."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_guard.model.limits import Limits
from pipeline_guard.model.verdict import Unchecked
from pipeline_guard.scan import notebook
from pipeline_guard.scan.lines import Lines
from pipeline_guard.scan.read import fragments


@pytest.mark.parametrize(("codec", "mark"), [("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")])
def test_utf16_is_decoded_with_offsets_as_stored(codec: str, mark: bytes) -> None:
    stored = mark + "größe\nkey=WERT".encode(codec)
    (fragment,) = fragments("a.txt", stored)
    start = fragment.data.index(b"WERT")
    span = fragment.stored(start, start + 4)
    assert stored[slice(*span)] == "WERT".encode(codec)
    place = Lines(stored).location("a.txt", span)
    assert (place.line, place.column, place.end_column) == (2, 5, 9)


def test_what_is_too_much_to_decode_is_told() -> None:
    text = b"\n".join(b64encode(f"a line of plain text, number {number}".encode()) for number in range(9))
    found = list(fragments("a.txt", text, Limits(decoded=100)))
    assert [item.why for item in found if isinstance(item, Unchecked)] == ["more than 100 bytes of encoded text: the rest was not decoded"]
    assert not [item for item in fragments("a.txt", text) if isinstance(item, Unchecked)]


def test_pointer_of_git_lfs_is_told_as_not_read() -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d" * 32 + b"\nsize 12345\n"
    told = [item for item in fragments("big.bin", pointer) if isinstance(item, Unchecked)]
    assert [(item.what, item.why.partition(":")[0]) for item in told] == [("big.bin", "a Git LFS pointer")]
    for text in (b"see " + pointer, pointer + b"x" * 1024, pointer.replace(b"/v1", b"/v2")):
        assert not [item for item in fragments("big.bin", text) if isinstance(item, Unchecked)]


def test_columns_are_code_points_in_utf8_and_bytes_in_latin1() -> None:
    assert Lines("äöü key".encode()).place(7) == (1, 5)
    assert Lines("äöü key".encode("latin-1")).place(4) == (1, 5)


def test_byte_order_mark_takes_no_column() -> None:
    assert Lines(b"\xef\xbb\xbfkey").place(3) == (1, 1)


def test_carriage_returns_do_not_make_lines() -> None:
    assert Lines(b"a\r\nbc\r\n").place(4) == (2, 2)


def _notebook(source: object, outputs: list[object]) -> bytes:
    cells = [{"cell_type": "code", "source": source, "outputs": outputs}, {"cell_type": "markdown", "source": "# title"}]
    return json.dumps({"cells": cells, "metadata": {"author": "A"}, "nbformat": 4}, indent=1).encode()


def test_notebook_source_is_unescaped_and_leads_back_to_the_file() -> None:
    stored = _notebook(['key = "SECRET\\n', 'ü"\n'], [])
    texts, rest = notebook.read(stored) or ([], b"")
    assert texts[0].data.decode() == 'key = "SECRET\\nü"\n'
    start = texts[0].data.index(b"SECRET")
    assert stored[slice(*texts[0].stored(start, start + 6))] == b"SECRET"
    assert len(rest) == len(stored)
    assert b"SECRET" not in rest
    assert b"author" in rest


def test_escapes_inside_a_value_are_part_of_its_span() -> None:
    stored = b'{"cells": [{"source": "x = \\"a\\u0062c\\""}]}'
    texts, _ = notebook.read(stored) or ([], b"")
    start = texts[0].data.index(b"abc")
    assert stored[slice(*texts[0].stored(start, start + 3))] == b"a\\u0062c"


def test_outputs_are_read_and_images_are_not() -> None:
    stored = _notebook(
        "1",
        [
            {"output_type": "stream", "text": ["printed\n"]},
            {"data": {"text/plain": "shown", "image/png": "iVBOR" * 9, "text/html": ["<b>h</b>"]}},
            {"traceback": ["Error"]},
        ],
    )
    texts, rest = notebook.read(stored) or ([], b"")
    assert [text.data for text in texts] == [b"1", b"printed\n", b"shown", b"<b>h</b>", b"Error", b"# title"]
    assert b"iVBOR" not in rest


@pytest.mark.parametrize(
    "rubbish", [b"", b"{", b'{"cells": [{"source": "abc', b'{"cells": [}]}', b'{"cells": ' + b"[" * 5000, b'"cells"' + b"\0" * 50]
)
def test_what_is_no_whole_notebook_is_read_as_it_is(rubbish: bytes) -> None:
    assert [fragment.data for fragment in fragments("a.ipynb", rubbish)][:1] == [rubbish]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_any_source_comes_back(source: str) -> None:
    source = source.encode("utf-8", "replace").decode()
    for ascii_only in (True, False):
        stored = json.dumps({"cells": [{"source": [source]}]}, ensure_ascii=ascii_only).encode()
        texts, _ = notebook.read(stored) or ([], b"")
        assert texts[0].data.decode() == source
        if source:
            start, end = texts[0].stored(0, len(texts[0].data))
            assert json.loads(b'"' + stored[start:end] + b'"') == source


@pytest.mark.parametrize("tail", [b"a" * 100_000, b"\\n" * 50_000, b'a\\"' * 30_000, b"\\"])
def test_string_that_never_ends_is_given_up_at_once(tail: bytes) -> None:
    """Dividing it in every possible way would take longer than the universe has."""
    assert notebook.read(b'{"cells": [{"source": "' + tail) is None


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_crash_the_readers(noise: bytes) -> None:
    for prefix in (b"", b"\xff\xfe", b"\xfe\xff", b'{"cells": [{"source": "'):
        for fragment in fragments("a.ipynb", prefix + noise):
            if fragment.data:
                start, end = fragment.stored(0, len(fragment.data))
                assert 0 <= start <= end
                Lines(prefix + noise).location("a", (start, min(end, len(prefix + noise))))
