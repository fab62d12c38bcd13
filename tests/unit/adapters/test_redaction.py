# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import re
import sys
from collections.abc import Callable
from html import escape
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_guard.adapters.disguise import forms, maskable, random_looking
from pipeline_guard.adapters.redaction import PIECE, Redactor
from pipeline_guard.model.secret import Secret

SHORT = b"kq7w9x" + b"2mT5"
VALUE = "s3cr3t/Pa+ss&wörd'\"%x"


def redact(text: bytes, *values: str) -> bytes:
    redactor = Redactor([Secret(value.encode()) for value in values])
    return redactor.feed(text) + redactor.finish()


RAW = VALUE.encode()
ANOTHER = "Q9dk~x!LzM,eTuöIz'\"%x"  # as long, and nothing of it is the same


def each(form: str, text: str, between: str = "") -> bytes:
    return between.join(form % byte for byte in text.encode()).encode()


def wrapped(raw: bytes, width: int, end: bytes = b"\n") -> bytes:
    text = base64.b64encode(raw)
    return end.join(text[place : place + width] for place in range(0, len(text), width))


ENCODED: dict[str, Callable[[str], bytes]] = {
    "plain": lambda v: v.encode(),
    "base64": lambda v: base64.b64encode(v.encode()),
    "base64, line break behind it": lambda v: base64.b64encode(v.encode() + b"\n"),
    "url-safe base64": lambda v: base64.urlsafe_b64encode(v.encode()),
    "base64 inside a longer text, one byte before": lambda v: base64.b64encode(b"x" + v.encode() + b"yz"),
    "base64 inside a longer text, two bytes before": lambda v: base64.b64encode(b"ab" + v.encode() + b"mo"),
    "url-safe base64 inside a longer text": lambda v: base64.urlsafe_b64encode(b"ab" + v.encode() + b"mo"),
    "base64 in lines of 64": lambda v: wrapped(b"0" * 40 + v.encode() + b"yz", 64),
    "base64 in lines of 76, of Windows": lambda v: wrapped(b"0" * 41 + v.encode() + b"yz", 76, b"\r\n"),
    "base64 in lines, set in": lambda v: wrapped(b"0" * 39 + v.encode() + b"yz", 64, b"\n    "),
    "double base64": lambda v: base64.b64encode(base64.b64encode(v.encode())),
    "double base64 inside a longer text": lambda v: base64.b64encode(b"k=" + base64.b64encode(b"x" + v.encode() + b"yz") + b";;"),
    "double base64, url-safe": lambda v: base64.urlsafe_b64encode(base64.urlsafe_b64encode(b"ab" + v.encode() + b"mo")),
    "double base64, both in lines": lambda v: wrapped(wrapped(b"0" * 41 + v.encode() + b"yz", 76) + b"\n", 76),
    "base32": lambda v: base64.b32encode(v.encode()),
    "base32 inside a longer text, in small letters": lambda v: base64.b32encode(b"x" + v.encode() + b"yz").lower(),
    "hex": lambda v: v.encode().hex().encode(),
    "upper hex": lambda v: v.encode().hex().upper().encode(),
    "spaced hex": lambda v: v.encode().hex(" ").encode(),
    "hex in pairs of bytes": lambda v: v.encode().hex(" ", 2).encode(),
    "hex with colons": lambda v: v.encode().hex(":").upper().encode(),
    "hex with dashes": lambda v: v.encode().hex("-").upper().encode(),
    "hex, as in C": lambda v: each("0x%02x", v, ", "),
    "percent": lambda v: quote(v, safe="").encode(),
    "percent of a percent": lambda v: quote(quote(v, safe=""), safe="").encode(),
    "every byte percent": lambda v: each("%%%02X", v),
    "every byte percent in small letters": lambda v: each("%%%02x", v),
    "a form": lambda v: quote_plus(v).encode(),
    "json": lambda v: json.dumps(v).encode(),
    "json in json": lambda v: json.dumps(json.dumps({"a": v})).encode(),
    "json with slashes escaped": lambda v: json.dumps(v).replace("/", "\\/").encode(),
    "json for HTML": lambda v: json.dumps(v).replace("&", "\\u0026").replace("'", "\\u0027").encode(),
    "xml": lambda v: escape(v, quote=False).replace('"', "&quot;").replace("'", "&apos;").encode(),
    "html": lambda v: escape(v).encode(),
    "entities": lambda v: each("&#%d;", v),
    "reversed": lambda v: v[::-1].encode(),
    "reversed bytes": lambda v: v.encode()[::-1],
    "escaped bytes": lambda v: each("\\x%02x", v),
    "octal": lambda v: each("\\%03o", v),
    "Unicode escapes": lambda v: "".join(f"\\u{ord(sign):04x}" for sign in v).encode(),
    "repr of bytes": lambda v: repr(v.encode()).encode(),
    "printf %q": lambda v: re.sub(r"([^a-zA-Z0-9ö])", r"\\\1", v).encode(),
    "shell quotes": lambda v: ("'" + v.replace("'", "'\\''") + "'").encode(),
    "quotes doubled": lambda v: v.replace("'", "''").encode(),
    "decimal numbers": lambda v: each("%d", v, ", "),
    "powershell": lambda v: base64.b64encode(v.encode("utf-16-le")),
    "UTF-16": lambda v: v.encode("utf-16-le"),
    "two literals": lambda v: v[:9].encode() + b'" \\\n   "' + v[9:].encode(),
    "two lines": lambda v: v[:9].encode() + b"\n" + v[9:].encode(),
    "a sign a line": lambda v: "\n".join(v).encode(),
    "gzip in base64": lambda v: base64.b64encode(gzip.compress(b"x=1\nTOKEN=" + v.encode() + b"\n", mtime=0)),
    "gzip in base64 in lines": lambda v: wrapped(gzip.compress(b"".join(b"%d," % n for n in range(99)) + v.encode(), mtime=0), 76),
    "gzip in base64, cut off": lambda v: base64.urlsafe_b64encode(gzip.compress(v.encode() + bytes(range(200)), mtime=0))[:-60],
}


