# SPDX-License-Identifier: Apache-2.0
"""gate --publish as a command: verdicts reach a forge over HTTP, for the commit that was checked and for no other."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.forge_server import Fault, Served, serving
from tests.fakes.github import GitHub, Identity
from tests.fakes.gitlab import GitLab, Member

TOKEN = "ghs_" + "gate"
ALL = {"statuses", "checks", "pull-requests", "security-events", "contents"}
BAD = {"requirements.txt": "requests\n"}


class Place:
    """A repository with a pull request, the job that checks it, and the forge that it reports to."""

    def __init__(self, guard: Callable[..., Any], repository: Any, folder: Path) -> None:
        self.guard, self.repository, self.payload = guard, repository, folder / "event.json"
        self.base = repository.commit("start", {"a": "a"})
        repository.git("switch", "-q", "-c", "topic")
        self.head = repository.commit("change", {"b": "b"})
        self.hub = GitHub(required=[("pipeline-guard", 99)])
        self.hub.tokens[TOKEN] = Identity("gate[bot]", set(ALL), 99)
        self.fork = False
        self.env: dict[str, str] = {}
        self.served: Served

    def change(self, files: dict[str, str]) -> str:
        self.head = self.repository.commit("more", files)
        return str(self.head)

    def run(self, *words: str, code: int = 0, **env: str) -> Any:
        head = {"sha": self.head, "repo": {"full_name": "eve/app" if self.fork else "acme/app"}}
        self.payload.write_text(json.dumps({"pull_request": {"number": 7, "head": head, "base": {"sha": self.base, "ref": "main"}}}))
        self.hub.commits |= {self.head, self.base}
        self.hub.pulls.setdefault(7, {"head": self.head, "base": self.base})
        self.hub.pulls[7]["head"] = env.pop("newest", self.head)
        variables = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_EVENT_PATH": str(self.payload),
            "GITHUB_REPOSITORY": "acme/app",
            "GITHUB_REPOSITORY_ID": "42",
            "GITHUB_SHA": self.head,
            "GITHUB_REF": "refs/pull/7/merge",
            "GITHUB_API_URL": self.served.url,
            "GITHUB_TOKEN": TOKEN,
            **env,
        }
        found = self.guard("gate", *words, cwd=self.repository.path, env={name: value for name, value in variables.items() if value})
        assert (found.code, "Traceback" in found.err) == (code, False), found.err
        assert TOKEN not in found.out + found.err
        return found


@pytest.fixture
def place(guard: Callable[..., Any], repository: Any, tmp_path: Path) -> Iterator[Place]:
    found = Place(guard, repository, tmp_path)
    with serving(found.hub) as found.served:
        yield found


def test_red_then_green_verdict_is_shown_at_the_pull_request(place: Place) -> None:
    place.change(BAD)
    shown = place.run("--publish", code=1)
    assert "check run: made: failure" in shown.err
    (run,), (comment,), (sarif,) = place.hub.runs, place.hub.comments, place.hub.sarifs
    assert (run["head_sha"], run["conclusion"], run["name"]) == (place.head, "failure", "pipeline-guard")
    assert place.hub.notes(run)[0]["path"] == "requirements.txt"
    assert "requirements" in comment["body"]
    assert (sarif["commit_sha"], b"requirements.txt" in sarif["content"]) == (place.head, True)
    place.change({"requirements.txt": ""})
    place.run("--publish")
    assert [(each["head_sha"] == place.head, each["conclusion"]) for each in place.hub.runs] == [(False, "failure"), (True, "success")]
    assert len(place.hub.comments) == 1


def test_base_comes_from_the_event(place: Place) -> None:
    place.repository.git("switch", "-q", "main")
    place.base = place.repository.commit("old sin", BAD)
    place.repository.git("switch", "-q", "topic")
    place.repository.git("rebase", "-q", "main")
    place.head = place.repository.git("rev-parse", "HEAD")
    place.run("--publish")


def test_another_head_and_a_stale_one_are_not_published_for(place: Place) -> None:
    place.change({"c": "c"})
    place.repository.git("switch", "-q", "--detach", "HEAD~1")
    assert "nothing is published: what was checked is" in place.run("--publish", code=2).err
    place.repository.git("switch", "-q", "topic")
    shown = place.run("--publish", code=4, newest="d" * 40)
    assert "is at dddddddddddd now" in shown.err
    assert place.served.writes() == []


def test_fork_pull_request_is_one_line_and_keeps_its_exit_code(place: Place) -> None:
    place.fork = True
    place.hub.tokens[TOKEN].permissions.clear()
    assert "fork pull request: its job has no token that may write" in place.run("--publish").err
    place.change(BAD)
    place.run("--publish", code=1)
    place.run("--publish", code=1, GITHUB_TOKEN="")
    assert place.hub.runs + place.hub.statuses == []


def test_fork_pull_request_fails_where_the_merge_target_demands_publication(place: Place) -> None:
    place.fork = True
    place.repository.git("switch", "-q", "main")
    place.base = place.repository.commit("policy", {".pipeline-guard.yml": "version: 1\ngate: {publish: {required: true}}\n"})
    place.repository.git("switch", "-q", "topic")
    place.hub.tokens[TOKEN].permissions.clear()
    place.run("--publish", code=4)


def test_change_cannot_rename_the_check_that_it_must_pass(place: Place) -> None:
    place.change({".pipeline-guard.yml": "version: 1\ngate: {publish: {name: other, required: false}}\n"})
    place.run("--publish")
    assert {run["name"] for run in place.hub.runs} == {"pipeline-guard"}


def test_configuration_from_a_flag_is_not_published(place: Place) -> None:
    assert "a published verdict uses the merge target's configuration" in place.run("--publish", "--config", "x.yml", code=2).err


def test_forge_in_trouble_is_unavailable_and_no_token_is_denied(place: Place) -> None:
    place.served.faults = [Fault("POST .*", 500, times=99), Fault("GET .*/status", 404, times=9)]
    assert "is in trouble" in place.run("--publish", code=5).err
    assert "GITHUB_TOKEN is not set" in place.run("--publish", code=4, GITHUB_TOKEN="").err
    assert "is no address to send a token to" in place.run("--publish", code=2, GITHUB_API_URL="http://forge.example").err
    assert "holds characters that no token has" in place.run("--publish", code=2, GITHUB_TOKEN="two words").err


def test_outside_of_a_job_there_is_nothing_to_publish_for(place: Place) -> None:
    assert "no job of GitHub or GitLab" in place.run("--publish", code=2, GITHUB_ACTIONS="").err


class Responder(Place):
    """Outside of the change: it has the verdict's bundle, a clone, the key's public half and the App's token."""

    def __init__(self, guard: Callable[..., Any], repository: Any, folder: Path) -> None:
        super().__init__(guard, repository, folder)
        self.bundle, self.pem = folder / "verdict.json", folder / "gate.pem"
        for words in (("create", "gate"), ("export-public", "gate", "--output", str(self.pem))):
            assert guard("keys", *words, cwd=repository.path).code == 0

    def sign(self, code: int = 0) -> None:
        self.run("--base", "main", "--sign-verdict", str(self.bundle), "--key", "gate", code=code)

    def answer(self, *words: str, code: int = 0, **env: str) -> Any:
        return self.run("--publish", "--check-verdict", str(self.bundle), "--key", str(self.pem), *words, code=code, **env)


