# SPDX-License-Identifier: Apache-2.0
"""Stored values found in texts: rows are made when a value is sealed, and opened when a scan asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline_guard.errors import IntegrityError, NothingToDo, UsageError
from pipeline_guard.flows.secrets import SecretDoors, find_version, open_row, wrapping_key
from pipeline_guard.keys.naming import STORE_KEY
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.key import KeyRef
from pipeline_guard.model.sealed import SearchRow, Stored, StoreSearch
from pipeline_guard.model.secret import Secret
from pipeline_guard.model.verdict import Unchecked
from pipeline_guard.ports import AuditSink, Clock, SearchIndex, Wrapper
from pipeline_guard.seal.envelope import KEY_BYTES, NONCE_BYTES, associated_data
from pipeline_guard.seal.search import Search, is_searchable, seal_row

__all__ = ["STORE_KEY", "SearchDoors", "index_all", "index_value", "open_search", "renew"]


@dataclass(frozen=True, slots=True)
class SearchDoors:
    """What a scan needs to look for stored values."""

    actor: str
    clock: Clock
    wrapper: Wrapper
    index: SearchIndex
    audit: AuditSink


def open_search(doors: SearchDoors) -> StoreSearch:
    """Have the token unwrap the search key, and make the rows ready. No value is opened. Raises NothingToDo for an empty store."""
    kept = doors.index.versions_kept()
    if not kept:
        raise NothingToDo("the store holds no secret to look for", "pipeline-guard secrets put NAME, or scan without --against-store")
    rows = doors.index.search_rows()
    doors.audit.write(AuditEvent(doors.clock.now(), doors.actor, "search.open", "store", "granted", f"{len(rows)} rows"))
    searches = []
    for ref, wrapped in dict.fromkeys((row.wrapping_key, row.wrapped_key) for row in rows):
        search_key = doors.wrapper.unwrap(ref, wrapped, _BOUND)
        searches.append(Search(search_key, [row for row in rows if row.wrapped_key == wrapped]))

    def find(text: bytes) -> Sequence[Stored]:
        return [one for search in searches for one in search.find(text)]

    have = {(row.name, row.version) for row in rows}
    missing = sorted({name for name, version in kept if (name, version) not in have})
    skipped = sorted({name for search in searches for name in search.skipped})
    return StoreSearch(
        find,
        tuple(Unchecked(f"stored secret {name}", "it has no search row: pipeline-guard secrets index") for name in missing),
        tuple(f"the stored secret {name} is too short or too monotonous to be looked for" for name in skipped),
    )


def index_value(name: str, version: int, value: Secret, *, doors: SecretDoors, index: SearchIndex) -> bool:
    """Keep the search row of a value that is just being sealed; tell whether it can be looked for."""
    search_key, ref, wrapped = _search_key(doors, index)
    searchable = is_searchable(value)
    sealed = seal_row(search_key, name, version, value if searchable else None, doors.random.bytes(NONCE_BYTES))
    index.keep_row(SearchRow(name, version, ref, wrapped, sealed))
    return searchable


def index_all(*, doors: SecretDoors, index: SearchIndex) -> tuple[int, list[str]]:
    """Make the rows that are missing or do not open; return how many were made, and which secrets cannot be looked for."""
    made, unfit = 0, []
    sound = {(row.name, row.version) for row in index.search_rows() if _opens(row, doors)}
    for name, version in index.versions_kept():
        if (name, version) in sound:
            continue
        doors.audit.write(AuditEvent(doors.clock.now(), doors.actor, "secret.index", name, "granted", f"version {version}"))
        value = open_row(find_version(name, version, doors.store), doors.wrapper)
        made += 1
        if not index_value(name, version, value, doors=doors, index=index):
            unfit.append(name)
    return made, unfit


def renew(*, doors: SecretDoors, index: SearchIndex) -> int:
    """Wrap the search key anew where it is under an old version of the wrapping key; return how many rows were moved."""
    target = wrapping_key(doors=doors).ref
    old = [row for row in index.search_rows() if row.wrapping_key != target]
    moved: dict[bytes, bytes] = {}
    for row in old:
        if row.wrapped_key not in moved:
            moved[row.wrapped_key] = doors.wrapper.wrap(target, doors.wrapper.unwrap(row.wrapping_key, row.wrapped_key, _BOUND), _BOUND)
        index.keep_row(replace(row, wrapping_key=target, wrapped_key=moved[row.wrapped_key]))
    return len(old)


_BOUND = associated_data(STORE_KEY, 1, "search-key")


def _search_key(doors: SecretDoors, index: SearchIndex) -> tuple[Secret, KeyRef, bytes]:
    """Return the store's search key, its wrapping key and its wrapped form; make it at first need."""
    for row in index.search_rows(1):
        try:
            return doors.wrapper.unwrap(row.wrapping_key, row.wrapped_key, _BOUND), row.wrapping_key, row.wrapped_key
        except (IntegrityError, UsageError):  # a damaged row or a key that is gone must not keep new secrets out: a scan tells it
            break
    ref = wrapping_key(doors=doors).ref
    search_key = Secret(doors.random.bytes(KEY_BYTES))
    return search_key, ref, doors.wrapper.wrap(ref, search_key, _BOUND)


def _opens(row: SearchRow, doors: SecretDoors) -> bool:
    try:
        Search(doors.wrapper.unwrap(row.wrapping_key, row.wrapped_key, _BOUND), [row])
    except (IntegrityError, UsageError):
        return False
    return True
