# SPDX-License-Identifier: Apache-2.0
"""The dry-run's story: a repository's pipeline files, step by step as their forges would, through rehearsal doors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from pipeline_guard.errors import ExitCode, UsageError, weightiest
from pipeline_guard.identity.job import identify
from pipeline_guard.identity.jwt import Expectation, verify
from pipeline_guard.model.situation import Situation
from pipeline_guard.model.staged import Answer, Call, JobNames, Rehearsed
from pipeline_guard.policy.decide import Decision, decide
from pipeline_guard.policy.parse import Policy
from pipeline_guard.ports import Jwks, Shells, Stage, TokenSource
from pipeline_guard.rehearse import claims as job_claims

AUDIENCE = "pipeline-guard"
VERBS = ("scan", "gate", "sign", "verify", "inject")


class Performer(Protocol):
    """Our command, played: it answers calls as the job that was entered last."""

    def enter(self, job: JobNames) -> None:
        """Be this job from now on."""
        ...

    def answer(self, call: Call) -> Answer:
        """Do what the command would do, writing nothing."""
        ...

    def notes(self) -> list[str]:
        """Return what there was to remark since the last time."""
        ...


@dataclass(frozen=True, slots=True)
class RehearseDoors:
    """What a rehearsal needs. ``read`` gives a file of the repository, None where there is none; ``changed`` the change's paths."""

    shells: Shells
    stage: Stage
    performer: Performer
    read: Callable[[str], bytes | None]
    changed: Callable[[], Sequence[str] | None]
    matching: Callable[[str], Sequence[str]]  # the repository's files that match a pattern, from its root
    root: str
    assumed: Mapping[str, str] = field(default_factory=dict)  # what a person says of the forge: contexts' paths, variables

    def exists(self, pattern: str) -> bool:
        """Tell whether any file of the repository matches a pattern."""
        return bool(self.matching(pattern))


@dataclass(slots=True)
class Rehearsal:
    """What came out: our steps, what of others was passed over, and what could not be understood."""

    steps: list[Rehearsed] = field(default_factory=list)
    others: list[str] = field(default_factory=list)  # path:line and what it is
    unclear: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)  # files elsewhere that may hold steps of ours
    skipped: list[str] = field(default_factory=list)  # workflows and jobs that this situation does not start, and why
    assumed: list[str] = field(default_factory=list)
    unstarted: list[str] = field(default_factory=list)  # containers and services of jobs with steps of ours
    kept: dict[Any, Any] = field(default_factory=dict)  # runs of actions that only read, by what they were asked

    @property
    def code(self) -> ExitCode:
        """The pipeline's answer: the weightiest of the steps that it goes by, incomplete where something was not understood."""
        counted = [each for each in self.steps if each.counts and each.reached]
        codes = [each.code if each.certain or not each.code else ExitCode.INCOMPLETE for each in counted]
        codes += [ExitCode.INCOMPLETE] * bool(self.unclear)
        return weightiest([ExitCode(code) if code in set(ExitCode) else ExitCode.NO for code in codes])


def rehearse(workflows: Mapping[str, bytes], gitlab_file: bytes | None, situation: Situation, job: str, doors: RehearseDoors) -> Rehearsal:
    """Rehearse every workflow, then the GitLab pipeline; raise UsageError for a file that the forge would refuse."""
    from pipeline_guard.flows.rehearse_github import rehearse_workflow
    from pipeline_guard.flows.rehearse_gitlab import rehearse_pipeline

    found = Rehearsal()
    for path, content in workflows.items():
        rehearse_workflow(content, path, situation, job, found, doors)
    if gitlab_file is not None:
        rehearse_pipeline(gitlab_file, ".gitlab-ci.yml", situation, job, found, doors)
    for listed in (
        found.others,
        found.skipped,
        found.unclear,
        found.assumed,
        found.unseen,
        found.unstarted,
    ):  # a matrix says everything many times
        listed[:] = dict.fromkeys(listed)
    return found


def claims(job: JobNames, situation: Situation, policy: Policy, now: datetime) -> dict[str, Any]:
    """Return the claims that the forge would sign for this job.

    Numbers of repositories and owners are the forge's secret until it tells them: the policy's own are assumed.
    """
    issuer = issuer_of(job.forge)
    assumed: dict[str, str] = {}
    for grant in policy.grants:
        if grant.issuer.startswith(issuer):
            for name, value in grant.claims.items():
                if name.endswith("_id"):
                    assumed.setdefault(name, value if isinstance(value, str) else value[0])
    return job_claims.claims(job, situation, audience=AUDIENCE, assumed=assumed, now=now)


def issuer_of(forge: str) -> str:
    """Return who signs a forge's job identities."""
    return job_claims.GITHUB_ISSUER if forge == "github" else job_claims.GITLAB_ISSUER


def decisions(names: Sequence[str], policy: Policy, *, tokens: TokenSource, keys: Jwks, issuer: str, now: datetime) -> list[Decision]:
    """Verify the job's token as the broker would, then decide for each secret."""
    expected = Expectation(issuer, AUDIENCE, frozenset({"RS256"}), keys.keys(issuer))
    identity = identify(verify(tokens.fetch(AUDIENCE), expected, now))
    return [decide(policy, identity, name) for name in names]


def named_line(path: str, line: int, error: UsageError) -> UsageError:
    """Return an error with the place in front, where it has none yet."""
    return error if error.what.startswith(f"{path}:") else UsageError(f"{path}:{line}: {error.what}", error.hint)
