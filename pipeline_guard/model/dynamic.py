# SPDX-License-Identifier: Apache-2.0
"""A secret that is made for one job and undone at its end, as engines take and give it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pipeline_guard.model.secret import Secret


@dataclass(frozen=True, slots=True)
class Wish:
    """What a job is to get: the name policy granted, its lease, who it is, and until when it may live.

    ``claims`` are verified ones, or none for a local call; ``given`` is what the job sent along: a certificate request, a
    public key, digests to sign. It is untrusted.
    """

    name: str
    lease: str
    holder: str
    expires: datetime
    claims: Mapping[str, str]
    given: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Made:
    """What an engine made. ``expires`` is when it ends by itself; ``handle`` undoes it, and is as secret as the value.

    ``revocable`` is False where only time ends it: then people are told "expires at", never "revoked". ``about`` is what may be
    shown and logged: a role's name, a certificate's serial number.
    """

    value: Secret
    expires: datetime
    handle: Secret
    revocable: bool
    about: str