def telling(text: bytes, other: bytes) -> set[bytes]:
    """Return the pieces that depend on the value, by more than a sign that it shares with what surrounds it."""
    assert len(text) - len(other) in range(-20, 21)
    places = [place for place in range(len(text) - 19) if sum(a != b for a, b in zip(text[place:][:20], other[place:], strict=False)) > 4]
    return {text[place : place + 20] for place in places}


@pytest.mark.parametrize("name", ENCODED)
def test_every_usual_form_is_taken_out(name: str) -> None:
    encoded = ENCODED[name](VALUE)
    shown = redact(b"before " + encoded + b" after", VALUE)
    assert b"***" in shown
    assert shown.startswith(b"before ")
    assert shown.endswith(b" after")
    pieces = telling(encoded, ENCODED[name](ANOTHER))
    assert pieces
    assert not [piece for piece in pieces if piece in shown]


@pytest.mark.parametrize("name", ENCODED)
def test_every_usual_form_is_found_one_byte_at_a_time_and_nothing_else_is_lost(name: str) -> None:
    encoded = b"before " + ENCODED[name](VALUE) + b" after"
    redactor = Redactor([Secret(RAW)])
    shown = b"".join(redactor.feed(bytes((byte,))) for byte in encoded) + redactor.finish()
    assert shown == redact(encoded, VALUE)


@pytest.mark.parametrize("name", ENCODED)
def test_another_value_in_the_same_form_is_left_alone(name: str) -> None:
    text = b"before " + ENCODED[name](ANOTHER) + b" after\n"
    assert redact(text, VALUE) == text


def test_each_line_of_a_longer_value_is_taken_out() -> None:
    assert redact(b"x first-line-of-it y", "first-line-of-it\nsecond-line-of-it\n") == b"x *** y"


def test_short_values_do_not_destroy_the_log() -> None:
    assert redact(b"a bad cat", "a") == b"a bad cat"


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_value_split_over_any_writes_never_leaks(data: st.DataObject) -> None:
    value = data.draw(st.binary(min_size=8, max_size=40).filter(maskable))
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


def test_short_and_common_values_are_told_and_left_alone() -> None:
    for value in ("a", "1234567", "production", "localhost", "--------", "2026-11-24", "aaaaaaaa", "true"):
        assert not maskable(value.encode()), value
        text = f"x {value} y".encode()
        assert redact(text, value) == text
    for value in ("Pa5s!", "hunter2-hunter2", "kq7w9x2m", "correct horse battery"):
        assert maskable(value.encode()), value


