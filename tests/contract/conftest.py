# SPDX-License-Identifier: Apache-2.0
"""The stores that keep the same contract: in memory, in a file, in a file without SQLAlchemy, on a server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline_guard.adapters.recording import MemoryState
from pipeline_guard.adapters.sql.direct import DirectState
from pipeline_guard.adapters.sql.state import SqlState
from tests.postgres import PostgresServer


@pytest.fixture(params=["in_memory", "sqlite", "direct", "postgresql"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Any]:
    """Return what opens one and the same store again, as another process would."""
    if request.param == "in_memory":
        only = MemoryState()
        return lambda: only
    if request.param == "sqlite":
        return lambda: SqlState.open(str(tmp_path / "home"))
    if request.param == "direct":
        SqlState.open(str(tmp_path / "home"))  # the first one makes the store
        return lambda: DirectState.open(str(tmp_path / "home"))
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.database()
    return lambda: SqlState.connect(url)


@pytest.fixture
def store(reopen: Callable[[], Any]) -> Any:
    """One empty store."""
    return reopen()
