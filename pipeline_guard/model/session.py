# SPDX-License-Identifier: Apache-2.0
"""What a broker keeps of a job: the identity token it used up, the key it proves to hold, and how often it asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Session:
    """One identity token that was used, and the job that may use what came of it. Every digest is hexadecimal SHA-256.

    ``token`` is the digest of issuer and jti; ``secret`` of the session's token, which the job holds; ``key`` the thumbprint of the
    job's key (RFC 7638). ``request`` is the digest of what was asked first. ``ends`` is the longest life of anything leased here, and
    ``kept`` until when the identity token counts as used. A ``closed`` session only ends things.
    """

    token: str
    secret: str
    key: str
    request: str
    holder: str
    name: str
    claims: Mapping[str, str]
    issued: datetime
    ends: datetime
    kept: datetime
    tries: int = 1
    closed: bool = False


@dataclass(frozen=True, slots=True)
class WatchedJob:
    """A job with an open session, whose forge is asked whether it has ended; ``tried`` questions in a row had no answer."""

    job: str
    name: str
    claims: Mapping[str, str]
    tried: int = 0


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``most`` of something within ``window``; ``bucket`` names what is counted."""

    bucket: str
    most: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class Use:
    """One request of a job: the proof that counts once, until when it could count again, and what it is counted in.

    ``job`` is the name of the job, and ``grant`` that under which the leases of this request are held; "" where it asks for none.
    """

    proof: str
    until: datetime
    now: datetime
    limits: tuple[Limit, ...]
    job: str
    grant: str = ""


@dataclass(frozen=True, slots=True)
class StoredApproval:
    """One person's signed approval, as it was handed in; ``topic`` is the digest of what it is about."""

    topic: str
    approver: str
    content: bytes
    until: datetime
