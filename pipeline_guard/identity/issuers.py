# SPDX-License-Identifier: Apache-2.0
"""The issuers we know, as a table: where their keys are, how long a token may live, and what each claim is to us.

Every claim of a forge is required, optional or knowingly ignored; one that is in no list is told of and matches nothing, so that a
claim which a forge adds tomorrow decides nothing until somebody has looked at it. Sources: docs.github.com "OpenID Connect reference";
docs.gitlab.com "OpenID Connect (OIDC) Authentication Using ID Tokens"; Warehouse's ``oidc`` models, which account for every claim too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from pipeline_guard.errors import Denied

GITHUB_COM = "https://token.actions.githubusercontent.com"
GITLAB_COM = "https://gitlab.com"
# of every token; ``jwt`` has judged them
_STANDARD = frozenset({"iss", "aud", "sub", "exp", "iat", "nbf", "jti"})


@dataclass(frozen=True, slots=True)
class ClaimTable:
    """What the claims of one forge's tokens are to us.

    ``prefixes`` are of optional claims that an administrator names. ``free`` can be chosen by whoever starts a job, or by anybody
    who writes to the repository: they tell nothing of who a job is.
    """

    forge: str
    name: str  # the claim with the repository's name, for people
    repository: str
    owner: str
    event: str
    job: tuple[str, ...]  # together they tell one job from every other of this repository
    required: frozenset[str]
    optional: frozenset[str]
    ignored: frozenset[str] = frozenset()
    free: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    longest: timedelta = timedelta(hours=1)

    def knows(self, claim: str) -> bool:
        """Tell whether a policy may speak of a claim."""
        return claim in self.required or claim in self.optional or claim.startswith(self.prefixes or ("\0",))

    def unknown(self, claims: Mapping[str, str]) -> Sequence[str]:
        """Return the claims that are in no list."""
        return sorted(name for name in claims if not (self.knows(name) or name in self.ignored or name in _STANDARD))


GITHUB = ClaimTable(
    forge="github",
    name="repository",
    repository="repository_id",
    owner="repository_owner_id",
    event="event_name",
    job=("run_id", "run_attempt", "check_run_id"),
    required=frozenset({"repository_id", "repository_owner_id", "ref", "event_name", "run_id"}),
    optional=frozenset({
        "repository", "repository_owner", "repository_visibility", "enterprise", "enterprise_id", "actor", "actor_id", "ref_type",
        "ref_protected", "sha", "base_ref", "head_ref", "workflow", "workflow_ref", "workflow_sha", "job_workflow_ref", "job_workflow_sha",
        "environment", "environment_node_id", "run_number", "run_attempt", "check_run_id", "runner_environment",
    }),
    free=frozenset({"workflow", "head_ref", "base_ref", "actor", "actor_id", "run_number", "run_attempt"}),
    prefixes=("repo_property_",),
)  # fmt: skip

GITLAB = ClaimTable(
    forge="gitlab",
    name="project_path",
    repository="project_id",
    owner="namespace_id",
    event="pipeline_source",
    job=("job_id",),
    required=frozenset({"project_id", "namespace_id", "ref", "ref_type", "pipeline_source", "job_id"}),
    optional=frozenset({
        "project_path", "namespace_path", "job_project_id", "job_project_path", "job_namespace_id", "job_namespace_path",
        "project_visibility", "user_id", "user_login", "user_email", "user_access_level", "pipeline_id", "job_source", "ref_path",
        "ref_protected", "sha", "environment", "environment_protected", "deployment_tier", "environment_action", "runner_id",
        "runner_environment", "ci_config_ref_uri", "ci_config_sha",
    }),
    # objects and lists, which no rule compares
    ignored=frozenset({"user_identities", "groups_direct", "job_config", "target_audience"}),
    free=frozenset({"user_login", "user_email", "environment_action"}),
    longest=timedelta(hours=24),  # a token lives as long as its job may
)  # fmt: skip

# A further forge is one more row; Forgejo keeps GitHub's contract.
TABLES: Mapping[str, ClaimTable] = MappingProxyType({"github": GITHUB, "forgejo": GITHUB, "gitlab": GITLAB})


@dataclass(frozen=True, slots=True)
class Issuer:
    """One issuer that is trusted to tell who a job is. ``url`` is compared whole, its slashes too.

    ``before_18_4``: a GitLab so old that its tokens do not say where a job runs; whoever sets it trusts its fork pipelines.
    """

    url: str
    table: ClaimTable
    algorithms: frozenset[str] = frozenset({"RS256"})
    before_18_4: bool = False


def table_for(issuer: str) -> ClaimTable:
    """Guess the table of an issuer by its address, for rules that are looked at without a broker's configuration."""
    host = issuer.removeprefix("https://")
    is_github = host.startswith("token.actions.") or issuer.endswith("/_services/token")
    return GITHUB if is_github else GITLAB


def select(issuers: Sequence[Issuer], unverified_issuer: str) -> Issuer:
    """Return the configured issuer that a token names; raise Denied for any other. The token chooses, it does not introduce."""
    for issuer in issuers:
        if issuer.url == unverified_issuer:
            return issuer
    raise Denied("the identity token is of an issuer that is not configured", "name it under broker.issuers on the broker")
