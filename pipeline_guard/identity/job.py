# SPDX-License-Identifier: Apache-2.0
"""VerifiedClaims to JobIdentity: the forge's own names for who a job is."""

from __future__ import annotations

from pipeline_guard.errors import Denied
from pipeline_guard.model.identity import JobIdentity, VerifiedClaims

# What each forge's tokens must carry before any rule may look at them.
_GITHUB = ("repository_id", "repository_owner_id", "ref", "event_name", "run_id")
_GITLAB = ("project_id", "namespace_id", "ref", "ref_type", "pipeline_source", "job_id")


def identify(claims: VerifiedClaims) -> JobIdentity:
    """Return the job behind ``claims``; raise Denied where they are not those of a forge's job."""
    found = claims.claims
    for forge, needed, name in (("github", _GITHUB, "repository"), ("gitlab", _GITLAB, "project_path")):
        if needed[0] in found:
            missing = [claim for claim in needed if not found.get(claim)]
            if missing:
                raise Denied(f"the identity token lacks {', '.join(missing)}", "it is not a token of a pipeline job")
            if forge == "gitlab" and found.get("job_project_id", found["project_id"]) != found["project_id"]:
                # NOTE: in fork merge requests project_* means the fork, job_project_* the place where the job runs.
                raise Denied("the job of a fork runs in another project", "fork merge requests get no secrets")
            return JobIdentity(forge, claims.issuer, claims.audience, found.get(name, claims.subject), found)
    raise Denied("the identity token is of no forge we know", "expected are the claims of GitHub Actions or GitLab CI")
