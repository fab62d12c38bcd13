# SPDX-License-Identifier: Apache-2.0
"""What only looks like a secret: each kind is known by its own test, and what resembles it is not."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_guard.scan import filters


@pytest.mark.parametrize(
    "value",
    ["changeme", "your-api-key-here", "<token>", "${DB_PASSWORD}", "{{ vault.password }}", "$DB_PASSWORD", "%PASSWORD%", "@db.password@",
     "!vault |", "!Ref Password", "%(password)s", "#{password}", "op://vault/item", "xxxxxxxxxxxx", "aaaaaaaa", "abcabcabcabc", "eyJhbGci...",
     "process.env.TOKEN", "ENC[AES256_GCM,data]"],
)  # fmt: skip
def test_placeholders_and_references_are_known(value: str) -> None:
    assert filters.is_placeholder(value.encode())


@pytest.mark.parametrize("value", ["P@@ss{mark}", "!Dd5G{mark}", "su$er{mark}", "a{mark}$x9", "100%({mark}"])
def test_passwords_with_such_characters_are_no_references(value: str) -> None:
    assert not filters.is_placeholder(value.replace("{mark}", "4s9Kq").encode())


@pytest.mark.parametrize(
    "value",
    ["sha256:0a", "ssh-" + "ed25519 AAAA", "/run/secrets/db", "https://builds.dev/x", "config.yml", "2026-11-24T10:00:00Z", "127.0.0.1:5432",
     "dev@builds.dev", "U2FsdGVkX1" + "8abc", "12:30", "3.25", "1.3.6.1.5.5.7.3.1\\x00",
     "notes.builds.dev+00000c67+A" + "b" * 43],
)  # fmt: skip
def test_hashes_paths_dates_and_addresses_are_something_else(value: str) -> None:
    assert filters.is_other(value.encode())


@pytest.mark.parametrize(
    "value", ["get_password('x')", "a && b", "{0}-{1}", "(?:a|b)", "<b>bold</b>", "two words", "--flag", "name=value", "\\x00\\xff"]
)
def test_code_formats_and_prose_within_quotes_are_known(value: str) -> None:
    assert filters.is_code(value.encode(), quoted=True)


def test_members_and_hosts_are_words_with_dots_and_random_values_are_not() -> None:
    assert filters.is_dotted(b"settings.API_KEY")
    assert filters.is_dotted(b"config/production/token")
    assert not filters.is_dotted(b"n83.bat47Fy4")
    assert not filters.is_dotted(b"x7/Kq3/Zt9w")


def test_walks_along_the_keyboard_are_sequences() -> None:
    for value in (b"qwertyuiop", b"1234567890", b"abcdefgh", b"asdfghjkl1", b"abcdefghijklmnopqrstuvwxyz123456"):
        assert filters.is_sequence(value)
    assert not filters.is_sequence(b"x7Kq3Zt9wLm2")


def test_base64_of_a_placeholder_is_one() -> None:
    assert filters.hides_placeholder(base64.b64encode(b"changeme-please"))
    assert not filters.hides_placeholder(base64.b64encode(b"x7Kq3Zt9wLm2"))
    assert filters.unwrapped(b"not base64!") == b""


@given(st.text(alphabet="abcXYZ019+/=", max_size=40))
def test_what_resembles_base64_breaks_nothing(value: str) -> None:
    assert filters.unwrapped(value.encode()) == b"" or len(filters.unwrapped(value.encode())) < len(value)


@given(st.binary(max_size=300))
def test_no_bytes_break_a_filter(value: bytes) -> None:
    for judge in (
        filters.is_placeholder,
        filters.hides_placeholder,
        filters.is_sequence,
        filters.is_other,
        filters.is_dotted,
        filters.is_name,
    ):
        assert judge(value) in (True, False)
    assert filters.entropy(value) >= 0
