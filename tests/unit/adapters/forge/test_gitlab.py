# SPDX-License-Identifier: Apache-2.0
"""Publishing at GitLab: python-gitlab over real HTTP, every request and answer held against the API as we restated it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from pipeline_guard.adapters.forge.gitlab import GitLabForge
from pipeline_guard.errors import Denied, GuardError, Unavailable
from pipeline_guard.model.forge import MARKER, ForgeEvent, Publication
from pipeline_guard.model.secret import Secret
from tests.fakes.forge_server import Fault, Served, serving
from tests.fakes.gitlab import GitLab, Member

HEAD = "a" * 40
OURS, THEIRS, READER = "gate-" + "token", "eve-" + "token", "read-" + "token"
EVENT = ForgeEvent("gitlab", "merge_request_event", "5", HEAD, change="7", url="https://forge.example/job")
RED = Publication("pipeline-guard", EVENT, False, "blocked: unpinned-image", "## gate\n")
GREEN = replace(RED, is_good=True, title="allowed", summary="## fine\n")


@pytest.fixture
def lab() -> GitLab:
    found = GitLab(commits={HEAD}, heads={"7": HEAD})
    found.tokens = {OURS: Member(9, "gate"), THEIRS: Member(3, "eve"), READER: Member(4, "ann", may_write=False)}
    return found


@pytest.fixture
def served(lab: GitLab) -> Iterator[Served]:
    with serving(lab) as found:
        yield found


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def forge(served: Served, pauses: list[float]) -> Callable[..., GitLabForge]:
    return lambda token=OURS, project="5": GitLabForge(served.url, project, Secret(token.encode()), pauses.append)


def merge(forge: GitLabForge, sha: str = HEAD) -> int:
    """Try to merge as a person would; return the status of the answer."""
    from gitlab.exceptions import GitlabHttpError

    try:
        forge._client.http_put("/projects/5/merge_requests/7/merge", post_data={"sha": sha})
    except GitlabHttpError as error:
        return int(error.response_code or 0)
    return 200


def done(posted: Any) -> dict[str, str]:
    return {each.what: each.done for each in posted}


def test_merge_is_refused_until_status_and_thread_are_settled(lab: GitLab, forge: Callable[..., GitLabForge]) -> None:
    own = forge()
    assert merge(own) == 405
    assert done(own.post(RED)) == {"status": "made", "discussion": "made", "external status check": "left out"}
    assert merge(own) == 405
    own.post(GREEN)
    assert [note["resolved"] for each in lab.discussions for note in each["notes"]] == [True]
    assert merge(own) == 200


def test_status_that_a_developer_overwrites_leaves_the_thread_open(lab: GitLab, forge: Callable[..., GitLabForge]) -> None:
    forge().post(RED)
    forge(THEIRS)._project.commits.get(HEAD, lazy=True).statuses.create({"state": "success", "name": "pipeline-guard"})
    assert merge(forge(THEIRS)) == 405
    assert lab.merged == []


def test_thread_is_opened_again_where_the_verdict_turns_red(lab: GitLab, forge: Callable[..., GitLabForge]) -> None:
    for publication in (RED, GREEN, RED):
        forge().post(publication)
    (thread,) = lab.discussions
    assert (thread["notes"][0]["resolved"], "## gate" in thread["notes"][0]["body"]) == (False, True)


def test_thread_that_somebody_resolved_by_hand_is_opened_again(lab: GitLab, forge: Callable[..., GitLabForge]) -> None:
    forge().post(RED)
    lab.discussions[0]["notes"][0]["resolved"] = True
    assert done(forge().post(RED))["discussion"] == "changed"
    assert lab.discussions[0]["notes"][0]["resolved"] is False


def test_thread_of_somebody_else_with_our_mark_is_left_alone(lab: GitLab, forge: Callable[..., GitLabForge]) -> None:
    lab.thread(f"{MARKER}\nall is well", lab.tokens[THEIRS])
    assert done(forge().post(RED))["discussion"] == "made"
    assert [each["notes"][0]["author"]["id"] for each in lab.discussions] == [3, 9]
    forge().post(GREEN)
    assert [each["notes"][0]["resolved"] for each in lab.discussions] == [False, True]


def test_green_verdict_opens_no_thread(lab: GitLab, forge: Callable[..., GitLabForge]) -> None:
    assert done(forge().post(GREEN))["discussion"] == "kept"
    assert lab.discussions == []


def test_posting_twice_posts_once(lab: GitLab, served: Served, forge: Callable[..., GitLabForge]) -> None:
    lab.checks = [{"id": 1, "name": "pipeline-guard"}]
    forge().post(RED)
    before = served.writes()
    assert set(done(forge().post(RED)).values()) == {"kept"}
    assert served.writes() == before


def test_external_status_check_blocks_until_this_commit_passed(lab: GitLab, forge: Callable[..., GitLabForge]) -> None:
    lab.checks = [{"id": 4, "name": "other"}, {"id": 1, "name": "pipeline-guard"}]
    assert done(forge().post(GREEN))["external status check"] == "made"
    assert lab.answers == {(HEAD, 1): "passed"}
    assert merge(forge()) == 405
    lab.checks = lab.checks[1:]
    lab.heads["7"] = "b" * 40
    assert merge(forge(), "b" * 40) == 405
    posted = forge().post(GREEN)
    assert (posted[-1].done, "conflict" in posted[-1].why) == ("left out", True)


def test_status_check_is_the_one_that_the_webhook_names(lab: GitLab, forge: Callable[..., GitLabForge]) -> None:
    lab.checks = [{"id": 4, "name": "named otherwise"}, {"id": 1, "name": "pipeline-guard"}]
    forge().post(replace(GREEN, event=replace(EVENT, check_id="4")))
    assert lab.answers == {(HEAD, 4): "passed"}


def test_tier_without_status_checks_says_so_in_one_line(forge: Callable[..., GitLabForge]) -> None:
    posted = forge().post(GREEN)
    assert (posted[-1].what, posted[-1].done) == ("external status check", "left out")
    assert "does not allow" in posted[-1].why


def test_lost_answer_is_found_and_not_repeated(lab: GitLab, served: Served, forge: Callable[..., GitLabForge], pauses: list[float]) -> None:
    served.faults = [Fault("POST .*/statuses/.*", 502, after=True), Fault("POST .*/discussions", is_cut=True, after=True)]
    assert done(forge().post(RED)) == {"status": "kept", "discussion": "kept", "external status check": "left out"}
    assert (len(lab.statuses), len(lab.discussions)) == (1, 1)
    assert pauses == [1.0, 1.0]


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (400, Denied, "refuses"),
        (401, Denied, "does not know the token"),
        (403, Denied, "does not allow the token"),
        (404, Denied, "shows no such thing"),
        (409, Unavailable, "in conflict"),
        (422, Denied, "refuses what was sent"),
        (429, Unavailable, "rate limit"),
        (500, Unavailable, "in trouble"),
    ],
)
def test_each_refusal_is_one_line_and_the_right_kind(
    served: Served, forge: Callable[..., GitLabForge], status: int, kind: type[GuardError], words: str
) -> None:
    served.faults = [Fault("POST .*", status, b'{"message": "SECRET of the server"}', times=99)]
    with pytest.raises(kind) as caught:
        forge().post(RED)
    assert words in caught.value.what
    assert "SECRET" not in caught.value.what + caught.value.hint


def test_reader_unknown_token_and_unknown_project_are_denied(forge: Callable[..., GitLabForge]) -> None:
    with pytest.raises(Denied, match="403"):
        forge(READER).post(RED)
    with pytest.raises(Denied, match="401"):
        forge("stranger").head_of("7")
    with pytest.raises(Denied, match="404"):
        forge(project="6").head_of("7")


def test_rate_limit_is_waited_for(served: Served, forge: Callable[..., GitLabForge], pauses: list[float]) -> None:
    served.faults = [Fault("POST .*/statuses/.*", 429, headers={"Retry-After": "7"})]
    assert done(forge().post(RED))["status"] == "made"
    assert pauses == [7.0]


@pytest.mark.parametrize(
    "body", [b"<html>", b"", b"3", b"{", b"[" * 100_000, b'{"sha": {"a": 1}}', b"{}", b"[]", b'[{"notes": 3}]', b"\xff\xfe"]
)
def test_answer_of_another_form_is_no_bug(served: Served, forge: Callable[..., GitLabForge], body: bytes) -> None:
    served.faults = [Fault("GET .*", body=body, times=99)]
    with contextlib.suppress(Unavailable):
        assert forge().head_of("7") != HEAD
    with contextlib.suppress(Unavailable):
        forge().post(RED)


def test_token_is_sent_to_no_other_host(served: Served, forge: Callable[..., GitLabForge]) -> None:
    with serving(GitLab()) as elsewhere:
        for status in (301, 302, 303, 307, 308):
            served.faults = [Fault("GET .*", status, headers={"Location": f"{elsewhere.url}/api/v4/x"}, times=9)]
            with pytest.raises(Unavailable, match="sends us to"):
                forge().head_of("7")
        following = {"Link": f'<{elsewhere.url}/api/v4/projects/5/merge_requests/7/discussions?page=2>; rel="next"'}
        served.faults = [Fault("GET .*/discussions", body=b"[]", headers=following, times=9)]
        assert forge().post(RED)
        assert elsewhere.asked == []


def test_redirected_write_is_not_followed(served: Served, forge: Callable[..., GitLabForge]) -> None:
    served.faults = [Fault("POST .*", 307, headers={"Location": f"{served.url}/api/v4/elsewhere"}, times=9)]
    with pytest.raises(Unavailable, match="sends us to"):
        forge().post(RED)


def test_fake_refuses_what_the_api_does_not_know() -> None:
    lab = GitLab(commits={HEAD}, heads={"7": HEAD}, tokens={OURS: Member(9, "gate")})
    with serving(lab) as served:
        client = GitLabForge(served.url, "5", Secret(OURS.encode()))._client
        client.http_post(f"/projects/5/statuses/{HEAD}", post_data={"state": "excellent"})
        found, lab.api.violations = lab.api.violations, []
    assert any("excellent" in each for each in found)