def test_fields_of_json_that_are_secrets_are_taken_out_and_the_others_stay() -> None:
    key = "-----BEGIN " + "PRIVATE KEY-----\n" + base64.b64encode(bytes(range(200))).decode() + "\n-----END " + "PRIVATE KEY-----\n"
    account = {"type": "service_account", "project_id": "our-project", "private_key": key, "auth_uri": "https://accounts.example/o/auth"}
    account |= {"nested": [{"password": "correct-horse"}], "private_key_id": "4f1c29ab77e04d5c9a"}
    value = json.dumps(account)
    assert redact(b"a service_account of our-project at https://accounts.example/o/auth", value).count(b"***") == 0
    for line in ("correct-horse", "4f1c29ab77e04d5c9a", base64.b64encode(bytes(range(200))).decode()):
        assert redact(f"<{line}>".encode(), value) == b"<***>"
    assert redact(json.dumps(json.loads(value), indent=4).encode(), value).count(b"***") >= 1


def test_password_of_a_url_is_taken_out_alone_and_decoded() -> None:
    url = "postgresql://app:" + "s3cr%2Ft-Pa55" + "@db.example:5432/x"
    assert redact(b"user app at db.example, s3cr/t-Pa55 and s3cr%2Ft-Pa55", url) == b"user app at db.example, *** and ***"
    assert redact(url.encode(), url) == b"***"


def test_values_of_a_file_of_variables_are_taken_out() -> None:
    value = "REGION=eu-central-1\nexport DB_PASSWORD='aPassOfWords'\nAPI=kq7w9x2mT5\n"
    assert redact(b"eu-central-1 aPassOfWords kq7w9x2mT5", value) == b"eu-central-1 *** ***"


def test_value_with_line_breaks_is_found_with_those_of_windows_and_set_in() -> None:
    value = "-----BEGIN KEY-----\nabcdEFGH1234abcdEFGH1234\nijklMNOP5678ijklMNOP5678\n-----END KEY-----\n"
    for text in (value.replace("\n", "\r\n"), value.replace("\n", "\n      "), json.dumps(value), repr(value)):
        assert b"1234abcd" not in redact(text.encode(), value)
        assert b"5678ijkl" not in redact(text.encode(), value)
    assert redact(b"-----BEGIN KEY-----", value) == b"-----BEGIN KEY-----"


def test_powershell_parts_of_a_value_with_ampersand_are_taken_out() -> None:
    assert redact(b"The term 'secret' is; tailpart is", "secre9t&tailpart") == b"The term 'secret' is; *** is"


def test_what_may_be_a_beginning_is_shown_when_nothing_follows_and_the_rest_is_still_hidden() -> None:
    redactor = Redactor([Secret(SHORT + b"zz")])
    assert redactor.feed(b"go? kq") == b"go? "
    assert redactor.idle() == b"kq"
    assert not redactor.waiting
    assert redactor.feed(b"7w9x2mT5zz!") + redactor.finish() == b"***!"
    assert redactor.feed(b"kq7w9x") == b""
    assert redactor.idle() == b"", "half of a value is not shown"
    assert redactor.finish() == b"kq7w9x"


def test_two_streams_count_together_and_do_not_mix() -> None:
    first = Redactor([Secret(SHORT + b"zz"), Secret(b"Another-1-value")])
    second = first.beside()
    assert (first.feed(b"kq7w") + first.finish(), second.feed(b"9x2mT5zz") + second.finish()) == (b"kq7w", b"9x2mT5zz")
    first.feed(b"kq7w9x2mT5zz,kq7w9x2mT5zz ")
    second.feed(b"Another-1-value ")
    assert (first.counts, first.hits, second.hits) == ([2, 1], 3, 3)


def test_memory_is_bounded_whatever_is_written() -> None:
    value = base64.b64encode(bytes(range(256)) * 150)
    redactor = Redactor([Secret(value)])
    held = 0
    for chunk in (value * 20, b"H4sI" + b"A" * 5_000_000, value[:-1] * 9, b"x" * 3_000_000):
        for place in range(0, len(chunk), 65536):
            redactor.feed(chunk[place : place + 65536])
            held = max(held, len(redactor._held))
    assert held < 256 * 1024


def test_a_bomb_is_opened_to_a_bound_only() -> None:
    bomb = base64.b64encode(gzip.compress(b"0" * 50_000_000))
    assert redact(b"x " + bomb + b" y", VALUE) == b"x " + bomb + b" y"


def test_binary_output_passes_unchanged() -> None:
    noise = os.urandom(300_000)
    assert redact(noise, VALUE) == noise


ORDINARY = [
    path
    for folder in ("docs", "tests", "pipeline_guard")
    for path in sorted((Path(__file__).parents[3] / folder).rglob("*.[mpy][dyl]*"))
    if path.parent.name != "__pycache__"  # compiled tests come and go, and hold values
]


