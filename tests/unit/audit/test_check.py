# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline_guard.audit.check import verify_chain
from pipeline_guard.errors import IntegrityError
from pipeline_guard.model.event import FIRST, AuditEvent, AuditRecord


def chain(count: int) -> list[bytes]:
    lines, last = [], FIRST
    for number in range(1, count + 1):
        event = AuditEvent(datetime(2026, 1, 1, 0, 0, number, tzinfo=UTC), "user:ada", "secret.lease", f"name-{number}", "granted", "why")
        record = AuditRecord.linked(number, last, event)
        lines.append(record.line())
        last = record.hash
    return lines


def test_whole_chain_verifies() -> None:
    assert verify_chain(chain(5))[0] == 5
    assert verify_chain([]) == (0, FIRST)


def test_every_changed_byte_is_found() -> None:
    lines = chain(3)
    for place in range(len(lines[1])):
        changed = bytearray(lines[1])
        changed[place] ^= 1
        with pytest.raises(IntegrityError, match=r"audit record [23]"):
            verify_chain([lines[0], bytes(changed), lines[2]])


@pytest.mark.parametrize(
    "bend",
    [
        lambda lines: lines[1:],
        lambda lines: [lines[0], lines[2], lines[3]],
        lambda lines: [lines[1], lines[0], lines[2], lines[3]],
        lambda lines: [lines[0], lines[0], lines[1], lines[2], lines[3]],
        lambda lines: [lines[0], b"", lines[1]],
        lambda lines: [lines[0], b"{}"],
        lambda lines: [lines[0], b"[1]"],
        lambda lines: [lines[0], lines[1] + b" "],
        lambda lines: [lines[0], lines[1].replace(b'"seq":2', b'"seq":2,"seq":2')],
        lambda lines: [lines[0], lines[1].replace(b'"seq":2', b'"seq":true')],
        lambda lines: [lines[0], b"\xff\xfe"],
    ],
)
def test_removal_insertion_and_reordering_are_found(bend: object) -> None:
    with pytest.raises(IntegrityError):
        verify_chain(bend(chain(4)))  # type: ignore[operator]


def test_rewritten_tail_with_fresh_hashes_does_not_fit_its_predecessor() -> None:
    lines = chain(3)
    event = AuditEvent(datetime(2026, 1, 1, tzinfo=UTC), "user:eve", "secret.lease", "other", "granted")
    forged = AuditRecord.linked(2, "0" * 64, event)
    with pytest.raises(IntegrityError, match="does not follow"):
        verify_chain([lines[0], forged.line()])
