# SPDX-License-Identifier: Apache-2.0
"""Artifacts at the gate: every way in which nobody vouches for one is told apart, and a build result is looked into."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.gate.test_archive import FILES, wheel


class Place:
    """A repository whose policy wants every wheel signed by one key."""

    def __init__(self, guard: Callable[..., Any], repository: Any) -> None:
        self.guard, self.repository = guard, repository
        repository.write(".gitignore", "dist/\n")
        repository.write(".pipeline-guard.yml", "version: 1\ngate:\n  artifacts:\n    - {path: 'dist/*.whl', key: ./ci.pem}\n")
        for name in ("ci", "eve"):
            self.run("keys", "create", name)
        self.run("keys", "export-public", "ci", "--output", "ci.pem")
        repository.write("dist/a-1-py3-none-any.whl", wheel(FILES))
        repository.commit("start")

    def run(self, *words: str) -> None:
        done = self.guard(*words, cwd=self.repository.path)
        assert done.code == 0, done.err

    def gate(self) -> tuple[int, dict[str, str]]:
        done = self.guard("gate", "--format", "json", cwd=self.repository.path)
        assert "Traceback" not in done.err
        return done.code, {check["id"]: f"{check['status']}: {check['why']}" for check in json.loads(done.out)["checks"]}


@pytest.fixture
def place(guard: Callable[..., Any], repository: Any) -> Place:
    return Place(guard, repository)


def test_each_way_of_not_being_vouched_for_has_its_own_words(place: Place) -> None:
    path, said = "dist/a-1-py3-none-any.whl", set()

    def refused(words: str) -> None:
        code, checks = place.gate()
        assert (code, words in checks["artifact-unverified"]) == (1, True), checks["artifact-unverified"]
        said.add(checks["artifact-unverified"])

    refused("no bundle")
    place.run("sign", path, "--key", "eve")
    refused("another key")
    place.run("sign", path, "--key", "ci")
    assert place.gate()[0] == 0
    signed = (place.repository.path / path).read_bytes()
    place.repository.write(path, wheel({**FILES, "a/more.py": b"x"}))
    refused("not the content that was signed")
    place.repository.write(path, signed)
    other = "dist/b-1-py3-none-any.whl"
    shutil.copy(place.repository.path / path, place.repository.path / other)
    place.run("sign", other, "--key", "ci")
    place.repository.write(other, wheel({**FILES, "b.py": b""}))
    shutil.copy(place.repository.path / f"{path}.sigstore.json", place.repository.path / f"{other}.sigstore.json")
    refused("not what was signed")
    assert len(said) == 4


def test_revoked_key_vouches_for_nothing(place: Place) -> None:
    place.repository.write(".pipeline-guard.yml", "version: 1\ngate:\n  artifacts:\n    - {path: 'dist/*.whl', key: ci}\n")
    place.run("sign", "dist/a-1-py3-none-any.whl", "--key", "ci")
    assert place.gate()[0] == 0
    place.run("keys", "revoke", "ci", "--reason", "key-compromise", "--since", "2020-01-01")
    code, checks = place.gate()
    assert (code, "compromised" in checks["artifact-unverified"]) == (1, True), checks["artifact-unverified"]


def test_signed_wheel_is_looked_into_although_git_ignores_it(place: Place) -> None:
    content = wheel(FILES, lambda listed: listed.pop("a/__init__.py"))
    place.repository.write("dist/a-1-py3-none-any.whl", content)
    place.run("sign", "dist/a-1-py3-none-any.whl", "--key", "ci")
    code, checks = place.gate()
    assert (code, checks["artifact-unverified"][:4]) == (1, "pass")
    assert checks["archive-unsafe"].startswith("fail: a/__init__.py is not in the wheel's RECORD")


def provenance(commit: str) -> str:
    source = [{"uri": "git+https://h.example/a", "digest": {"gitCommit": commit}}] if commit else []
    built = {"buildType": "https://h.example/build", "externalParameters": {}, "resolvedDependencies": source}
    return json.dumps({"buildDefinition": built, "runDetails": {"builder": {"id": "https://h.example/runner"}}})


def test_provenance_of_another_commit_is_a_failure_of_its_own(place: Place, repository: Any) -> None:
    path, rule = "dist/a-1-py3-none-any.whl", "version: 1\ngate:\n  artifacts:\n    - {path: 'dist/*.whl', key: ./ci.pem, commit: head}\n"
    repository.write(".pipeline-guard.yml", rule)
    before = repository.commit("demand provenance")

    def judged(commit: str, kind: str = "provenance") -> tuple[int, str]:
        repository.write("dist/said.json", provenance(commit))
        bundle = f"{path}.provenance.sigstore.json"
        place.run("sign", path, "--key", "ci", "--predicate", "dist/said.json", "--predicate-type", kind, "--bundle", bundle)
        code, checks = place.gate()
        return code, checks["artifact-unverified"]

    assert judged(before) == (0, "pass: 1 artifact looked at")
    repository.write("src/a/__init__.py", "")
    repository.write("src/a/own.py", "x = 1\r\n")
    head = repository.commit("more")
    code, why = place.gate()
    assert (code, f"its provenance is of another commit: {before}, not {head}" in why["artifact-unverified"]) == (1, True)
    assert judged(head)[0] == 0
    for more, why in (
        ({"a/own.py": b"x = 1\n", "a/_version.py": b"1", "b/other.py": b"", "a-1.dist-info/x.py": b""}, ""),
        ({"a/own.py": b"x = 2\n"}, "a/own.py in it differs from src/a/own.py of the tree"),
        ({"a/more.py": b""}, "a/more.py in it is nowhere in the tree"),
        ({"start.pth": b"import os\n"}, "start.pth in it is nowhere in the tree"),
    ):
        repository.write(path, wheel({**FILES, **more}))
        assert (why in judged(head)[1], judged(head)[0]) == (True, 1 if why else 0), why
    assert "names no commit" in judged("")[1]
    place.run("sign", path, "--key", "ci", "--bundle", f"{path}.provenance.sigstore.json")
    code, why = place.gate()
    assert (code, "tells no commit" in why["artifact-unverified"]) == (1, True)
    (repository.path / f"{path}.provenance.sigstore.json").unlink()
    place.run("sign", path, "--key", "ci")  # another bundle beside it does not do
    assert "no bundle" in place.gate()[1]["artifact-unverified"]
