# SPDX-License-Identifier: Apache-2.0
"""A moment at which something existed, proven by somebody other than its maker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class TrustedTime:
    """``time`` (with its zone) and ``source``, who vouches for it: "rfc3161:NAME" or "log:ORIGIN"; made only by what verified it.

    ``accuracy`` is how much later it may have been, by the source's own word.
    """

    time: datetime
    source: str
    accuracy: timedelta = timedelta(0)

    @property
    def latest(self) -> datetime:
        """The last moment that the proof allows; a time in whole seconds stands for all of its second."""
        return self.time + max(self.accuracy, timedelta(0) if self.time.microsecond else timedelta(seconds=1))
