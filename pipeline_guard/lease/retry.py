# SPDX-License-Identifier: Apache-2.0
"""When a revocation that failed is tried again: soon, then ever more rarely, and never given up."""

from __future__ import annotations

from datetime import datetime, timedelta

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=30)
# how long one process has something to itself: longer than any engine takes
HOLD = timedelta(minutes=2)


def next_try(tried: int, now: datetime) -> datetime:
    """Return when the try after number ``tried`` (from 1) is made."""
    pause = FIRST_PAUSE
    for _ in range(min(tried - 1, 16)):
        pause = min(pause * 2, LONGEST_PAUSE)
    return now + pause