@pytest.fixture
def responder(guard: Callable[..., Any], repository: Any, tmp_path: Path) -> Iterator[Responder]:
    found = Responder(guard, repository, tmp_path)
    with serving(found.hub) as found.served:
        yield found


def test_responder_sets_the_check_by_a_signed_verdict_only(responder: Responder) -> None:
    responder.sign()
    assert "ok   github:42" in responder.answer().out
    assert [run["conclusion"] for run in responder.hub.runs] == ["success"]
    responder.change({"c": "c"})
    assert "made for another commit" in responder.answer(code=1).err
    assert [(run["head_sha"] == responder.head, run["conclusion"]) for run in responder.hub.runs[1:]] == [(True, "failure")]
    assert "not believed" in responder.hub.comments[0]["body"]


def test_responder_shows_a_blocked_verdict_as_red(responder: Responder) -> None:
    responder.change(BAD)
    responder.sign(code=1)
    assert "the verdict is block" in responder.answer(code=1).err
    assert [run["conclusion"] for run in responder.hub.runs] == ["failure"]


def test_responder_refuses_another_head_and_a_stale_one(responder: Responder) -> None:
    responder.sign()
    assert "--head is not the commit of the event" in responder.answer("--head", "e" * 40, code=2).err
    responder.answer(code=4, newest="d" * 40)
    assert responder.hub.runs == []


def test_webhook_is_answered_where_its_signature_holds(responder: Responder, tmp_path: Path) -> None:
    responder.sign()
    event, secret = tmp_path / "hook.json", tmp_path / "secret"
    head = {"sha": responder.head, "repo": {"full_name": "acme/app"}}
    pull = {"number": 7, "head": head, "base": {"sha": responder.base, "ref": "main"}}
    event.write_text(json.dumps({"pull_request": pull, "repository": {"full_name": "acme/app", "id": 42}}))
    secret.write_text("webhook" + "-secret")
    signature = "sha256=" + hmac.new(secret.read_bytes(), event.read_bytes(), hashlib.sha256).hexdigest()
    words = ("--event", str(event), "--event-secret", f"file:{secret}", "--event-signature")
    assert "not signed by its forge" in responder.answer(*words, signature[:-1] + "x", code=1, GITHUB_ACTIONS="").err
    assert responder.hub.runs == []
    responder.answer(*words, signature, GITHUB_ACTIONS="")
    assert [run["conclusion"] for run in responder.hub.runs] == ["success"]


def test_merge_request_is_told_of_its_verdict(guard: Callable[..., Any], repository: Any) -> None:
    base = repository.commit("start", {"a": "a"})
    repository.git("switch", "-q", "-c", "topic")
    head = repository.commit("bad", BAD)
    lab = GitLab(commits={head}, heads={"7": head}, tokens={TOKEN: Member(9, "gate")}, checks=[{"id": 1, "name": "pipeline-guard"}])
    with serving(lab) as served:
        env = {
            "GITLAB_CI": "true",
            "CI_PROJECT_ID": "5",
            "CI_COMMIT_SHA": head,
            "CI_PIPELINE_SOURCE": "merge_request_event",
            "CI_MERGE_REQUEST_IID": "7",
            "CI_MERGE_REQUEST_PROJECT_ID": "5",
            "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "5",
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
            "CI_SERVER_URL": served.url,
            "MY_TOKEN": TOKEN,
        }
        done = guard("gate", "--publish", "--forge-token", "env:MY_TOKEN", cwd=repository.path, env=env)
        assert done.code == 1, done.err
        assert TOKEN not in done.out + done.err
    assert [(each["status"], each["name"]) for each in lab.statuses] == [("failed", "pipeline-guard")]
    assert lab.answers == {(head, 1): "failed"}
    assert not lab.discussions[0]["notes"][0]["resolved"]
