# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_guard.adapters.redaction import Redactor, forms
from pipeline_guard.model.secret import Secret

VALUE = "s3cr3t/Pa+ss&wörd'\"%x"


def redact(text: bytes, *values: str) -> bytes:
    redactor = Redactor([Secret(value.encode()) for value in values])
    return redactor.feed(text) + redactor.finish()


RAW = VALUE.encode()
ENCODED = {
    "plain": RAW,
    "base64": base64.b64encode(RAW),
    "url-safe base64": base64.urlsafe_b64encode(RAW),
    "base64 inside a longer text, one byte before": base64.b64encode(b"x" + RAW + b"yz"),
    "base64 inside a longer text, two bytes before": base64.b64encode(b"ab" + RAW + b"mo"),
    "double base64": base64.b64encode(base64.b64encode(RAW)),
    "base32": base64.b32encode(RAW),
    "hex": RAW.hex().encode(),
    "upper hex": RAW.hex().upper().encode(),
    "spaced hex": RAW.hex(" ").encode(),
    "percent": quote(VALUE, safe="").encode(),
    "every byte percent": "".join(f"%{byte:02X}" for byte in RAW).encode(),
    "json": json.dumps(VALUE).encode(),
    "reversed": RAW[::-1],
    "escaped bytes": "".join(f"\\x{byte:02x}" for byte in RAW).encode(),
    "powershell": base64.b64encode(VALUE.encode("utf-16-le")),
}


@pytest.mark.parametrize("name", ENCODED)
def test_every_usual_form_is_taken_out(name: str) -> None:
    shown = redact(b"before " + ENCODED[name] + b" after", VALUE)
    assert b"***" in shown
    assert shown.startswith(b"before ")
    assert shown.endswith(b" after")
    pieces = {ENCODED[name][start : start + 8] for start in range(len(ENCODED[name]) - 7)}
    assert not [piece for piece in pieces if piece in shown]


def test_each_line_of_a_longer_value_is_taken_out() -> None:
    assert redact(b"x first-line-of-it y", "first-line-of-it\nsecond-line-of-it\n") == b"x *** y"


def test_short_values_do_not_destroy_the_log() -> None:
    assert redact(b"a bad cat", "a") == b"a bad cat"


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_value_split_over_any_writes_never_leaks(data: st.DataObject) -> None:
    value = data.draw(st.binary(min_size=6, max_size=40).filter(lambda raw: raw.strip() == raw and len(set(raw)) > 3))
    before, after = data.draw(st.binary(max_size=30)), data.draw(st.binary(max_size=30))
    text = before + value + after
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    redactor = Redactor([Secret(value)])
    parts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    shown = b"".join(redactor.feed(part) for part in parts if part) + redactor.finish()
    assert value not in shown
    assert redactor.hits >= 1


@given(st.lists(st.binary(max_size=50), max_size=8))
@settings(max_examples=100, deadline=None)
def test_text_without_the_value_passes_unchanged(parts: list[bytes]) -> None:
    value = b"Zq8#kk-not-in-there"
    redactor = Redactor([Secret(value)])
    text = b"".join(parts)
    shown = b"".join(redactor.feed(part) for part in parts) + redactor.finish()
    if not any(form in text for form in forms(value)):
        assert shown == text


def test_secret_that_begins_with_another_does_not_leak_its_tail() -> None:
    redactor = Redactor([Secret(b"alpha-pass"), Secret(b"alpha-pass-EXTENDED")])
    shown = redactor.feed(b"x alpha-pass") + redactor.feed(b"-EXTENDED y") + redactor.finish()
    assert shown == b"x *** y"


def test_overlapping_secrets_leave_nothing_of_either() -> None:
    assert redact(b"<aaaa1111bbbb>", "aaaa1111", "1111bbbb") == b"<***>"


def test_short_lines_of_a_longer_value_are_taken_out() -> None:
    assert redact(b"x Pa5s! y", "Pa5s!\nQa6s!\n") == b"x *** y"
