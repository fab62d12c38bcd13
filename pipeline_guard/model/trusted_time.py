# SPDX-License-Identifier: Apache-2.0
"""A moment at which something existed, proven by somebody other than its maker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class TrustedTime:
    """``time`` (with its zone) and ``source``, who vouches for it: "rfc3161:NAME" or "log:ORIGIN"; made only by what verified it."""

    time: datetime
    source: str
