# SPDX-License-Identifier: Apache-2.0
"""GitLab is asked after a job by its numbers, with a token that may only read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline_guard.adapters.watch.gitlab import GitlabJobs
from pipeline_guard.adapters.watch.line import Line
from pipeline_guard.errors import Denied, Unavailable
from pipeline_guard.model.secret import Secret
from tests.fakes.engines import Clock
from tests.fakes.forge_server import Fault, Served, serving
from tests.fakes.issuer import GITLAB
from tests.fakes.jobs import PipelineJobs

TOKEN = "glpat-" + "watching"


@pytest.fixture
def server() -> Iterator[Served]:
    with serving(PipelineJobs(TOKEN, jobs={("7", "6"): "running"})) as served:
        yield served


def watch(server: Served, token: str = TOKEN) -> GitlabJobs:
    return GitlabJobs(Line(Clock(), server.url, "GitLab", "gitlab"), lambda: Secret(token.encode()))


@pytest.mark.parametrize(
    ("status", "ended"),
    [
        ("created", False), ("pending", False), ("running", False), ("canceling", False), ("manual", False), ("waiting_for_resource", False),
        ("success", True), ("failed", True), ("canceled", True), ("skipped", True),
    ],
)  # fmt: skip
def test_job_has_ended_when_nothing_of_it_can_run_any_more(status: str, ended: bool, server: Served) -> None:
    server.forge.jobs["7", "6"] = status
    assert watch(server).has_ended(GITLAB) is ended
    assert server.asked == [("GET", "/api/v4/projects/7/jobs/6")]


def test_job_that_is_not_shown_and_answer_of_another_end_nothing(server: Served) -> None:
    with pytest.raises(Denied, match="knows no such job"):
        watch(server).has_ended({**GITLAB, "job_id": "8"})
    server.faults.append(Fault("GET .*", 200, b'{"id": 9, "status": "success"}'))
    with pytest.raises(Denied, match="another job"):
        watch(server).has_ended(GITLAB)
    with pytest.raises(Denied, match="does not number"):
        watch(server).has_ended({**GITLAB, "job_id": "6/../7"})


def test_token_that_may_not_read_is_told_without_its_value(server: Served) -> None:
    with pytest.raises(Unavailable, match="answers 401") as told:
        watch(server, "glpat-" + "other").has_ended(GITLAB)
    assert "other" not in told.value.what + told.value.hint
