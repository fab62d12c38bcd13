# SPDX-License-Identifier: Apache-2.0
"""Which engine makes which kind; only what is asked for is imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pipeline_guard.adapters.clock import SystemRandom
from pipeline_guard.errors import UsageError
from pipeline_guard.model.dynamic import EngineKey
from pipeline_guard.model.secret import Secret
from pipeline_guard.ports import Engine


def open_engine(kind: str, settings: Mapping[str, Any], *, secret: Callable[[str], Secret], key: Callable[[str], EngineKey]) -> Engine:
    """Return the engine of a kind; ``secret`` resolves references to credentials, ``key`` finds keys of the token.

    Neither is called before the engine makes or undoes something.
    """
    given = dict(settings)
    if kind == "postgresql":
        from pipeline_guard.adapters.engines.postgresql import PostgresRoles

        return PostgresRoles(url=partial(secret, given.pop("url")), random=SystemRandom(), **given)
    raise UsageError(f"no engine makes {kind[:40]!r}")
