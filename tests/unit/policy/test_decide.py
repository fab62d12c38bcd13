# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from pipeline_guard.config import parse
from pipeline_guard.errors import UsageError
from pipeline_guard.model.identity import JobIdentity
from pipeline_guard.policy.decide import decide

ISSUER = "https://token.actions.githubusercontent.com"
POLICY = """
version: 1
policy:
  grants:
    - name: deploy
      secrets: [db, api]
      issuer: https://token.actions.githubusercontent.com
      claims: {repository_id: "12", ref: [refs/heads/main, refs/heads/release], event_name: push}
"""


def identity(**changes: str | None) -> JobIdentity:
    claims = {"repository_id": "12", "ref": "refs/heads/main", "event_name": "push", **changes}
    return JobIdentity("github", ISSUER, "pipeline-guard", "o/r", {name: value for name, value in claims.items() if value is not None})


def allowed(who: JobIdentity, secret: str = "db", text: str = POLICY) -> bool:
    return decide(parse(text.encode()).policy, who, secret).allowed


def test_matching_job_is_allowed() -> None:
    assert allowed(identity())
    assert allowed(identity(ref="refs/heads/release"), "api")


@pytest.mark.parametrize(
    "changes",
    [
        {"repository_id": "123"}, {"repository_id": "1"}, {"repository_id": None}, {"ref": "refs/heads/main\n"}, {"ref": "refs/heads/main2"},
        {"ref": "xrefs/heads/main"}, {"ref": "REFS/HEADS/MAIN"}, {"ref": None}, {"event_name": "pull_request_target"}, {"event_name": ""},
    ],
    ids=str,
)  # fmt: skip
def test_anything_else_is_denied(changes: dict[str, str | None]) -> None:
    assert not allowed(identity(**changes))


def test_other_issuer_audience_or_secret_is_denied() -> None:
    base = identity()
    assert not allowed(JobIdentity("github", ISSUER + "/", base.audience, "o/r", base.claims))
    assert not allowed(JobIdentity("github", ISSUER, "another", "o/r", base.claims))
    assert not allowed(base, "other")


def test_empty_policy_denies_everything() -> None:
    assert not allowed(identity(), text="version: 1\n")
    assert not allowed(identity(), text="")


@pytest.mark.parametrize("event", ["pull_request_target", "workflow_run", "pull_request", "issue_comment"])
def test_risky_event_counts_only_where_it_is_named(event: str) -> None:
    silent = POLICY.replace(", event_name: push", "")
    assert allowed(identity(), text=silent)
    assert not allowed(identity(event_name=event), text=silent)
    assert allowed(identity(event_name=event), text=POLICY.replace("event_name: push", f"event_name: {event}"))


def test_denial_names_the_nearest_grant_and_the_difference() -> None:
    decision = decide(parse(POLICY.encode()).policy, identity(ref="refs/heads/dev"), "db")
    assert (decision.grant, decision.allowed) == ("deploy", False)
    assert "refs/heads/dev" in decision.why


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('repository_id: "12", ', ""),
        ("[db, api]", "[]"),
        ("[db, api]", '["*"]'),
        ("[db, api]", "db"),
        ("event_name: push", "event_name: ''"),
        ("event_name: push", "event_name: []"),
        ("event_name: push", "event_name: 5"),
        ("https://token.actions.githubusercontent.com", "http://insecure.example"),
        ("claims:", "clams:"),
    ],
)
def test_policy_that_says_too_little_is_refused(before: str, after: str) -> None:
    assert before in POLICY
    with pytest.raises(UsageError):
        parse(POLICY.replace(before, after).encode())
