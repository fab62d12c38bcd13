# SPDX-License-Identifier: Apache-2.0
"""Who a job is. Both types are made in the ``identity`` room only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class VerifiedClaims:
    """Claims of a token whose signature, issuer, audience and times held."""

    issuer: str
    audience: str
    subject: str
    token_id: str
    issued: datetime
    expires: datetime
    claims: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class JobIdentity:
    """A job as policies see it: the forge, and every claim that a grant may match, as text."""

    forge: str
    issuer: str
    audience: str
    name: str
    claims: Mapping[str, str]
