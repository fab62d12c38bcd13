# SPDX-License-Identifier: Apache-2.0
"""DER as written is read again, and nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_guard.sign import der
from pipeline_guard.sign.der import Malformed


@settings(deadline=None)
@given(st.integers(-(2**400), 2**400))
def test_numbers_come_back(number: int) -> None:
    assert der.integer(der.read(der.number(number))) == number


@pytest.mark.parametrize("oid", ["1.2.840.113549.1.7.2", "2.16.840.1.101.3.4.2.1", "1.3.6.1.4.1.57264.1.8", "2.999.1", "0.9", "1.39"])
def test_object_identifiers_come_back(oid: str) -> None:
    assert der.dotted(der.read(der.oid(oid))) == oid


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65535, 65536, 70000])
def test_every_length_comes_back(size: int) -> None:
    content = der.read(der.write(der.OCTET_STRING, bytes(size))).content
    assert content == bytes(size)


def test_sets_are_sorted() -> None:
    values = [der.number(300), der.number(2), der.oid("1.2.3")]
    assert der.set_of(values) == der.set_of(reversed(values))
    assert [child.raw for child in der.read(der.set_of(values)).children()] == sorted(values)


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"\x30",
        b"\x30\x80\0\0",  # indefinite length
        b"\x04\x81\x01x",  # a short length in the long form
        b"\x04\x82\x00\x80" + bytes(128),  # a leading zero in the length
        b"\x04\x85\x01\0\0\0\0",  # 4 GiB
        b"\x04\x84\xff\xff\xff\xff",
        b"\x04\xff" + bytes(127),
        b"\x04\x02x",
        b"\x04\x01xy",
        b"\x1f\x81\x01\0",  # a tag of several bytes
        b"\x30\x03\x04\x05x",  # a part that is longer than the whole
        b"\x30\x02" * 40,
    ],
)
def test_what_is_not_der_is_refused(wrong: bytes) -> None:
    with pytest.raises(Malformed):
        der.read(wrong)


def test_nesting_ends() -> None:
    deep = b""
    for _ in range(18):
        deep = der.sequence(deep)
    with pytest.raises(Malformed, match="deep"):
        der.read(deep)


@pytest.mark.parametrize("content", [b"", b"\0\x01", b"\xff\xff", bytes([1]) * 65])
def test_numbers_have_one_spelling_and_an_end(content: bytes) -> None:
    with pytest.raises(Malformed):
        der.integer(der.read(der.write(der.INTEGER, content)))


@pytest.mark.parametrize(
    ("text", "time"),
    [
        (b"20261124120000Z", datetime(2026, 11, 24, 12, tzinfo=UTC)),
        (b"20261124120000.5Z", datetime(2026, 11, 24, 12, 0, 0, 500_000, tzinfo=UTC)),
        (b"20261124120000.123456789Z", datetime(2026, 11, 24, 12, 0, 0, 123_456, tzinfo=UTC)),
    ],
)
def test_times_are_read(text: bytes, time: datetime) -> None:
    assert der.moment(der.read(der.write(der.GENERALIZED_TIME, text))) == time


@pytest.mark.parametrize(
    "text",
    [b"", b"20261124120000", b"202611241200Z", b"20261124120000.Z", b"20261124120000.50Z", b"20261324120000Z", b"20261124120060Z",
     b"20261124120000+0100", "2026112412000\u0663Z".encode(), b"20261124120000.1234567891Z", b" 0261124120000Z"],
)  # fmt: skip
def test_other_times_are_refused(text: bytes) -> None:
    with pytest.raises(Malformed):
        der.moment(der.read(der.write(der.GENERALIZED_TIME, text)))


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_never_crash(content: bytes) -> None:
    try:
        value = der.read(content)
    except Malformed:
        return
    assert value.raw == content
