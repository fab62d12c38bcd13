# SPDX-License-Identifier: Apache-2.0
"""Checkpoints and anchor: every way to bend a log, with and without the means to write it anew."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pipeline_guard.audit.check import LogFacts, split, verify_log
from pipeline_guard.errors import IntegrityError
from pipeline_guard.model.event import FIRST, AuditEvent, AuditRecord, Checkpoint

KEY, OTHER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def pem(key: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def chain(count: int, actor: str = "user:ada") -> list[AuditRecord]:
    records, last = [], FIRST
    for number in range(1, count + 1):
        event = AuditEvent(BEGIN + timedelta(minutes=number), actor, "secret.lease", f"name-{number}", "granted", "why")
        records.append(AuditRecord.linked(number, last, event))
        last = records[-1].hash
    return records


def signed(record: AuditRecord, kind: str = "running", key: ec.EllipticCurvePrivateKey = KEY) -> bytes:
    checkpoint = Checkpoint(record.seq, record.hash, BEGIN, kind, "audit/1")
    signature = key.sign(checkpoint.message(), ec.ECDSA(hashes.SHA256()))
    return replace(checkpoint, signature=base64.b64encode(signature).decode()).line()


RECORDS = chain(6)
LINES = [record.line() for record in RECORDS]
CHECKPOINTS = [signed(RECORDS[1]), signed(RECORDS[4])]
KEYS = [pem(OTHER), pem(KEY)]


def test_a_whole_log_says_how_far_it_is_vouched_for() -> None:
    assert verify_log(LINES, CHECKPOINTS, KEYS) == LogFacts(6, RECORDS[-1].hash, 2, 5, closed=False)
    assert verify_log(LINES, [*CHECKPOINTS, signed(RECORDS[5], "end")], KEYS, (6, RECORDS[5].hash)).closed
    assert not verify_log(LINES, [signed(RECORDS[4], "end")], KEYS).closed
    assert verify_log([], [], []) == LogFacts(0, FIRST)


@pytest.mark.parametrize("length", range(5))
def test_a_cut_before_a_checkpoint_is_found(length: int) -> None:
    with pytest.raises(IntegrityError, match="its end was cut off"):
        verify_log(LINES[:length], CHECKPOINTS, KEYS)


@pytest.mark.parametrize("length", range(6))
def test_a_cut_together_with_its_checkpoints_is_found_by_the_token(length: int) -> None:
    left = [line for line in CHECKPOINTS if json.loads(line)["seq"] <= length]
    with pytest.raises(IntegrityError, match="the token remembers"):
        verify_log(LINES[:length], left, KEYS, (6, RECORDS[5].hash))


def test_a_log_written_anew_is_found_by_checkpoint_and_by_anchor() -> None:
    forged = [record.line() for record in chain(6, "user:eve")]
    with pytest.raises(IntegrityError, match="record 2 is not the one"):
        verify_log(forged, CHECKPOINTS, KEYS)
    with pytest.raises(IntegrityError, match="record 6 is not the one that the token remembers"):
        verify_log(forged, [], KEYS, (6, RECORDS[5].hash))


def test_every_changed_byte_of_a_checkpoint_is_found() -> None:
    for place in range(len(CHECKPOINTS[1])):
        for flip in (1, 0x20):
            changed = bytearray(CHECKPOINTS[1])
            changed[place] ^= flip
            with pytest.raises(IntegrityError):
                verify_log(LINES, [CHECKPOINTS[0], bytes(changed)], KEYS)


@pytest.mark.parametrize(
    "line",
    [
        b"", b"{}", b"[]", b"null", b"\xff",
        signed(RECORDS[4], key=OTHER).replace(b"audit/1", b"audit/2"),
        CHECKPOINTS[1].replace(b'"seq":5', b'"seq":"5"'),
        CHECKPOINTS[1].replace(b'"seq":5', b'"seq":true'),
        CHECKPOINTS[1].replace(b'"seq":5', b'"seq":5,"seq":5'),
        CHECKPOINTS[1] + b" ",
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(line: bytes) -> None:
    with pytest.raises(IntegrityError):
        verify_log(LINES, [line], KEYS)


def test_a_checkpoint_of_another_key_is_refused() -> None:
    with pytest.raises(IntegrityError, match="does not verify"):
        verify_log(LINES, [signed(RECORDS[4])], [pem(OTHER)])
    with pytest.raises(IntegrityError, match="does not verify"):
        verify_log(LINES, [signed(RECORDS[4])], [])


def test_checkpoints_that_disagree_are_found() -> None:
    with pytest.raises(IntegrityError, match="disagree"):
        verify_log(LINES, [signed(RECORDS[4]), signed(chain(5, "user:eve")[4])], KEYS)


def bend_drop(lines: list[bytes], at: int) -> list[bytes]:
    return lines[:at] + lines[at + 1 :]


def bend_double(lines: list[bytes], at: int) -> list[bytes]:
    return lines[: at + 1] + lines[at:]


def bend_swap(lines: list[bytes], at: int) -> list[bytes]:
    other = (at + 1) % len(lines)
    changed = list(lines)
    changed[at], changed[other] = changed[other], changed[at]
    return changed


def bend_edit(lines: list[bytes], at: int) -> list[bytes]:
    return [line.replace(b"user:ada", b"user:eve") if number == at else line for number, line in enumerate(lines)]


@pytest.mark.parametrize("at", range(6))
@pytest.mark.parametrize("bend", [bend_drop, bend_double, bend_swap, bend_edit], ids=lambda bend: bend.__name__)
def test_every_edit_removal_repetition_and_reordering_is_found_everywhere(bend: Callable[[list[bytes], int], list[bytes]], at: int) -> None:
    with pytest.raises(IntegrityError):
        verify_log(bend(LINES, at), [*CHECKPOINTS, signed(RECORDS[5])], KEYS)


def test_a_record_that_looks_like_a_checkpoint_stays_a_record() -> None:
    event = AuditEvent(BEGIN, "user:eve", "x", 'say "schema":"pipeline-guard/audit-checkpoint/v1"', "granted")
    line = AuditRecord.linked(1, FIRST, event).line()
    assert split([line, CHECKPOINTS[0]]) == ([line], [CHECKPOINTS[0]])
