# SPDX-License-Identifier: Apache-2.0
"""Publishing at GitHub: PyGithub over real HTTP, every request and answer held against GitHub's own OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from pipeline_guard.adapters.forge.github import GitHubForge
from pipeline_guard.errors import Denied, GuardError, Unavailable
from pipeline_guard.model.forge import MARKER, ForgeEvent, Notice, Publication
from pipeline_guard.model.secret import Secret
from tests.fakes.forge_server import Fault, Served, serving
from tests.fakes.github import ACTIONS_APP, GitHub, Identity

HEAD, BASE = "a" * 40, "b" * 40
ALL = {"statuses", "checks", "pull-requests", "security-events", "contents"}
OWN_APP, OTHER_APP = "ghs_" + "own", "ghs_" + "actions"
PERSON = "github_pat_" + "person"
EVENT = ForgeEvent(
    "github", "pull_request", "acme/app", HEAD, base=BASE, change="7", ref="refs/pull/7/merge", url="https://forge.example/run"
)
RED = Publication("pipeline-guard", EVENT, False, "blocked: unpinned-action", "## gate\n", (Notice("a.yml", 3, "failure", "x", "y"),))
GREEN = replace(RED, is_good=True, title="allowed", summary="## fine\n", notices=())


@pytest.fixture
def hub() -> GitHub:
    forge = GitHub(commits={HEAD, BASE}, pulls={7: {"head": HEAD, "base": BASE}}, required=[("pipeline-guard", 99)])
    forge.tokens = {
        OWN_APP: Identity("gate[bot]", set(ALL), 99),
        OTHER_APP: Identity("github-actions[bot]", set(ALL), ACTIONS_APP),
        PERSON: Identity("ann", set(ALL)),
    }
    return forge


@pytest.fixture
def served(hub: GitHub) -> Iterator[Served]:
    with serving(hub) as found:
        yield found


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def forge(served: Served, pauses: list[float]) -> Callable[..., GitHubForge]:
    return lambda token=OWN_APP, name="acme/app": GitHubForge(served.url, name, Secret(token.encode()), pauses.append)


def merge(forge: GitHubForge, sha: str = HEAD) -> int:
    """Try to merge as a person would; return the status of the answer."""
    from github import GithubException

    try:
        forge._repository.get_pull(7).merge(sha=sha)
    except GithubException as error:
        return int(error.status)
    return 200


def done(posted: Any) -> dict[str, str]:
    return {each.what: each.done for each in posted}


def test_merge_is_refused_until_the_check_of_our_own_app_is_green(hub: GitHub, forge: Callable[..., GitHubForge]) -> None:
    own = forge()
    assert merge(own) == 405
    assert done(own.post(RED)) == {"check run": "made", "comment": "made"}
    assert merge(own) == 405
    assert done(own.post(GREEN)) == {"check run": "made", "comment": "changed"}
    assert merge(own) == 200
    assert hub.merged == [HEAD]


def test_green_check_of_another_app_and_a_persons_status_open_nothing(forge: Callable[..., GitHubForge]) -> None:
    forge(OTHER_APP).post(GREEN)
    forge(PERSON).post(GREEN)
    assert merge(forge()) == 405


def test_green_check_of_an_older_commit_opens_nothing(hub: GitHub, forge: Callable[..., GitHubForge]) -> None:
    own = forge()
    own.post(GREEN)
    hub.commits.add("c" * 40)
    hub.pulls[7]["head"] = "c" * 40
    assert merge(own, HEAD) == 409
    assert merge(own, "c" * 40) == 405
    assert own.head_of("7") == "c" * 40


def test_person_gets_a_status_instead_of_a_check_run(hub: GitHub, forge: Callable[..., GitHubForge]) -> None:
    assert done(forge(PERSON).post(RED)) == {"status": "made", "comment": "made"}
    (status,) = hub.statuses
    assert (status["state"], status["context"], status["target_url"]) == ("failure", "pipeline-guard", EVENT.url)


def test_app_without_the_permission_for_checks_sets_a_status(hub: GitHub, forge: Callable[..., GitHubForge]) -> None:
    hub.tokens[OWN_APP].permissions.discard("checks")
    assert done(forge().post(RED)) == {"check run": "left out", "status": "made", "comment": "made"}


@pytest.mark.parametrize("token", [OWN_APP, PERSON])
def test_posting_twice_posts_once(served: Served, forge: Callable[..., GitHubForge], token: str) -> None:
    forge(token).post(RED)
    before = served.writes()
    assert set(done(forge(token).post(RED)).values()) == {"kept"}
    assert served.writes() == before


def test_write_whose_answer_was_lost_is_found_and_not_repeated(
    hub: GitHub, served: Served, forge: Callable[..., GitHubForge], pauses: list[float]
) -> None:
    served.faults = [Fault("POST .*/check-runs", 502, after=True), Fault("POST .*/comments", is_cut=True, after=True)]
    assert done(forge().post(RED)) == {"check run": "kept", "comment": "kept"}
    assert (len(hub.runs), len(hub.comments)) == (1, 1)
    assert pauses == [1.0, 1.0]


def test_annotations_are_sent_in_pieces_and_bounded(hub: GitHub, served: Served, forge: Callable[..., GitHubForge]) -> None:
    notices = tuple(Notice("a.yml", line, "warning", "x", "y") for line in range(1, 301))
    forge().post(replace(RED, notices=notices, has_comment=False))
    (run,) = hub.runs
    assert [note["start_line"] for note in hub.notes(run)] == list(range(1, 201))
    assert (run["status"], run["conclusion"]) == ("completed", "failure")
    assert [method for method, _ in served.writes()] == ["POST", "PATCH", "PATCH", "PATCH"]


def test_interrupted_run_stays_red_and_is_made_anew(hub: GitHub, served: Served, forge: Callable[..., GitHubForge]) -> None:
    notices = tuple(Notice("a.yml", line, "warning", "x", "y") for line in range(1, 61))
    served.faults = [Fault("PATCH .*/check-runs/.*", 500, times=9)]
    with pytest.raises(Unavailable):
        forge().post(replace(GREEN, notices=notices))
    assert {run["status"] for run in hub.runs} == {"in_progress"}
    assert merge(forge()) == 405
    served.faults = []
    assert done(forge().post(replace(GREEN, notices=notices)))["check run"] == "made"
    assert merge(forge()) == 200


def test_comment_of_somebody_else_with_our_mark_is_left_alone(hub: GitHub, forge: Callable[..., GitHubForge]) -> None:
    hub.comments.append({"id": 1, "issue": "7", "body": f"{MARKER}\nall is well", "who": Identity("eve", set())})
    assert done(forge().post(RED))["comment"] == "made"
    assert done(forge(PERSON).post(RED))["comment"] == "made"
    assert hub.comments[0]["body"].endswith("all is well")
    assert [comment["who"].login for comment in hub.comments] == ["eve", "gate[bot]", "ann"]


def test_our_comment_is_found_behind_hundreds_of_others(hub: GitHub, served: Served, forge: Callable[..., GitHubForge]) -> None:
    hub.comments = [{"id": n, "issue": "7", "body": "hello", "who": hub.tokens[PERSON]} for n in range(1, 100)]
    forge().post(RED)
    assert done(forge().post(GREEN))["comment"] == "changed"
    assert len(hub.comments) == 100


def test_report_is_uploaded_for_the_head_of_the_pull_request(hub: GitHub, forge: Callable[..., GitHubForge]) -> None:
    assert done(forge().post(replace(RED, sarif=b'{"runs": []}')))["SARIF"] == "made"
    (sarif,) = hub.sarifs
    assert (sarif["commit_sha"], sarif["ref"], sarif["content"]) == (HEAD, "refs/pull/7/head", b'{"runs": []}')


def test_repository_without_code_scanning_gets_all_the_rest(hub: GitHub, forge: Callable[..., GitHubForge]) -> None:
    hub.has_code_scanning = False
    posted = forge().post(replace(RED, sarif=b"{}"))
    assert done(posted) == {"check run": "made", "comment": "made", "SARIF": "left out"}
    assert "does not allow the token: SARIF (403)" in posted[-1].why


def test_merge_group_gets_a_check_and_no_comment(hub: GitHub, forge: Callable[..., GitHubForge]) -> None:
    event = replace(EVENT, kind="merge_group", change="", ref="refs/heads/gh-readonly-queue/main/pr-7-aaaa")
    assert done(forge().post(replace(RED, event=event, sarif=b"{}"))) == {"check run": "made", "SARIF": "made"}
    assert hub.sarifs[0]["ref"] == event.ref


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (401, Denied, "does not know the token"),
        (403, Denied, "does not allow the token"),
        (404, Denied, "shows no such thing"),
        (409, Unavailable, "in conflict"),
        (422, Denied, "refuses what was sent"),
        (500, Unavailable, "in trouble"),
        (503, Unavailable, "in trouble"),
    ],
)
def test_each_refusal_is_one_line_and_the_right_kind(
    served: Served, forge: Callable[..., GitHubForge], status: int, kind: type[GuardError], words: str
) -> None:
    served.faults = [Fault("POST .*", status, b'{"message": "SECRET of the server"}', times=9)]
    with pytest.raises(kind) as caught:
        forge(PERSON).post(RED)
    assert words in caught.value.what
    assert "SECRET" not in caught.value.what + caught.value.hint
    assert "\n" not in caught.value.what


def test_unknown_commit_and_repository_are_refused(hub: GitHub, forge: Callable[..., GitHubForge]) -> None:
    hub.commits.clear()
    with pytest.raises(Denied, match="422"):
        forge(PERSON).post(RED)
    with pytest.raises(Denied, match="404"):
        forge(name="acme/other").head_of("7")
    with pytest.raises(Denied, match="401"):
        forge("ghs_" + "stranger").head_of("7")


def test_rate_limits_are_waited_for(served: Served, forge: Callable[..., GitHubForge], pauses: list[float]) -> None:
    served.faults = [
        Fault("POST .*/statuses/.*", 429, headers={"Retry-After": "7"}),
        Fault("POST .*/statuses/.*", 403, headers={"Retry-After": "11"}),
        Fault("GET .*/status", 403, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}),
    ]
    assert done(forge(PERSON).post(RED))["status"] == "made"
    assert pauses == [1.0, 7.0, 11.0]


def test_rate_limit_that_asks_for_an_hour_is_not_waited_for(served: Served, forge: Callable[..., GitHubForge], pauses: list[float]) -> None:
    served.faults = [Fault("GET .*/status", 403, headers={"Retry-After": "3600"}, times=9)]
    with pytest.raises(Unavailable, match="asks to wait, 3600 seconds"):
        forge(PERSON).post(RED)
    assert 3600.0 not in pauses


@pytest.mark.parametrize(
    "body",
    [
        b"<html>sign in</html>",
        b"",
        b"3",
        b'"x"',
        b"{",
        b"[" * 100_000,
        b'{"head": 3}',
        b'{"head": {"sha": 3}}',
        b"[]",
        b"\xff\xfe",
        b'{"head": null}',
    ],
)
def test_answer_of_another_form_is_unavailable_and_no_bug(served: Served, forge: Callable[..., GitHubForge], body: bytes) -> None:
    served.faults = [Fault("GET .*", body=body, times=99)]
    with pytest.raises(Unavailable):
        forge().head_of("7")
    with pytest.raises(Unavailable):
        forge(PERSON).post(RED)


def test_endless_and_broken_answers_end(served: Served, forge: Callable[..., GitHubForge]) -> None:
    served.faults = [Fault("GET .*", body=b"[" + b" " * (9 * 1024 * 1024) + b"]", times=99)]
    with pytest.raises(Unavailable, match="larger than"):
        forge().head_of("7")
    served.faults = [Fault("GET .*", body=b'{"a": 1', is_cut=True, times=99)]
    with pytest.raises(Unavailable, match="no connection, or one that broke"):
        forge().head_of("7")


def test_pages_without_end_are_not_followed_for_ever(served: Served, forge: Callable[..., GitHubForge]) -> None:
    following = {"Link": f'<{served.url}/repos/acme/app/issues/7/comments?page=2>; rel="next"'}
    served.faults = [Fault("GET .*/comments", body=b'[{"body": "x"}]', headers=following, times=10_000)]
    posted = forge(PERSON).post(RED)
    assert done(posted)["comment"] == "left out"
    assert "more than 500 requests" in posted[-1].why


def test_token_is_sent_to_no_other_host(served: Served, forge: Callable[..., GitHubForge]) -> None:
    with serving(GitHub()) as elsewhere:
        for status in (301, 302, 307, 308):
            served.faults = [Fault("GET .*", status, headers={"Location": f"{elsewhere.url}/repos/acme/app/pulls/7"}, times=9)]
            with pytest.raises(Unavailable):
                forge().head_of("7")
        served.faults = [Fault("GET .*/comments", headers={"Link": f'<{elsewhere.url}/x>; rel="next"'}, body=b'[{"body": "x"}]', times=9)]
        assert done(forge().post(RED))["comment"] == "left out"
        pull = {"head": {"sha": HEAD}, "url": f"{elsewhere.url}/x", "issue_url": f"{elsewhere.url}/repos/acme/app/issues/7"}
        served.faults = [Fault("GET .*/pulls/7", body=json.dumps(pull).encode(), times=9)]
        forge().post(RED)
        assert elsewhere.asked == []


def test_renamed_repository_is_said_and_not_written_to(served: Served, forge: Callable[..., GitHubForge]) -> None:
    served.faults = [Fault("POST .*", 307, headers={"Location": f"{served.url}/repositories/1/statuses/{HEAD}"}, times=9)]
    with pytest.raises(Unavailable, match="sends us to"):
        forge(PERSON).post(RED)


def test_nobody_listening_is_unavailable(pauses: list[float]) -> None:
    with pytest.raises(Unavailable, match="no connection"):
        GitHubForge("http://127.0.0.1:9", "acme/app", Secret(b"x"), pauses.append).head_of("7")
    assert pauses == [1.0, 2.0, 4.0]


def test_fake_refuses_what_the_document_does_not_know() -> None:
    hub = GitHub(tokens={PERSON: Identity("ann", set(ALL))}, commits={HEAD})
    with serving(hub) as served:
        forge = GitHubForge(served.url, "acme/app", Secret(PERSON.encode()))
        forge._client.requester.requestJsonAndCheck("POST", f"/repos/acme/app/statuses/{HEAD}", input={"state": "excellent"})
        forge._client.requester.requestJson("GET", "/repos/acme/app/unheard-of")
        found, hub.api.violations = hub.api.violations, []
    assert any("excellent" in each for each in found)
    assert any("no such operation" in each for each in found)
