# SPDX-License-Identifier: Apache-2.0
"""A log is verified while another process makes the audit key and the first checkpoint: the key is looked up after the checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline_guard.adapters.sql.state import SqlState
from pipeline_guard.flows.audit import verify
from pipeline_guard.flows.checkpoint import CheckpointDoors, checkpoint, public_keys
from pipeline_guard.flows.key_use import GovernedToken
from pipeline_guard.model.event import AuditEvent, Checkpoint, LogHead
from tests.fakes.engines import Clock


class WhileSomebodyLooks:
    """A store's log; between the look at its keys and that at its checkpoints, a broker makes both."""

    def __init__(self, state: SqlState, broker: CheckpointDoors) -> None:
        self._state, self._broker = state, broker

    def records(self) -> Iterator[bytes]:
        return self._state.records()

    def checkpoints(self) -> Iterator[bytes]:
        checkpoint(doors=self._broker)
        return self._state.checkpoints()

    def head(self) -> LogHead:
        return self._state.head()

    def keep(self, made: Checkpoint) -> None:
        self._state.keep(made)


def test_key_that_was_made_a_moment_ago_is_known(embedded_token: Any, tmp_path: Path) -> None:
    state, clock = SqlState.open(str(tmp_path / "home")), Clock()
    state.write(AuditEvent(clock.now(), "user:ada", "secret.put", "db", "done"))
    broker = CheckpointDoors("broker", clock, GovernedToken(embedded_token, state, clock, "a throw-away token"), state, state, state)
    keys = public_keys(state)
    facts = verify(WhileSomebodyLooks(state, broker), keys, None)
    assert facts.checkpoints == 1
    assert len(keys) == 1
