# SPDX-License-Identifier: Apache-2.0
"""Who asks a broker: a job with a fresh identity token, or one that has a session; each proves to hold its key."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline_guard.errors import IntegrityError
from pipeline_guard.flows.broker_terms import BrokerDoors, BrokerTerms
from pipeline_guard.identity.issuers import Issuer, select
from pipeline_guard.identity.job import holder_of, identify
from pipeline_guard.identity.jwt import LEEWAY, Expectation, unknown_key, unverified_issuer, verify
from pipeline_guard.identity.possession import Proof, session_digest, verify_proof
from pipeline_guard.model.identity import JobIdentity, VerifiedClaims
from pipeline_guard.model.secret import Secret
from pipeline_guard.model.session import Session

BOUND = "#"  # between the audience and the thumbprint of the job's key
_AFTERWARDS = timedelta(hours=1)  # a used identity token is remembered for longer than it could be used
_NO_SESSION = IntegrityError("the session does not verify", "begin a new one with a fresh identity token")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, verified: the job, its repository's number, the name all its leases share, and the proof of this request.

    ``session`` is the one it has; None for a job that comes with an identity token, whose claims are ``fresh``.
    """

    identity: JobIdentity
    repository: str
    job: str
    proof: Proof
    session: Session | None = None
    fresh: VerifiedClaims | None = None

    @property
    def actor(self) -> str:
        """How the audit log calls it."""
        return f"job:{self.identity.name}:{self.job}"[:256]


def by_token(unverified_token: Secret, unverified_proof: str, path: str, *, terms: BrokerTerms, doors: BrokerDoors) -> Caller:
    """Return the job behind an identity token. Raises IntegrityError, Denied (not a job's), Unavailable (the issuer's keys)."""
    now = doors.clock.now()
    proof = verify_proof(unverified_proof, "POST", terms.address + path, now)
    issuer = select(terms.issuers, unverified_issuer(unverified_token))
    claims = _verified(unverified_token, issuer, proof, now, terms, doors)
    identity = identify(claims, issuer)
    repository = identity.claims[issuer.table.repository]
    return Caller(identity, repository, holder_of(identity, issuer.table, proof.key), proof, None, claims)


def by_session(
    unverified_secret: Secret,
    unverified_proof: str,
    method: str,
    path: str,
    *,
    terms: BrokerTerms,
    doors: BrokerDoors,
    closing: bool = False,
) -> Caller:
    """Return the job behind a session's token. Raises IntegrityError; a closed or ended session is good for ``closing`` only."""
    now = doors.clock.now()
    session = doors.book.session(session_digest(unverified_secret))
    if session is None or not (closing or (now < session.ends and not session.closed)):
        raise _NO_SESSION
    proof = verify_proof(unverified_proof, method, terms.address + path, now, token=unverified_secret)
    if proof.key != session.key:
        raise _NO_SESSION
    claims = dict(session.claims)
    issuer = select(terms.issuers, claims["iss"])
    known = {name: value for name, value in claims.items() if issuer.table.knows(name)}
    identity = JobIdentity(issuer.table.forge, issuer.url, terms.audience, session.name, known)
    return Caller(identity, identity.claims[issuer.table.repository], session.holder, proof, session)


def begin(caller: Caller, secret: Secret, request: str, now: datetime, terms: BrokerTerms) -> Session:
    """Return the session that a job begins with its identity token; ``secret`` is its new token."""
    if caller.fresh is None:  # Defensive: only a job with an identity token begins one
        raise _NO_SESSION
    claims = caller.fresh
    token = hashlib.sha256(f"{claims.issuer}\n{claims.token_id}".encode()).hexdigest()
    ends = now + terms.longest
    return Session(
        token=token,
        secret=session_digest(secret),
        key=caller.proof.key,
        request=request,
        holder=caller.job,
        name=caller.identity.name,
        claims={**claims.claims, "iss": claims.issuer, "sub": claims.subject},
        issued=now,
        ends=ends,
        kept=max(ends, claims.expires + LEEWAY) + _AFTERWARDS,
    )


def _verified(token: Secret, issuer: Issuer, proof: Proof, now: datetime, terms: BrokerTerms, doors: BrokerDoors) -> VerifiedClaims:
    jwks = doors.jwks.keys(issuer.url)
    if unknown_key(token, jwks):
        jwks = doors.jwks.fresh(issuer.url)
    bound = terms.audience + BOUND + proof.key
    audience = bound if terms.bound else terms.audience
    expected = Expectation(issuer.url, audience, issuer.algorithms, jwks, bound, issuer.table.longest)
    claims = verify(token, expected, now)
    return VerifiedClaims(claims.issuer, terms.audience, claims.subject, claims.token_id, claims.issued, claims.expires, claims.claims)
