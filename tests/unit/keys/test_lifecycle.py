# SPDX-License-Identifier: Apache-2.0
"""The transition table of SP 800-57, cell by cell, and what keys in each state may do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_guard.errors import Denied, UsageError
from pipeline_guard.keys.lifecycle import WAIT, allowed, apply, check_processes, check_protects, state_at
from pipeline_guard.model.key import USAGE_OF, KeyCommand, KeyRecord, KeyRef, KeyState, KeyType, Revocation

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
PRE, ACTIVE, SUSPENDED = KeyState.PRE_ACTIVATION, KeyState.ACTIVE, KeyState.SUSPENDED
DEACTIVATED, COMPROMISED, DESTROYED = KeyState.DEACTIVATED, KeyState.COMPROMISED, KeyState.DESTROYED


def key(state: KeyState, kind: KeyType = KeyType.AES_256, **dates: object) -> KeyRecord:
    record = KeyRecord(KeyRef("k", 1, kind, USAGE_OF[kind], "ab"), state, NOW - DAY, "serial")
    return replace(record, **dates)


# what each command makes of each state; "-" is refused. The columns: pre-activation, active, suspended, deactivated, compromised, destroyed
TABLE = {
    KeyCommand.ACTIVATE: "a-a---",
    KeyCommand.SUSPEND: "-s----",
    KeyCommand.EXPIRE: "-dd---",
}
LETTER = {"a": ACTIVE, "s": SUSPENDED, "d": DEACTIVATED, "c": COMPROMISED, "x": DESTROYED}
STATES = (PRE, ACTIVE, SUSPENDED, DEACTIVATED, COMPROMISED, DESTROYED)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.value)
@pytest.mark.parametrize("command", TABLE, ids=lambda command: command.value)
def test_command_leads_where_the_table_says_or_nowhere(command: KeyCommand, state: KeyState) -> None:
    letter = TABLE[command][STATES.index(state)]
    if letter == "-":
        with pytest.raises(Denied) as refused:
            apply(key(state), command, NOW)
        assert state.value in refused.value.what
        assert refused.value.hint
    else:
        assert apply(key(state), command, NOW).state is LETTER[letter]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.value)
def test_a_compromise_can_come_at_any_time_but_after_the_end(state: KeyState) -> None:
    if state in (COMPROMISED, DESTROYED):
        with pytest.raises(Denied):
            apply(key(state), KeyCommand.REVOKE, NOW, reason=Revocation.KEY_COMPROMISE)
        return
    after = apply(key(state), KeyCommand.REVOKE, NOW, reason=Revocation.KEY_COMPROMISE, since=NOW - DAY)
    assert (after.state, after.compromised) == (COMPROMISED, NOW - DAY)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.value)
def test_any_other_reason_only_deactivates_what_is_in_use(state: KeyState) -> None:
    if state in (ACTIVE, SUSPENDED):
        after = apply(key(state), KeyCommand.REVOKE, NOW, reason=Revocation.SUPERSEDED)
        assert (after.state, after.compromised, after.deactivated) == (DEACTIVATED, None, NOW)
    else:
        with pytest.raises(Denied):
            apply(key(state), KeyCommand.REVOKE, NOW, reason=Revocation.SUPERSEDED)


def test_a_compromise_in_the_future_is_refused() -> None:
    with pytest.raises(UsageError):
        apply(key(ACTIVE), KeyCommand.REVOKE, NOW, reason=Revocation.KEY_COMPROMISE, since=NOW + DAY)


@pytest.mark.parametrize("kind", [KeyType.AES_256, KeyType.EC_P256], ids=lambda kind: kind.value)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.value)
def test_destruction_waits_and_spares_active_keys_that_protect_data(state: KeyState, kind: KeyType) -> None:
    if state is DESTROYED or (state is ACTIVE and kind is KeyType.AES_256):
        with pytest.raises(Denied):
            apply(key(state, kind), KeyCommand.SCHEDULE, NOW)
        return
    planned = apply(key(state, kind), KeyCommand.SCHEDULE, NOW)
    assert (planned.state, planned.destroys) == (state, NOW + WAIT)
    with pytest.raises(Denied, match="not due"):
        apply(planned, KeyCommand.DESTROY, NOW + WAIT - timedelta(seconds=1))
    assert apply(planned, KeyCommand.DESTROY, NOW + WAIT).state is DESTROYED
    assert apply(planned, KeyCommand.CANCEL, NOW + DAY).destroys is None
    for check in (check_protects, check_processes):
        with pytest.raises(Denied):
            check(planned, NOW)
    with pytest.raises(Denied, match="is not scheduled"):
        apply(key(state, kind), KeyCommand.DESTROY, NOW)


@pytest.mark.parametrize("wait", [timedelta(seconds=-1), timedelta(days=366)])
def test_waiting_time_has_its_limits(wait: timedelta) -> None:
    with pytest.raises(UsageError):
        apply(key(DEACTIVATED), KeyCommand.SCHEDULE, NOW, wait=wait)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.value)
def test_archive_is_custody_of_ended_keys_and_closes_them(state: KeyState) -> None:
    if state not in (DEACTIVATED, COMPROMISED):
        with pytest.raises(Denied):
            apply(key(state), KeyCommand.ARCHIVE, NOW)
        return
    put_away = apply(key(state), KeyCommand.ARCHIVE, NOW)
    assert (put_away.state, put_away.archived) == (state, NOW)
    with pytest.raises(Denied, match="archived"):
        check_processes(put_away, NOW, accept_risk=True)
    with pytest.raises(Denied, match="archived already"):
        apply(put_away, KeyCommand.ARCHIVE, NOW)
    assert apply(put_away, KeyCommand.RECOVER, NOW).archived is None
    with pytest.raises(Denied, match="not archived"):
        apply(key(state), KeyCommand.RECOVER, NOW)


@pytest.mark.parametrize(
    ("state", "protects", "processes"),
    [
        (PRE, False, False),
        (ACTIVE, True, True),
        (SUSPENDED, False, False),
        (DEACTIVATED, False, True),
        (COMPROMISED, False, False),
        (DESTROYED, False, False),
    ],
)
def test_what_a_key_may_do_in_each_state(state: KeyState, *, protects: bool, processes: bool) -> None:
    for check, may in ((check_protects, protects), (check_processes, processes)):
        if may:
            check(key(state), NOW)
        else:
            with pytest.raises(Denied) as refused:
                check(key(state), NOW)
            assert refused.value.hint


def test_accepted_risk_opens_with_a_compromised_or_suspended_key_but_never_with_a_destroyed_one() -> None:
    check_processes(key(COMPROMISED), NOW, accept_risk=True)
    check_processes(key(SUSPENDED), NOW, accept_risk=True)
    for state in (PRE, DESTROYED):
        with pytest.raises(Denied):
            check_processes(key(state), NOW, accept_risk=True)


def test_dates_act_by_themselves() -> None:
    waiting = key(PRE, activates=NOW + DAY, expires=NOW + 10 * DAY, stops=NOW + 12 * DAY)
    seen = [state_at(waiting, NOW + days * DAY) for days in (0, 1, 10, 11.9, 12, 20)]
    assert seen == [PRE, ACTIVE, ACTIVE, ACTIVE, DEACTIVATED, DEACTIVATED]
    with pytest.raises(Denied):
        apply(waiting, KeyCommand.SUSPEND, NOW + 20 * DAY)
    assert state_at(key(SUSPENDED, stops=NOW), NOW) is DEACTIVATED
    assert state_at(key(COMPROMISED, stops=NOW), NOW) is COMPROMISED


def test_every_change_counts_the_revision() -> None:
    assert apply(key(ACTIVE, revision=4), KeyCommand.SUSPEND, NOW).revision == 5


RANK = {PRE: 0, ACTIVE: 1, SUSPENDED: 1, DEACTIVATED: 2, COMPROMISED: 3, DESTROYED: 4}


@settings(max_examples=300, deadline=None)
@given(
    steps=st.lists(st.tuples(st.sampled_from(KeyCommand), st.sampled_from(Revocation), st.integers(0, 20)), max_size=25),
    kind=st.sampled_from([KeyType.AES_256, KeyType.EC_P256]),
    born=st.sampled_from([PRE, ACTIVE]),
)
def test_no_sequence_of_commands_leads_back(steps: list[tuple[KeyCommand, Revocation, int]], kind: KeyType, born: KeyState) -> None:
    now, record = NOW, key(born, kind, activates=NOW + 3 * DAY, expires=NOW + 60 * DAY, stops=NOW + 90 * DAY)
    for command, reason, days in steps:
        now += days * DAY
        before, possible = state_at(record, now), allowed(record, now)
        try:
            record = apply(record, command, now, reason=reason)
        except Denied:
            assert state_at(record, now) is before
            continue
        assert command in possible
        after = state_at(record, now)
        assert RANK[after] >= RANK[before]
        if before is DESTROYED:
            pytest.fail("something happened to a destroyed key")
