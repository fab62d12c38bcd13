# SPDX-License-Identifier: Apache-2.0
"""Signed verdicts as commands: made by the token's key, believed for one change only."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


class Place:
    """A repository with a change, and a key that signs verdicts."""

    def __init__(self, guard: Callable[..., Any], repository: Any, folder: Path) -> None:
        self.guard, self.repository, self.bundle, self.pem = guard, repository, folder / "verdict.json", folder / "gate.pem"
        self.run("keys", "create", "gate")
        self.run("keys", "export-public", "gate", "--output", str(self.pem))
        self.base = repository.commit("start", {"a": "a"})
        repository.git("switch", "-q", "-c", "topic")
        self.head = repository.commit("change", {"b": "b"})

    def run(self, *words: str, code: int = 0, env: dict[str, str] | None = None) -> Any:
        done = self.guard(*words, cwd=self.repository.path, env=env)
        assert (done.code, "Traceback" in done.err) == (code, False), done.err
        return done

    def sign(self, *words: str, code: int = 0, env: dict[str, str] | None = None) -> Any:
        given = ("--base", "main", "--sign-verdict", str(self.bundle), "--key", "gate")
        return self.run("gate", *given, *words, code=code, env=env)

    def check(self, code: int = 0, says: str = "", **other: str) -> None:
        expected = {"repository": "github:1", "head": self.head, "base": self.base, "key": str(self.pem), **other}
        words = [word for name, value in expected.items() for word in (f"--{name.replace('_', '-')}", value)]
        done = self.run("gate", "--check-verdict", str(self.bundle), *words, code=code)
        assert says in done.err + done.out


@pytest.fixture
def place(guard: Callable[..., Any], repository: Any, tmp_path: Path) -> Place:
    return Place(guard, repository, tmp_path)


def test_verdict_holds_for_its_own_change_and_for_no_other(place: Place) -> None:
    place.sign("--repository", "github:1", "--change", "7")
    place.check(says="allow")
    place.check(change="7")
    place.check(1, "another repository", repository="github:2")
    place.check(1, "another change", change="8")
    place.check(1, "another commit", head="0" * 40)
    place.check(1, "another merge target", base=place.head)
    place.check(1, "another policy", policy="0" * 64)
    place.check(1, "another tool", tool="0" * 64)
    place.check(1, "another database", advisories_digest="0" * 64)
    place.check(1, "another tree", tree="0" * 40)


def test_stale_verdict_is_refused(place: Place) -> None:
    place.sign("--repository", "github:1")
    place.check(2, "not a duration", max_age="0s")
    document = json.loads(place.bundle.read_text())
    payload = json.loads(base64.b64decode(document["dsseEnvelope"]["payload"]))
    assert payload["predicate"]["timeVerified"].endswith("Z")
    place.head = place.repository.commit("later", {"c": "c"})
    place.check(1, "another commit")


def test_blocked_change_gets_a_verdict_too_and_nobody_believes_it(place: Place) -> None:
    place.head = place.repository.commit("bad", {"requirements.txt": "a\n"})
    place.sign("--repository", "github:1", code=1)
    place.check(1, "the verdict is block")


def test_tampered_bundle_and_another_key_are_refused(place: Place) -> None:
    place.sign("--repository", "github:1")
    original = place.bundle.read_text()
    document = json.loads(original)
    payload = base64.b64decode(document["dsseEnvelope"]["payload"]).replace(b"github:1", b"github:2")
    document["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    place.bundle.write_text(json.dumps(document))
    place.check(1, "does not verify", repository="github:2")
    place.bundle.write_text(original)
    place.run("keys", "create", "other")
    place.run("keys", "export-public", "other", "--output", f"{place.pem}.other.pem")
    place.check(1, "another key", key=f"{place.pem}.other.pem")
    place.bundle.write_text("{")
    place.check(1)


def test_signature_over_something_else_is_no_verdict(place: Place) -> None:
    place.repository.write("file", "x")
    place.run("sign", "file", "--key", "gate", "--bundle", str(place.bundle))
    place.check(1, "no verdict of the gate")


def test_policy_of_the_merge_target_is_expected_without_being_named(place: Place) -> None:
    place.sign("--repository", "github:1")
    place.repository.git("switch", "-q", "main")
    place.base = place.repository.commit("policy", {".pipeline-guard.yml": "version: 1\ngate: {exclude: ['x']}\n"})
    place.check(1, "another merge target")
    place.repository.git("switch", "-q", "topic")
    place.sign("--repository", "github:1")
    place.check()


def test_work_tree_that_is_not_as_committed_gets_no_signed_verdict(place: Place) -> None:
    place.repository.write("b", "changed")
    assert "b is not as committed" in place.sign(code=2).err
    place.repository.git("checkout", "-q", "b")
    for word in ("--assume-unchanged", "--skip-worktree"):
        place.repository.git("update-index", word, "b")
        place.repository.write("b", "hidden")
        assert "b is not as committed" in place.sign(code=2).err
        place.repository.git("update-index", f"--no-{word[2:]}", "b")
        place.repository.git("checkout", "-q", "b")
    place.sign()


def test_head_and_merge_must_be_what_is_checked_out(place: Place) -> None:
    assert "not what is checked out" in place.sign("--head", place.base, code=2).err
    assert "not what is checked out" in place.sign("--head", place.base, "--merge", place.base, code=2).err
    place.repository.git("switch", "-q", "--detach", "main")
    place.repository.git("merge", "-q", "--no-ff", "-m", "merge", "topic")
    merge = place.repository.git("rev-parse", "HEAD")
    place.sign("--head", place.head, "--merge", merge, "--repository", "github:1")
    place.check(merge=merge)
    place.check(1, "another merge commit", merge=place.base)


def test_forges_name_repository_and_change(place: Place) -> None:
    place.sign(env={"GITHUB_REPOSITORY_ID": "99", "GITHUB_REF": "refs/pull/5/merge"})
    place.check(repository="github:99", change="5")
    place.sign(env={"CI_PROJECT_ID": "8", "CI_MERGE_REQUEST_IID": "3"})
    place.check(repository="gitlab:8", change="3")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--sign-verdict", "v", "--base", "main"), "--key"),
        (("--sign-verdict", "v", "--base", "main", "--key", "gate", "--config", "x.yml"), "merge target"),
        (("--check-verdict", "v", "--head", "0" * 40), "--key"),
        (("--check-verdict", "v", "--key", "gate", "--head", "0" * 40, "--repository", "r"), "--base"),
        (("--check-verdict", "v", "--key", "gate", "--base", "main", "--repository", "r"), "--head"),
        (("--check-verdict", "v", "--key", "gate", "--base", "main", "--head", "topic"), "--repository"),
    ],
)
def test_what_is_missing_is_said(place: Place, words: tuple[str, ...], says: str) -> None:
    done = place.run("gate", *words, code=2)
    assert says in done.err


def test_organisation_is_stronger_than_the_repository(place: Place, tmp_path: Path) -> None:
    organisation = tmp_path / "organisation.yml"
    organisation.write_text("version: 1\ngate: {network: off}\n")
    place.repository.git("switch", "-q", "main")
    place.repository.commit("loose", {".pipeline-guard.yml": "version: 1\ngate: {exclude: ['legacy/*']}\n"})
    done = place.run("gate", "--organisation-policy", str(organisation), code=2)
    assert "gate.exclude: legacy/*" in done.err
    organisation.write_text("version: 1\ngate: {delegate: [exclude]}\n")
    place.run("gate", "--organisation-policy", str(organisation))
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / ".pipeline-guard.yml").write_text(organisation.read_text())
    place.run("gate", env={"PIPELINE_GUARD_ORGANISATION_POLICY": str(folder)})
    place.run("gate", "--organisation-policy", str(tmp_path / "none"), code=2)
