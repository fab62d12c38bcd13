# SPDX-License-Identifier: Apache-2.0
"""SLSA v1.2 provenance of a job, every field from its verified claims; nothing is ever taken from the job's environment.

The predicate's fields and those that Sigstore's certificates carry (Fulcio's object identifiers 1.3.6.1.4.1.57264.1.N) come from
the same claims, so both are made here. Sources: sigstore/fulcio docs/oid-info.md and its issuer templates, actions/toolkit attest,
GitLab's SLSA provenance documents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pipeline_guard.errors import Denied
from pipeline_guard.model.identity import VerifiedClaims
from pipeline_guard.model.statement import VerifiedStatement
from pipeline_guard.model.subject import Subject
from pipeline_guard.sign.statement import PROVENANCE, statement_payload

GITHUB_BUILD = "https://actions.github.io/buildtypes/workflow/v1"
# Ours: GitLab's own build type describes what its runner reports, which nobody verified.
GITLAB_BUILD = "urn:pipeline-guard:gitlab-job:v1"
_GITHUB = (
    "ref", "sha", "repository", "event_name", "job_workflow_ref", "workflow_ref", "repository_id", "repository_owner_id",
    "runner_environment", "run_id", "run_attempt",
)  # fmt: skip
_GITLAB = (
    "project_path", "project_id", "namespace_path", "namespace_id", "ref", "ref_type", "sha", "ci_config_ref_uri", "ci_config_sha",
    "pipeline_source", "runner_environment", "job_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BuildFacts:
    """Who built what from where; ``n`` in a comment is the last arc of Fulcio's object identifier for it."""

    forge: str
    issuer: str  # 8
    builder: str  # 9, and the certificate's subject alternative name
    builder_digest: str  # 10
    runner: str  # 11
    source: str  # 12
    commit: str  # 13
    ref: str  # 14
    source_id: str  # 15
    owner: str  # 16
    owner_id: str  # 17
    config: str  # 18
    config_digest: str  # 19
    trigger: str  # 20
    run: str  # 21
    visibility: str  # 22
    environment: str  # 23
    subject: str  # 24
    config_path: str

    def extensions(self) -> Mapping[int, str]:
        """Return the values of Fulcio's extensions by their last arc; those that no claim tells are left out."""
        values = (
            self.issuer, self.builder, self.builder_digest, self.runner, self.source, self.commit, self.ref, self.source_id, self.owner,
            self.owner_id, self.config, self.config_digest, self.trigger, self.run, self.visibility, self.environment, self.subject,
        )  # fmt: skip
        return {number: value for number, value in enumerate(values, start=8) if value}


def build_facts(claims: VerifiedClaims) -> BuildFacts:
    """Derive everything that is said of a build. Raises Denied where the token does not tell it, or tells it inconsistently."""
    if "repository_id" in claims.claims:
        return _github(claims)
    if "project_id" in claims.claims:
        return _gitlab(claims)
    raise Denied("the identity token is of no forge we know", "expected are the claims of GitHub Actions or GitLab CI")


def provenance_predicate(claims: VerifiedClaims) -> dict[str, Any]:
    """Return the predicate of SLSA provenance v1 for the job behind ``claims``. Raises Denied where it cannot be derived."""
    facts = build_facts(claims)
    internal: dict[str, Any]
    if facts.forge == "github":
        internal = {
            "github": {
                "event_name": facts.trigger,
                "repository_id": facts.source_id,
                "repository_owner_id": facts.owner_id,
                "runner_environment": facts.runner,
            }
        }
    else:
        internal = {
            "gitlab": {
                "pipeline_source": facts.trigger,
                "project_id": facts.source_id,
                "namespace_id": facts.owner_id,
                "runner_environment": facts.runner,
            }
        }
    return {
        "buildDefinition": {
            "buildType": GITHUB_BUILD if facts.forge == "github" else GITLAB_BUILD,
            "externalParameters": {"workflow": {"ref": facts.ref, "repository": facts.source, "path": facts.config_path}},
            "internalParameters": internal,
            "resolvedDependencies": [{"uri": f"git+{facts.source}@{facts.ref}", "digest": {"gitCommit": facts.commit}}],
        },
        "runDetails": {"builder": {"id": facts.builder}, "metadata": {"invocationId": facts.run}},
    }


