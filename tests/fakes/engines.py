# SPDX-License-Identifier: Apache-2.0
"""What engines are made with in tests: a clock that stands, keys of a real token, wishes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline_guard.model.dynamic import EngineKey, Wish
from pipeline_guard.model.key import KeyType, KeyUsage

LEASE = "0123456789abcdef0123456789abcdef"


class Clock:
    """Stands still until it is moved."""

    def __init__(self, moment: datetime | None = None) -> None:
        self.moment = moment or datetime.now(UTC).replace(microsecond=0)

    def now(self) -> datetime:
        return self.moment

    def move(self, **how: int) -> None:
        self.moment += timedelta(**how)


def token_key(token: Any, name: str, kind: KeyType = KeyType.EC_P256) -> Callable[[], EngineKey]:
    """Make a key in the token; return what gives it to an engine."""
    record = token.create(name, 1, kind, KeyUsage.SIGN)
    key = EngineKey(name, kind, record.public_pem, lambda message: token.sign(record.ref, message))
    return lambda: key


def wish(clock: Clock, minutes: int = 10, lease: str = LEASE, given: Mapping[str, str] | None = None, **claims: str) -> Wish:
    return Wish("thing", lease, "github:o/r:1:1:job", clock.now() + timedelta(minutes=minutes), claims, given or {})
