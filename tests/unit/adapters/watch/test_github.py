# SPDX-License-Identifier: Apache-2.0
"""GitHub is asked after a job by real HTTP, held against its published description; what it does not say clearly ends nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from pipeline_guard.adapters.hsm.pkcs11 import Pkcs11Token
from pipeline_guard.adapters.watch.github import GithubJobs
from pipeline_guard.adapters.watch.line import Line
from pipeline_guard.errors import Denied, Unavailable
from pipeline_guard.model.dynamic import EngineKey
from pipeline_guard.model.secret import Secret
from tests.fakes.engines import Clock
from tests.fakes.forge_server import Fault, Served, serving
from tests.fakes.issuer import GITHUB
from tests.fakes.jobs import ActionsJobs

TOKEN = "ghp_" + "watching"
JOB = (900, 1, 77)


@pytest.fixture
def server() -> Iterator[Served]:
    with serving(ActionsJobs(tokens={TOKEN}, jobs={JOB: "in_progress"})) as served:
        yield served


def watch(server: Served, clock: Clock | None = None) -> GithubJobs:
    clock = clock or Clock()
    return GithubJobs(clock, Line(clock, server.url, "GitHub", "github"), token=lambda: Secret(TOKEN.encode()))


@pytest.mark.parametrize("status", ["queued", "in_progress", "waiting", "requested", "pending", "completed"])
def test_only_a_completed_job_has_ended(status: str, server: Served) -> None:
    server.forge.jobs[JOB] = status
    assert watch(server).has_ended(GITHUB) is (status == "completed")
    assert server.asked == [("GET", "/repos/octo/app/actions/jobs/77")]


def test_job_without_a_number_is_judged_by_its_run_attempt(server: Served) -> None:
    """GitHub Enterprise Server does not number jobs in its tokens yet: the whole attempt has to be over."""
    claims = {name: value for name, value in GITHUB.items() if name != "check_run_id"}
    assert watch(server).has_ended(claims) is False
    server.forge.jobs[JOB] = "completed"
    assert watch(server).has_ended(claims) is True
    assert server.asked[-1] == ("GET", "/repos/octo/app/actions/runs/900/attempts/1")


@pytest.mark.parametrize("changes", [{"id": 78}, {"run_id": 901}])
def test_answer_of_another_job_is_none(changes: dict[str, Any], server: Served) -> None:
    server.forge.jobs[JOB] = "completed"
    server.forge.changes = changes
    with pytest.raises(Denied, match="another job"):
        watch(server).has_ended(GITHUB)


def test_repository_that_is_not_there_any_more_ends_nothing_and_others_are_asked_on(server: Served) -> None:
    asking = watch(server)
    with pytest.raises(Denied, match="knows no such job"):
        asking.has_ended({**GITHUB, "repository": "octo/renamed"})
    assert asking.has_ended(GITHUB) is False


@pytest.mark.parametrize("name", ["octo", "octo/../x", "octo/..", "octo/app?x", "octo/app/../../user", "", "octo/a%2fb", "octo/app\n"])
def test_name_that_is_no_repository_is_never_put_into_an_address(name: str, server: Served) -> None:
    with pytest.raises(Denied, match="does not name its repository"):
        watch(server).has_ended({**GITHUB, "repository": name})
    assert server.asked == []


def test_token_without_numbers_is_not_asked_after(server: Served) -> None:
    for changes in ({"check_run_id": "", "run_id": "x"}, {"check_run_id": "٣", "run_attempt": ""}):
        with pytest.raises(Denied, match="does not number its job"):
            watch(server).has_ended({**GITHUB, **changes})


def test_app_asks_with_a_token_that_may_only_read_actions_made_once_an_hour(embedded_token: Pkcs11Token) -> None:
    private = rsa.generate_private_key(65537, 2048)
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    record = embedded_token.import_rsa("watching-app", 1, Secret(pem))
    key = EngineKey("watching-app", record.ref.type, record.public_pem, lambda message: embedded_token.sign(record.ref, message))
    clock = Clock()
    with serving(ActionsJobs(public_pem=record.public_pem, jobs={JOB: "completed"})) as server:
        asking = GithubJobs(clock, Line(clock, server.url, "GitHub", "github"), app="4711", key=lambda: key)
        assert asking.has_ended(GITHUB)
        assert asking.has_ended(GITHUB)
        assert server.forge.made == 1
        clock.move(minutes=56)
        with pytest.raises(Unavailable):  # the clock of the test has moved, GitHub's has not: it refuses what is signed tomorrow
            asking.has_ended(GITHUB)
        assert server.asked.count(("GET", "/repos/octo/app/installation")) == 2, "a new token was wanted"


@pytest.mark.parametrize("status", [401, 403, 429, 500, 502])
def test_forge_that_answers_nobody_is_left_alone_for_a_while(status: int, server: Served) -> None:
    clock = Clock()
    asking = watch(server, clock)
    server.faults.append(Fault("GET .*", status))
    with pytest.raises(Unavailable, match=str(status)):
        asking.has_ended(GITHUB)
    with pytest.raises(Unavailable, match="left alone until"):
        asking.has_ended(GITHUB)
    assert len(server.asked) == 1
    clock.move(seconds=16)
    assert asking.has_ended(GITHUB) is False


def test_each_failure_makes_the_pause_longer_and_one_answer_ends_that(server: Served) -> None:
    clock = Clock()
    asking = watch(server, clock)
    for seconds in (15, 30, 60, 120):
        server.faults.append(Fault("GET .*", 503))
        with pytest.raises(Unavailable, match="answers 503"):
            asking.has_ended(GITHUB)
        clock.move(seconds=seconds - 1)
        with pytest.raises(Unavailable, match="left alone"):
            asking.has_ended(GITHUB)
        clock.move(seconds=1)
    assert asking.has_ended(GITHUB) is False
    server.faults.append(Fault("GET .*", 503))
    with pytest.raises(Unavailable, match="answers 503"):
        asking.has_ended(GITHUB)
    clock.move(seconds=15)
    assert asking.has_ended(GITHUB) is False


@pytest.mark.parametrize("how", ["retry-after", "reset"])
def test_forge_says_for_how_long(how: str, server: Served) -> None:
    clock = Clock()
    asking = watch(server, clock)
    reset = str(int(clock.now().timestamp()) + 600)
    headers = {"Retry-After": "600"} if how == "retry-after" else {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
    server.faults.append(Fault("GET .*", 403 if how == "reset" else 429, headers=headers))
    with pytest.raises(Unavailable):
        asking.has_ended(GITHUB)
    clock.move(seconds=590)
    with pytest.raises(Unavailable, match="left alone"):
        asking.has_ended(GITHUB)
    clock.move(seconds=11)
    assert asking.has_ended(GITHUB) is False


@pytest.mark.parametrize(
    "fault",
    [
        Fault("GET .*", 200, b"[]"),
        Fault("GET .*", 200, b"{"),
        Fault("GET .*", 200, b"\xff\xfe"),
        Fault("GET .*", 200, b'{"status": "completed"}'),
        Fault("GET .*", 302, headers={"Location": "http://127.0.0.1:1/"}),
        Fault("GET .*", 200, b'{"id": 77, "run_id": 900, "status": "completed", "x": "' + b"a" * 2_000_000 + b'"}'),
        Fault("GET .*", is_cut=True),
    ],
    ids=["a list", "no JSON", "no text", "of no job", "elsewhere", "endless", "cut"],
)
def test_answer_that_is_none_ends_nothing(fault: Fault, server: Served) -> None:
    server.faults.append(fault)
    with pytest.raises((Denied, Unavailable)) as told:
        watch(server).has_ended(GITHUB)
    assert TOKEN not in told.value.what + told.value.hint


def test_state_that_is_no_word_is_none_of_an_end(server: Served) -> None:
    server.faults.append(Fault("GET .*", 200, b'{"id": 77, "run_id": 900, "status": ["completed"]}'))
    assert watch(server).has_ended(GITHUB) is False
