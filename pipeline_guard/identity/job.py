# SPDX-License-Identifier: Apache-2.0
"""VerifiedClaims to JobIdentity: the forge's own names for who a job is."""

from __future__ import annotations

import hashlib

from pipeline_guard.errors import Denied
from pipeline_guard.identity.issuers import GITHUB, GITLAB, ClaimTable, Issuer
from pipeline_guard.model.identity import JobIdentity, VerifiedClaims


def identify(claims: VerifiedClaims, issuer: Issuer | None = None) -> JobIdentity:
    """Return the job behind ``claims``; raise Denied where they are not those of a forge's job.

    Without an ``issuer`` the claims themselves tell the forge, and nothing more is asked of them than they hold.
    """
    table = issuer.table if issuer else _table(claims)
    found = claims.claims
    missing = sorted(claim for claim in table.required if not found.get(claim))
    if missing:
        raise Denied(f"the identity token lacks {', '.join(missing)}", "it is not a token of a pipeline job")
    if table.forge == "gitlab":
        _check_fork(claims, strict=issuer is not None and not issuer.before_18_4)
    known = {name: value for name, value in found.items() if issuer is None or table.knows(name)}
    return JobIdentity(table.forge, claims.issuer, claims.audience, found.get(table.name, claims.subject), known)


def holder_of(identity: JobIdentity, table: ClaimTable, key: str) -> str:
    """Return the name that all leases of one job share, at most 240 characters.

    Where a forge does not number its jobs (GitHub Enterprise Server before ``check_run_id``), ``key``, the thumbprint of the job's own
    key, tells them apart.
    """
    parts = [identity.claims.get(claim, "") for claim in table.job]
    if not all(parts):
        parts.append(key)
    name = ":".join([holder_prefix(identity.issuer, table) + identity.claims[table.repository], *parts])
    # Defensive: numbers are short; cut off, two jobs could become one
    return name if len(name) <= 240 else holder_prefix(identity.issuer, table) + hashlib.sha256(name.encode()).hexdigest()


def holder_prefix(issuer: str, table: ClaimTable) -> str:
    """Return how the names of all jobs of an issuer begin."""
    return f"{table.forge}:{hashlib.sha256(issuer.encode()).hexdigest()[:8]}:"


def _table(claims: VerifiedClaims) -> ClaimTable:
    for table in (GITHUB, GITLAB):
        if table.repository in claims.claims:
            return table
    raise Denied("the identity token is of no forge we know", "expected are the claims of GitHub Actions or GitLab CI")


def _check_fork(claims: VerifiedClaims, *, strict: bool) -> None:
    # NOTE: in fork merge requests project_* means the fork, job_project_* the place where the job runs.
    runs_in = claims.claims.get("job_project_id")
    if runs_in is None and strict:
        raise Denied("the identity token does not say where its job runs", "GitLab 18.4 says so; for an older one set before-18-4: true")
    if runs_in not in (None, claims.claims["project_id"]):
        raise Denied("the job of a fork runs in another project", "fork merge requests get no secrets")
