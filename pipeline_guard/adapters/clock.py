# SPDX-License-Identifier: Apache-2.0
"""The system's clock and randomness."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime


class SystemClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """Return the current time in UTC."""
        return datetime.now(UTC)


class SystemRandom:
    """The operating system's random source."""

    def bytes(self, count: int) -> bytes:
        """Return ``count`` bytes fit for keys."""
        return secrets.token_bytes(count)
