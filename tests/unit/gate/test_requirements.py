# SPDX-License-Identifier: Apache-2.0
"""Requirements files as pip reads them."""

from __future__ import annotations

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.manifest.requirements import Hash, Option, Pin, Pins, parse

A, B = "a" * 64, "b" * 64
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def read(text: str) -> Pins:
    return parse(text.encode(), "requirements.txt")


def one(text: str) -> Pin:
    (pin,) = read(text).pins
    return pin


def test_hashes_on_continued_lines_belong_to_their_pin() -> None:
    pins = read(f"# made by a tool\nfoo==1.0 \\\n    --hash=sha256:{A} \\\n    --hash=sha256:{B}\nbar==2 # why\n").pins
    assert [(pin.name, pin.specifier, pin.line) for pin in pins] == [("foo", "==1.0", 2), ("bar", "==2", 5)]
    assert pins[0].hashes == (Hash("sha256", A), Hash("sha256", B))
    assert pins[1].hashes == ()


@pytest.mark.parametrize("written", [f"--hash=sha256:{A}", f"--hash sha256:{A}", f'--hash="sha256:{A}"', f"--has=SHA256:{A}"])
def test_hash_is_read_in_every_form(written: str) -> None:
    assert one(f"foo==1 {written}").hashes == (Hash("sha256", A),)


def test_marker_and_extras_are_no_part_of_the_version() -> None:
    pin = one("foo[a, b] == 1.0 ; python_version < '3.12' and sys_platform != 'win32'")
    assert (pin.name, pin.specifier, pin.marker) == ("foo", "== 1.0", "python_version < '3.12' and sys_platform != 'win32'")


@pytest.mark.parametrize("text", ["foo", "foo>=1,<2", "foo (==1.0)", "foo ~= 1.0", "foo-bar_baz.x===1.0+local", "foo==1.*", "foo==1,"])
def test_legal_requirements_are_read(text: str) -> None:
    assert one(text).kind == "index"


@pytest.mark.parametrize(
    ("text", "name", "kind", "revision"),
    [
        (f"foo @ git+https://h.example/o/foo.git@{COMMIT}", "foo", "vcs", COMMIT),
        (f"git+ssh://git@h.example/o/foo.git@{COMMIT}#egg=foo", "foo", "vcs", COMMIT),
        (f"-e git+https://h.example/o/foo@{COMMIT}#egg=foo", "foo", "vcs", COMMIT),
        ("--editable=git+https://h.example/o/foo@main#egg=foo", "foo", "vcs", "main"),
        ("git+https://h.example/o/foo", "foo", "vcs", ""),
        ("foo @ https://h.example/foo-1.whl", "foo", "url", ""),
        ("https://h.example/foo-1.whl", "foo-1.whl", "url", ""),
        ("./local", "local", "path", ""),
        ("foo-1.0.tar.gz", "foo-1.0.tar.gz", "path", ""),
        ("file:///tmp/foo.whl", "foo.whl", "path", ""),
        ("-e .", ".", "path", ""),
    ],
)
def test_direct_references_are_told_apart(text: str, name: str, kind: str, revision: str) -> None:
    pin = one(text)
    assert (pin.name, pin.kind, pin.revision) == (name, kind, revision)


def test_hash_in_a_url_counts() -> None:
    assert one(f"foo @ https://h.example/foo.whl#sha256={A} ; python_version>'3'").hashes == (Hash("sha256", A),)


def test_options_are_read_in_long_short_and_abbreviated_form() -> None:
    options = read("-i http://a\n--index-url=http://b\n--extra http://c\n-fhttp://d\n-r base.txt\n-c limits.txt\n--pre\n").options
    assert [(option.name, option.value) for option in options] == [
        ("--index-url", "http://a"), ("--index-url", "http://b"), ("--extra-index-url", "http://c"), ("--find-links", "http://d"),
        ("--requirement", "base.txt"), ("--constraint", "limits.txt"), ("--pre", ""),
    ]  # fmt: skip
    assert options[2] == Option("--extra-index-url", "http://c", 3)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_other_encodings_with_their_mark_hide_nothing(encoding: str) -> None:
    assert parse("foo\n".encode(encoding), "r.txt").pins == (Pin("foo", 1),)


def test_odd_line_boundaries_hide_nothing() -> None:
    assert [pin.name for pin in read("a\x0cb\u2028c\r\nd\re\n").pins] == ["a", "b", "c", "d", "e"]
    assert [pin.line for pin in read("a\x0cb\r\nc").pins] == [1, 1, 2]


def test_a_comment_ends_a_continued_line() -> None:
    assert [pin.name for pin in read("a==1 \\\n# comment \\\nb==1\n").pins] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("\nfoo bar", "requirements.txt:2: not a requirement"),
        ("--unknown x", "requirements.txt:1: pip knows no option"),
        ("--hash=sha256:abc", "requirements.txt:1: --hash without a requirement"),
        ("foo --hash=abc", "requirements.txt:1: not a hash"),
        ("foo --hash", "requirements.txt:1: --hash needs a value"),
        ("foo --hash='x", "requirements.txt:1: a quotation mark"),
        ("foo\nb\0ar", "requirements.txt:2: a NUL"),
        ("@ x", "requirements.txt:1: not a requirement"),
    ],
)
def test_irregular_file_is_refused_with_its_line(text: str, where: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(text)
    assert caught.value.what.startswith(where)


def test_text_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(UsageError, match=r"r\.txt:2: not UTF-8"):
        parse(b"a\n\xff\n", "r.txt")


def test_our_own_lock_is_read_whole() -> None:
    from pathlib import Path

    path = Path(__file__).parents[3] / "tests" / "requirements.txt"
    pins = parse(path.read_bytes(), "x").pins
    assert len(pins) > 20
    assert all(pin.hashes and pin.specifier.startswith("==") for pin in pins)


def test_many_hashes_and_spaces_take_no_time() -> None:
    text = "foo==1 " + " ".join(f"--hash=sha256:{A}" for _ in range(5000)) + " " * 200_000 + "\n" + "x" + " ;" * 100_000
    assert len(read(text).pins[0].hashes) == 5000
