# SPDX-License-Identifier: Apache-2.0
"""Remote signing: a job sends digests, policy says with which key, and what is said of the build comes from verified claims alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline_guard.errors import Denied, UsageError
from pipeline_guard.flows.broker_identity import Caller, by_session
from pipeline_guard.flows.broker_model import model_statement
from pipeline_guard.flows.broker_terms import BrokerDoors, BrokerTerms, Refused, limits_for, refusals
from pipeline_guard.flows.sign import SigningState, SigningToken, bundle_of
from pipeline_guard.keys.naming import checked_name
from pipeline_guard.keys.period import current
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.identity import VerifiedClaims
from pipeline_guard.model.key import KeyUsage
from pipeline_guard.model.secret import Secret
from pipeline_guard.model.session import Use
from pipeline_guard.model.subject import Subject
from pipeline_guard.policy.decide import decide
from pipeline_guard.ports import Clock
from pipeline_guard.sign.provenance import provenance_payload
from pipeline_guard.sign.statement import blob_payload

SIGN = "/v1/sign"
MOST = 256  # subjects of one statement
_NO_KEY = "no key of this name is public"


@dataclass(frozen=True, slots=True)
class SigningDoors:
    """What signing needs: token and store, opened at first need."""

    clock: Clock
    token: Callable[[], SigningToken]
    state: Callable[[], SigningState]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a job wants signed; ``subjects``, or the ``model``, are untrusted."""

    session: Secret
    proof: str
    key: str
    type: str
    subjects: Any
    model: Any = None


def sign(wanted: Wanted, *, terms: BrokerTerms, doors: BrokerDoors, signing: SigningDoors) -> tuple[bytes, str]:
    """Return the bundle, and the public key as PEM. Raises IntegrityError, Refused, UsageError, Throttled, Unavailable."""
    if wanted.type not in ("blob", "provenance", "model"):
        raise UsageError("type is none of blob, provenance and model")
    if (wanted.type == "model") != (wanted.model is not None) or (wanted.type == "model") != (wanted.subjects is None):
        raise UsageError("a model is sent as model, everything else as subjects")
    subjects = read_subjects(wanted.subjects) if wanted.type != "model" else []
    name, payload = model_statement(wanted.model) if wanted.type == "model" else ("", b"")
    caller = by_session(wanted.session, wanted.proof, "POST", SIGN, terms=terms, doors=doors)
    now = doors.clock.now()
    decision = decide(terms.policy, caller.identity, wanted.key, key=True)
    limits = limits_for(caller.identity, caller.repository, caller.job, terms.rates)
    if not decision.allowed:
        doors.meter.add("requests_refused_total", "sign")
        doors.book.count(limits, refusals([(wanted.key or "no key", decision.why)], caller.actor, terms, doors, "sign"), now)
        raise Refused(f"{wanted.key[:60]}: {decision.why}")
    if wanted.type != "model":
        payload = blob_payload(subjects) if wanted.type == "blob" else provenance_payload(subjects, _claims(caller))
    doors.book.use(Use(caller.proof.id, caller.proof.until, now, limits, caller.job), [], [])
    names = tuple(subject.name for subject in subjects) or (name,)
    try:
        bundle, public = bundle_of(payload, names, wanted.key, caller.actor, token=signing.token, state=signing.state, clock=signing.clock)
    except (Denied, UsageError) as missing:  # granted, and not there: told like one that is not granted
        doors.book.count((), refusals([(wanted.key, missing.what)], caller.actor, terms, doors, "sign"), now)
        raise Refused(missing.what) from None
    doors.meter.add("signatures_total", wanted.type)
    return bundle, public


def public_key(name: str, *, signing: SigningDoors) -> str:
    """Return the public half of a signing key as PEM. Raises Denied for anything else, always the same."""
    try:
        record = current(signing.state().versions(checked_name(name, "key")), signing.clock.now())
    except UsageError:
        record = None
    if record is None or record.ref.usage is not KeyUsage.SIGN or not record.public_pem:
        raise Denied(_NO_KEY)
    return record.public_pem


def read_subjects(unverified: Any) -> list[Subject]:
    """Return subjects as a job named them; raise UsageError for anything irregular."""
    if not isinstance(unverified, list) or not 0 < len(unverified) <= MOST:
        raise UsageError(f"subjects is no list of 1 to {MOST}")
    found = []
    for each in unverified:
        name, digest = (
            (each.get("name"), each.get("sha256")) if isinstance(each, dict) and set(each) == {"name", "sha256"} else (None, None)
        )
        if not isinstance(name, str) or not isinstance(digest, str) or not 0 < len(name) <= 1024 or not name.isprintable():
            raise UsageError("a subject has a name and a sha256, and nothing else")
        found.append(Subject(name, Digest.parse(f"sha256:{digest}")))
    return found


def _claims(caller: Caller) -> VerifiedClaims:
    """Return the claims that were verified when the session began."""
    session = caller.session
    if session is None:  # Defensive: only sessions sign
        raise Refused("no session")
    digest = hashlib.sha256(session.token.encode()).hexdigest()
    begun = datetime.fromtimestamp(int(session.issued.timestamp()), UTC)
    claims = {name: value for name, value in session.claims.items() if name not in ("iss", "sub")}
    return VerifiedClaims(
        session.claims["iss"], caller.identity.audience, session.claims.get("sub", ""), digest, begun, session.ends, claims
    )