def built_from_another(statement: VerifiedStatement, commit: str) -> str:
    """Say why a verified statement is no provenance of a build from ``commit``, "" where it is.

    The first of ``resolvedDependencies`` is the source, in the build types of the forges and in ours.
    """
    if statement.predicate_type != PROVENANCE:
        return f"its signature is a {statement.predicate_type[:80]}, which tells no commit"
    built = statement.predicate.get("buildDefinition")
    resolved = built.get("resolvedDependencies") if isinstance(built, dict) else None
    first = resolved[0] if isinstance(resolved, list) and resolved else None
    digests = first.get("digest") if isinstance(first, dict) else None
    named = [digests[word] for word in ("gitCommit", "sha1") if word in digests] if isinstance(digests, dict) else []
    if not named:
        return "its provenance names no commit"
    other = next((one for one in named if one != commit), "")
    return f"its provenance is of another commit: {str(other)[:64]}, not {commit}" if other else ""


def provenance_payload(subjects: Sequence[Subject], claims: VerifiedClaims) -> bytes:
    """Return the payload that says which job built ``subjects``; only a signer that jobs cannot reach may sign it (SLSA L3)."""
    return statement_payload(subjects, PROVENANCE, provenance_predicate(claims))


def _github(claims: VerifiedClaims) -> BuildFacts:
    found = _needed(claims, _GITHUB)
    server = claims.issuer
    if server == "https://token.actions.githubusercontent.com" or server.startswith("https://token.actions.githubusercontent.com/"):
        server = "https://github.com"
    else:  # GitHub Enterprise Server: https://HOST/_services/token; data residency: https://token.actions.TENANT.ghe.com
        host = urlsplit(server).hostname or ""
        server = f"https://{host.removeprefix('token.actions.')}"
    workflow, _, at = found["workflow_ref"].partition("@")
    prefix = found["repository"] + "/"
    if not at or not workflow.startswith(prefix) or "@" not in found["job_workflow_ref"]:
        raise Denied("the identity token names a workflow outside its repository", "no provenance can be derived from it")
    run = f"{server}/{found['repository']}/actions/runs/{found['run_id']}/attempts/{found['run_attempt']}"
    return BuildFacts(
        forge="github",
        issuer=claims.issuer,
        builder=f"{server}/{found['job_workflow_ref']}",
        builder_digest=found.get("job_workflow_sha", ""),
        runner=found["runner_environment"],
        source=f"{server}/{found['repository']}",
        commit=found["sha"],
        ref=found["ref"],
        source_id=found["repository_id"],
        owner=f"{server}/{found['repository'].partition('/')[0]}",
        owner_id=found["repository_owner_id"],
        config=f"{server}/{found['workflow_ref']}",
        config_digest=found.get("workflow_sha", ""),
        trigger=found["event_name"],
        run=run,
        visibility=found.get("repository_visibility", ""),
        environment=found.get("environment", ""),
        subject=claims.subject,
        config_path=workflow.removeprefix(prefix),
    )


def _gitlab(claims: VerifiedClaims) -> BuildFacts:
    found = _needed(claims, _GITLAB)
    if found.get("job_project_id", found["project_id"]) != found["project_id"]:
        # in fork merge requests project_* means the fork, job_project_* the place where the job runs
        raise Denied("the job of a fork runs in another project", "fork merge requests get no provenance")
    kinds = {"branch": "refs/heads/", "tag": "refs/tags/"}
    if found["ref_type"] not in kinds:
        raise Denied(f"the identity token has an unknown ref_type: {found['ref_type'][:40]!r}", "expected are branch and tag")
    server = claims.issuer.rstrip("/")
    path, _, at = found["ci_config_ref_uri"].partition("@")
    _, inside, config_path = path.partition("//")
    if not at or not inside:
        raise Denied("the identity token names no configuration file", "no provenance can be derived from it")
    project = f"{server}/{found['project_path']}"
    return BuildFacts(
        forge="gitlab",
        issuer=claims.issuer,
        builder=f"https://{found['ci_config_ref_uri']}",
        builder_digest=found["ci_config_sha"],
        runner=found["runner_environment"],
        source=project,
        commit=found["sha"],
        ref=kinds[found["ref_type"]] + found["ref"],
        source_id=found["project_id"],
        owner=f"{server}/{found['namespace_path']}",
        owner_id=found["namespace_id"],
        config=f"https://{found['ci_config_ref_uri']}",
        config_digest=found["ci_config_sha"],
        trigger=found["pipeline_source"],
        run=f"{project}/-/jobs/{found['job_id']}",
        visibility=found.get("project_visibility", ""),
        environment=found.get("environment", ""),
        subject=claims.subject,
        config_path=config_path,
    )


def _needed(claims: VerifiedClaims, names: Sequence[str]) -> Mapping[str, str]:
    missing = [name for name in names if not claims.claims.get(name)]
    if missing:
        raise Denied(f"the identity token lacks {', '.join(missing)}", "it is not a token of a pipeline job that can have provenance")
    return claims.claims