@pytest.fixture(scope="module")
def ordinary() -> bytes:
    """Ordinary text: sources and documents of this project and of Python itself, and a log as builds write it."""
    library = sorted(Path(os.__file__).parent.glob("*.py"))[:150]
    log = b"".join(
        b"2026-11-24T12:%02d:%02dZ INFO  build step %d of 9000 -- object %040x done\n" % (n // 60 % 60, n % 60, n, n * 7**40 % 16**40)
        for n in range(9000)
    )
    return log + b"\n".join(path.read_bytes() for path in [*ORDINARY, *library] if path.parent != Path(__file__).parent)


def test_nothing_is_lost_of_ordinary_text(ordinary: bytes) -> None:
    """Values as services make them, and as people choose them."""
    number = hashlib.sha256(b"a seed").digest()
    values = [base64.b64encode(number[:size]) for size in range(6, 31, 3)]
    values += [number[:size].hex().encode() for size in range(4, 21, 4)]
    values += [str(int.from_bytes(number[:size], "big")).encode() for size in (4, 6, 9)]
    values += [b"Tr0ub4dor&3", b"correct horse battery staple", b"Sommer2026!", b"hunter2hunter2", VALUE.encode()]
    values += [b"postgresql://app:" + SHORT + b"@db.example/x", b'{"user": "admin", "password": "' + SHORT + b'", "host": "localhost"}']
    values = [value for value in values if value not in ordinary]
    assert len(values) > 15
    redactor = Redactor([Secret(value) for value in values])
    assert len(ordinary) > 5_000_000
    shown = b"".join(redactor.feed(ordinary[place : place + 65536]) for place in range(0, len(ordinary), 65536)) + redactor.finish()
    assert redactor.hits == 0
    assert shown == ordinary


def test_without_the_native_engine_the_answer_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [b"a " + make(VALUE) + b" z " + make(ANOTHER) for make in ENCODED.values()]
    with_engine = [redact(text, VALUE) for text in texts]
    monkeypatch.setitem(sys.modules, "hyperscan", None)
    assert [redact(text, VALUE) for text in texts] == with_engine


def test_random_text_is_told_from_words() -> None:
    assert random_looking(b"4f1c29ab77e04d5c9a")
    assert not random_looking(b"service_account")
    assert not random_looking(b"projects/our-project")


def test_a_value_longer_than_a_piece_leaves_nothing_at_its_seams() -> None:
    value = base64.b85encode(hashlib.sha512(b"a seed").digest() * 12)
    assert len(value) > 3 * PIECE
    assert redact(b"<" + value + b">", value.decode()) == b"<***>"


def test_values_in_packed_texts_are_counted_for_whom_they_are() -> None:
    secrets = [b"kq7w9x2mT5zz-one", b"Another-1-value", b"Third-3-of-them"]
    packed = [base64.b64encode(gzip.compress(b"x=" + value)) for value in secrets[:2]]
    redactor = Redactor([Secret(value) for value in secrets])
    shown = redactor.feed(b"a " + packed[0] + b"\nb " + packed[1] + b"\nc " + packed[0] + b" d\n") + redactor.finish()
    assert redactor.counts == [2, 1, 0]
    assert shown.count(b"***") == 3
    assert shown.endswith(b" d\n")


def test_what_only_looks_packed_is_left_alone_and_read_once() -> None:
    text = b"H4sI" * 50_000 + b" " + b"H4sIAAAAAAAA " * 20_000  # a decoding of all that follows at each place would take hours
    assert redact(text, VALUE) == text


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode, base64.b32encode])
def test_no_sign_of_an_encoded_text_that_holds_a_bit_of_the_value_is_shown(encode: Callable[[bytes], bytes]) -> None:
    value = b"korrekt-Pferd+Batterie/77xQ"
    bits = 5 if encode is base64.b32encode else 6
    for size in (25, 26, 27):
        secret = value[:size]
        for before in (b"", b"a", b"\xff~", b"xyz", b"\0\0\0\0"):
            for behind in (b"", b"\n", b"\xff\xff", b"end"):
                text = encode(before + secret + behind)
                first, last = len(before) * 8 // bits, -(-(len(before) + size) * 8 // bits)
                filtered = Redactor([Secret(secret)])
                assert filtered.feed(text) + filtered.finish() == text[:first] + b"***" + text[last:], (before, behind)
                assert filtered.hits == 1


def test_value_of_which_the_filter_would_find_nothing_again_is_not_called_maskable() -> None:
    for value in (b"\0\0\0\0\0\1\2\3", b"'\\'\\'\\'\\ab4D"):
        assert not maskable(value)
