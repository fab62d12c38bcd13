# SPDX-License-Identifier: Apache-2.0
"""The header: one spelling, every byte vouched for, recipients replaceable."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable

import pytest

from pipeline_guard.errors import IntegrityError, UsageError
from pipeline_guard.model.sealed_file import Layout, Recipient, SealedKind
from pipeline_guard.model.secret import Secret
from pipeline_guard.seal.header import LIMIT, MOST_RECIPIENTS, file_digest, parse, payload_key, render, verify, wrapping_data

DATA_KEY = Secret(bytes(range(32)))
LAYOUT = Layout(SealedKind.FILE, 65536, bytes(range(100, 132)))
TEAM = Recipient("team-a", 1, "ab" * 16, b"\x01" + bytes(60))
OTHER = Recipient("org/team-b", 12, "cd" * 16, b"\x01" + bytes(60))
HEADER = render(DATA_KEY, LAYOUT, [TEAM, OTHER])


def test_written_header_reads_back_and_verifies() -> None:
    unverified = parse(HEADER + b"payload\nwith lines")
    assert (unverified.layout, unverified.recipients) == (LAYOUT, (TEAM, OTHER))
    assert verify(unverified, DATA_KEY).size == len(HEADER)
    assert HEADER.startswith(b"pipeline-guard/sealed/v1\n{")


def test_another_data_key_does_not_vouch() -> None:
    with pytest.raises(IntegrityError):
        verify(parse(HEADER), Secret(bytes(32)))


@pytest.mark.parametrize("position", range(len(HEADER)))
def test_every_flipped_byte_of_a_header_is_noticed(position: int) -> None:
    changed = bytearray(HEADER)
    changed[position] ^= 1
    with pytest.raises(IntegrityError):
        verify(parse(bytes(changed)), DATA_KEY)


@pytest.mark.parametrize("length", range(len(HEADER)))
def test_cut_header_is_refused(length: int) -> None:
    with pytest.raises(IntegrityError):
        parse(HEADER[:length])


def line(number: int, change: Callable[[dict[str, object]], object]) -> bytes:
    """Return the header with one of its JSON lines changed and written again in the canonical form."""
    lines = HEADER.split(b"\n")
    fields = json.loads(lines[number])
    replaced = change(fields)
    lines[number] = json.dumps(fields if replaced is None else replaced, sort_keys=True, separators=(",", ":")).encode()
    return b"\n".join(lines)


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"\n\n\n\n\n",
        b"age-encryption.org/v1\n",
        HEADER.replace(b"\n", b"\r\n"),
        HEADER.replace(b'{"chunk"', b'{ "chunk"'),
        HEADER.replace(b'{"chunk":65536,', b'{"chunk":65536,"chunk":65536,'),
        HEADER.replace(b"65536", b"65536.0"),
        HEADER.replace(b"65536", b"true"),
        HEADER.replace(b"65536", b"1" * 5000),
        HEADER.replace(b'"cipher":', b'"cipher":' + b"[" * 20000),
        HEADER[:-66] + HEADER[-66:].upper(),
        HEADER.replace(HEADER.split(b"\n")[3], b"00"),
        line(1, lambda fields: fields.update(chunk=65537)),
        line(1, lambda fields: fields.update(chunk=2048)),
        line(1, lambda fields: fields.update(chunk=2**30)),
        line(1, lambda fields: fields.update(chunk=-4096)),
        line(1, lambda fields: fields.update(cipher="none")),
        line(1, lambda fields: fields.update(kind="link")),
        line(1, lambda fields: fields.update(kind=["file"])),
        line(1, lambda fields: fields.update(file="00")),
        line(1, lambda fields: fields.update(file=7)),
        line(1, lambda fields: fields.update(more=1)),
        line(1, lambda fields: fields.pop("cipher") and None),
        line(1, lambda _: []),
        line(2, lambda fields: fields.update(recipients=[])),
        line(2, lambda fields: fields.update(recipients={})),
        line(2, lambda fields: fields.update(recipients=[1])),
        line(2, lambda fields: fields.update(recipients=fields["recipients"] * 33)),  # type: ignore[operator]
        *[
            line(2, lambda fields, change=change: fields["recipients"][0].update(change))  # type: ignore[index,misc]
            for change in (
                {"key": ""}, {"key": "a" * 129}, {"key": "a\u0301"}, {"key": "a\x1b[2J"}, {"key": 1}, {"version": 0}, {"version": "1"},
                {"version": True}, {"version": 2**31}, {"id": ""}, {"id": "zz"}, {"id": "ab" * 65}, {"wrapped": "AQ"}, {"wrapped": "A" * 600},
                {"wrapped": None}, {"extra": 1},
            )
        ],
    ],
)  # fmt: skip
def test_malformed_header_is_refused(header: bytes) -> None:
    with pytest.raises(IntegrityError) as refused:
        parse(header + b"x")
    assert refused.value.hint


def test_newer_version_is_named_as_such() -> None:
    with pytest.raises(IntegrityError, match="newer"):
        parse(HEADER.replace(b"/v1\n", b"/v2\n"))


def test_payload_key_and_binding_do_not_depend_on_recipients_but_on_the_file() -> None:
    assert payload_key(DATA_KEY, LAYOUT) == payload_key(DATA_KEY, parse(render(DATA_KEY, LAYOUT, [OTHER])).layout)
    for other in (
        dataclasses.replace(LAYOUT, kind=SealedKind.FOLDER),
        dataclasses.replace(LAYOUT, chunk=4096),
        dataclasses.replace(LAYOUT, salt=bytes(32)),
    ):
        assert payload_key(DATA_KEY, LAYOUT) != payload_key(DATA_KEY, other)
        assert file_digest(LAYOUT) != file_digest(other)
        assert wrapping_data(LAYOUT, "a", 1) != wrapping_data(other, "a", 1)
    assert wrapping_data(LAYOUT, "a", 1) != wrapping_data(LAYOUT, "a", 2) != wrapping_data(LAYOUT, "b", 2)


def test_largest_header_stays_within_the_limit() -> None:
    most = [Recipient("n" * 128, 2**31 - 1, "f" * 64, bytes(100)) for _ in range(MOST_RECIPIENTS)]
    assert len(render(DATA_KEY, LAYOUT, most)) < LIMIT
    assert len(parse(render(DATA_KEY, LAYOUT, most)).recipients) == MOST_RECIPIENTS


@pytest.mark.parametrize("count", [0, MOST_RECIPIENTS + 1])
def test_no_and_too_many_recipients_are_usage(count: int) -> None:
    with pytest.raises(UsageError):
        render(DATA_KEY, LAYOUT, [TEAM] * count)
