# SPDX-License-Identifier: Apache-2.0
"""What every store does with the life of secrets, the one in memory and the real ones alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.key import KeyRef, KeyType, KeyUsage
from pipeline_guard.model.lease import Lease
from pipeline_guard.model.sealed import SealedSecret, SecretChange

NOW = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
KEY = KeyRef("store", 1, KeyType.AES_256, KeyUsage.WRAP, "ab" * 16)
NO_KEY = KeyRef("", 0, KeyType.AES_256, KeyUsage.WRAP, "")
LATER = NOW + timedelta(days=1)


def row(name: str, version: int = 1, **more: Any) -> SealedSecret:
    return SealedSecret(name, version, NOW, KEY, b"wrapped\x00\xff", b"cipher\x00\xff", 6, 2, **more)


def announce(lease: Lease) -> AuditEvent:
    return AuditEvent(NOW, "user:ada", "end", lease.id, "done")


def write(store: Any, *pairs: tuple[SealedSecret | None, SealedSecret]) -> list[str]:
    return [lease.id for lease in store.change_secrets([SecretChange(*pair) for pair in pairs], NOW, announce)]


def test_versions_come_back_as_they_were_written(reopen: Callable[[], Any]) -> None:
    first = row("a", expires=LATER, labels=(("stage", "prod"), ("team", '\u00e9 = "x"')), note="a note \u00e9")
    write(reopen(), (None, first), (None, row("b")))
    write(reopen(), (None, row("a", 2)), (first, replace(first, stops=NOW)))
    assert list(reopen().secret_versions("a")) == [replace(first, stops=NOW), row("a", 2)]
    assert list(reopen().secret_versions("none")) == []


def test_of_two_changes_at_once_only_one_happens_and_a_batch_is_whole(store: Any) -> None:
    write(store, (None, row("a")))
    write(store, (row("a"), replace(row("a"), stops=NOW)))
    with pytest.raises(Unavailable, match="just changed"):
        write(store, (None, row("c")), (row("a"), replace(row("a"), destroys=LATER)))
    with pytest.raises(UsageError, match="exists"):
        write(store, (None, row("d")), (None, row("a")))
    assert [each.name for each in store.list()] == ["a"]


def test_what_is_revoked_or_deleted_ends_its_leases_and_no_others(store: Any) -> None:
    write(store, (None, row("a")), (None, row("a", 2)), (None, row("b")))
    for number, (name, version) in enumerate([("a", 1), ("a", 2), ("b", 1)]):
        store.issue([Lease(str(number), name, version, "job", NOW, LATER)], [])
    gone = replace(row("a"), revoked=NOW, wrapping_key=NO_KEY, wrapped_key=b"", ciphertext=b"")
    assert write(store, (row("a"), gone)) == ["0"]
    assert store.get("a", 1) == gone
    assert write(store, (row("b"), replace(row("b"), destroys=LATER))) == ["2"]
    assert [lease.id for lease in store.open_leases(NOW)] == ["1"]
    assert [json.loads(line)["object"] for line in store.records()] == ["0", "2"]
    assert (store.count_under("store", 1), store.count_under("", 0)) == (2, 1)


def test_a_rewrap_that_comes_too_late_does_not_bring_a_revoked_value_back(store: Any) -> None:
    write(store, (None, row("a")))
    gone = replace(row("a"), revoked=NOW, wrapping_key=NO_KEY, wrapped_key=b"", ciphertext=b"")
    write(store, (row("a"), gone))
    assert not store.rewrap(row("a"), replace(row("a"), wrapped_key=b"anew"))
    assert store.get("a") == gone


def test_a_change_of_state_does_not_undo_a_rewrap(store: Any) -> None:
    write(store, (None, row("a")))
    other = replace(KEY, version=2, id="cd" * 16)
    assert store.rewrap(row("a"), replace(row("a"), wrapping_key=other, wrapped_key=b"anew"))
    write(store, (row("a"), replace(row("a"), stops=LATER)))
    assert (store.get("a").wrapped_key, store.get("a").stops) == (b"anew", LATER)


def test_search_is_by_prefix_and_labels_of_the_newest_version(store: Any) -> None:
    write(store, (None, row("a/1", labels=(("t", "x"),))), (None, row("a/2", labels=(("t", "y"), ("u", "z")))), (None, row("B")))
    write(store, (None, row("a/1", 2, labels=(("t", "y"),))))
    assert [each.name for each in store.search_secrets("a/", [])] == ["a/1", "a/2"]
    assert [each.version for each in store.search_secrets("", [("t", "y")])] == [2, 1]
    assert [each.name for each in store.search_secrets("", [("t", "y"), ("u", "z")])] == ["a/2"]
    assert list(store.search_secrets("a", [("t", "x")])) == []
    assert [each.name for each in store.list()] == ["B", "a/1", "a/2"]


def test_deleted_secrets_are_due_when_their_time_is_over_and_leave_no_label(store: Any) -> None:
    first = row("a", labels=(("t", "x"),))
    write(store, (None, first), (None, row("b")))
    write(store, (first, replace(first, destroys=LATER)))
    assert list(store.due(NOW)) == []
    assert list(store.due(LATER)) == ["a"]
    assert store.delete("a") == 1
    assert list(store.due(LATER)) == []
    assert list(store.search_secrets("", [("t", "x")])) == []
