# SPDX-License-Identifier: Apache-2.0
"""Every claim that a forge documents is accounted for; issuers are compared whole; jobs are told apart."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline_guard.errors import Denied
from pipeline_guard.identity.issuers import GITHUB, GITHUB_COM, GITLAB, GITLAB_COM, Issuer, select, table_for
from pipeline_guard.identity.job import holder_of, identify
from pipeline_guard.model.identity import VerifiedClaims
from tests.fakes.issuer import GITHUB as GITHUB_CLAIMS
from tests.fakes.issuer import GITLAB as GITLAB_CLAIMS

NOW = datetime(2026, 11, 24, tzinfo=UTC)
GH, GL = Issuer(GITHUB_COM, GITHUB), Issuer(GITLAB_COM, GITLAB)


def claims(found: dict[str, Any], issuer: str = GITHUB_COM, **changes: str | None) -> VerifiedClaims:
    texts = {name: str(value) for name, value in {**found, **changes}.items() if value is not None}
    return VerifiedClaims(issuer, "pipeline-guard", "subject", "id", NOW, NOW, texts)


def test_documented_claims_are_all_in_the_tables() -> None:
    assert GITHUB.unknown(GITHUB_CLAIMS) == []
    assert GITLAB.unknown({name: str(value) for name, value in GITLAB_CLAIMS.items()}) == []
    assert GITHUB.unknown({"repo_property_tier": "1", "brand_new": "x", "iss": "y"}) == ["brand_new"]


def test_claim_that_no_table_knows_decides_nothing() -> None:
    found = identify(claims(GITHUB_CLAIMS, brand_new="x", repo_property_tier="gold"), GH)
    assert "brand_new" not in found.claims
    assert found.claims["repo_property_tier"] == "gold"


@pytest.mark.parametrize("url", [GITHUB_COM + "/", GITHUB_COM + "/slug", GITHUB_COM.upper(), "https://evil.example", ""])
def test_issuer_is_compared_whole(url: str) -> None:
    assert select([GL, GH], GITHUB_COM) is GH
    with pytest.raises(Denied, match="not configured"):
        select([GL, GH], url)


@pytest.mark.parametrize("missing", sorted(GITHUB.required))
def test_required_claim_of_github_is_required(missing: str) -> None:
    with pytest.raises(Denied, match=missing):
        identify(claims(GITHUB_CLAIMS, **{missing: None}), GH)


@pytest.mark.parametrize("missing", sorted(GITLAB.required))
def test_required_claim_of_gitlab_is_required(missing: str) -> None:
    with pytest.raises(Denied, match=missing):
        identify(claims(GITLAB_CLAIMS, GITLAB_COM, **{missing: None}), GL)


def test_fork_of_gitlab_is_refused_and_an_old_one_must_be_named() -> None:
    assert identify(claims(GITLAB_CLAIMS, GITLAB_COM), GL).forge == "gitlab"
    with pytest.raises(Denied, match="fork"):  # a branch called main in the fork
        identify(claims(GITLAB_CLAIMS, GITLAB_COM, project_id="999"), GL)
    with pytest.raises(Denied, match="does not say where"):
        identify(claims(GITLAB_CLAIMS, GITLAB_COM, job_project_id=None), GL)
    assert identify(claims(GITLAB_CLAIMS, GITLAB_COM, job_project_id=None), Issuer(GITLAB_COM, GITLAB, before_18_4=True))


def test_token_of_one_forge_is_no_token_of_another() -> None:
    with pytest.raises(Denied):
        identify(claims(GITLAB_CLAIMS, GITHUB_COM), GH)
    with pytest.raises(Denied):
        identify(claims(GITHUB_CLAIMS, GITLAB_COM), GL)


def test_holder_tells_jobs_attempts_and_issuers_apart() -> None:
    def holder(issuer: Issuer = GH, key: str = "k", **changes: str | None) -> str:
        found = GITHUB_CLAIMS if issuer.table is GITHUB else GITLAB_CLAIMS
        return holder_of(identify(claims(found, issuer.url, **changes), issuer), issuer.table, key)

    several = [holder(), holder(check_run_id="78"), holder(run_attempt="2"), holder(run_id="901"), holder(repository_id="1"), holder(GL)]
    several.append(holder(Issuer("https://token.actions.githubusercontent.com/slug", GITHUB)))
    assert len(set(several)) == len(several)
    assert holder(key="other") == holder()
    assert holder(check_run_id=None) != holder(check_run_id=None, key="other")  # no number: the key tells jobs apart


def test_table_is_guessed_from_the_address() -> None:
    assert table_for("https://ghes.example/_services/token") is table_for("https://token.actions.tenant.ghe.com") is GITHUB
    assert table_for("https://gitlab.example.com") is GITLAB
