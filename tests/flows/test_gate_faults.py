# SPDX-License-Identifier: Apache-2.0
"""Faults at every input of the gate: what cannot be read, is cut off, is gone or does not answer never ends green."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from pipeline_guard.errors import GuardError, Unavailable, UsageError
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.registry import RULES
from pipeline_guard.model.entry import Entry
from pipeline_guard.model.gate_settings import DependencySettings, GateSettings
from pipeline_guard.model.package import Ecosystem
from pipeline_guard.model.verdict import CheckStatus, Outcome, Unchecked
from tests.flows.test_gate import Place
from tests.unit.gate.locks import BY_PATH, HEX

LOCKS = sorted(BY_PATH)
# One path of every other kind of file that the gate looks at, with a sound content.
OTHERS = {
    "requirements.txt": f"a==1 --hash=sha256:{HEX}\n",
    ".github/workflows/ci.yml": "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: x\n    steps: [{run: make}]\n",
    "action.yml": "runs: {using: node24, main: i.js}\n",
    ".gitlab-ci.yml": "a:\n  script: [make]\n",
    "Dockerfile": "FROM scratch\n",
    "compose.yaml": "services: {a: {build: .}}\n",
    ".pre-commit-config.yaml": "repos: []\n",
    ".gitmodules": '[submodule "a"]\n\tpath = a\n\turl = https://h.example/a\n',
    ".github/dependabot.yml": "version: 2\nupdates: []\n",
    ".github/workflows/actions.lock": "version: 'v0.0.2'\nworkflows: {}\ndependencies: {}\n",
    ".npmrc": "save-exact=true\n",
    "main.tf": 'terraform {\n  required_version = ">= 1"\n}\n',
    "gradle/wrapper/gradle-wrapper.jar": "PK\x05\x06" + "\0" * 18,
    "model.pt": "\x80\x02}.",
}


@pytest.fixture
def place(repository: Any, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(repository.path)
    found = Place(repository)
    repository.commit("start")
    return found


def test_every_kind_of_file_has_a_check_that_tells_of_unread_ones() -> None:
    told = {rule.kind for rule in RULES if not rule.informs and not rule.follows}
    known = {rule.follows for rule in RULES} - {""}
    assert known <= {rule.id for rule in RULES if not rule.informs and not rule.follows}
    # changed paths are no files; an SBOM counts where packages are looked up
    assert set(Kind) - told == {Kind.CHANGE, Kind.SBOM}


class Given:
    """A source that gives these entries."""

    def __init__(self, entries: Sequence[Entry | Unchecked]) -> None:
        self.given = entries

    def entries(self) -> Iterator[Entry | Unchecked]:
        yield from self.given


def looking_at(place: Place, *entries: Entry | Unchecked) -> Place:
    place.doors = replace(place.doors, source=lambda _selection: Given(entries))  # type: ignore[arg-type, return-value]
    return place


@pytest.mark.parametrize("path", [*LOCKS, *OTHERS])
@pytest.mark.parametrize("why", ["cannot be read: permission denied", "larger than 268435456 bytes", "not a regular file"])
def test_file_that_cannot_be_read_is_never_green(place: Place, path: str, why: str) -> None:
    verdict = looking_at(place, Entry("readme.txt", b"x"), Unchecked(path, why)).gate()
    assert verdict.outcome is Outcome.INCOMPLETE
    assert any(why in check.why for check in verdict.checks if check.status is CheckStatus.UNCHECKED)


@pytest.mark.parametrize("path", [*LOCKS, *OTHERS])
def test_link_in_the_place_of_a_file_is_never_green(place: Place, path: str) -> None:
    verdict = looking_at(place, Entry("readme.txt", b"x"), Entry(path, b"elsewhere", mode="120000")).gate()
    assert verdict.outcome is Outcome.INCOMPLETE


@pytest.mark.parametrize("path", [path for path in OTHERS if not path.endswith((".pt", ".jar", ".tf", ".npmrc"))])
def test_the_same_file_whole_is_green(place: Place, path: str) -> None:
    verdict = looking_at(place, Entry(path, OTHERS[path].encode())).gate()
    assert verdict.outcome is Outcome.ALLOW, [check for check in verdict.checks if check.status is not CheckStatus.PASS]


STRUCTURED = [
    path
    for path in LOCKS
    if path.endswith((".json", ".xml")) or path in ("bun.lock", "deno.lock", "composer.lock", "Pipfile.lock", "flake.lock")
]


@pytest.mark.parametrize("path", STRUCTURED)
def test_lock_that_is_cut_off_anywhere_is_never_green(place: Place, path: str) -> None:
    content = BY_PATH[path].content.rstrip()
    for at in range(1, len(content), max(1, len(content) // 25)):
        assert looking_at(place, Entry(path, content[:at])).gate().outcome is not Outcome.ALLOW, at


@pytest.mark.parametrize("path", [path for path in LOCKS if path not in STRUCTURED])
@pytest.mark.parametrize("fault", [b"\0", b"\xff\xfe", "zwei".encode("utf-16")])
def test_lock_of_bytes_that_are_no_text_is_never_green(place: Place, path: str, fault: bytes) -> None:
    assert looking_at(place, Entry(path, BY_PATH[path].content + fault)).gate().outcome is not Outcome.ALLOW


@pytest.mark.parametrize("path", [".github/workflows/ci.yml", "action.yml", ".gitlab-ci.yml", ".github/workflows/actions.lock"])
@pytest.mark.parametrize("rest", ["x: [", "x: 'y\n", "\0", "on: push\n", "&a [*a]\n", "- x\n"])
def test_pipeline_file_that_is_cut_off_or_says_things_twice_is_never_green(place: Place, path: str, rest: str) -> None:
    text = OTHERS[path] + (rest if rest != "on: push\n" else OTHERS[path])
    assert looking_at(place, Entry(path, text.encode())).gate().outcome is Outcome.INCOMPLETE


class Silent:
    """Whoever is asked and does not answer."""

    def published(self, _wanted: Sequence[tuple[str, str]]) -> Any:
        raise Unavailable("the registry does not answer")

    def __getattr__(self, _name: str) -> Any:
        def silent(*_words: Any, **_more: Any) -> Any:
            raise Unavailable("nobody answers")

        return silent


REQUIRED = GateSettings(network="require", lookup=((Ecosystem.PYPI.value, "https://r.example"),))


def test_registry_that_does_not_answer_is_never_green(place: Place) -> None:
    looking_at(place, Entry("requirements.txt", OTHERS["requirements.txt"].encode()))
    place.doors = replace(place.doors, registry=lambda _ecosystem, _address: Silent())
    assert place.gate(REQUIRED).outcome is Outcome.INCOMPLETE
    assert place.gate().outcome is Outcome.ALLOW  # policy does not ask for one


@pytest.mark.parametrize("network", ["off", "try", "require"])
def test_demand_for_provenance_that_nobody_can_confirm_is_never_green(place: Place, network: str) -> None:
    looking_at(place, Entry("requirements.txt", OTHERS["requirements.txt"].encode()))
    place.doors = replace(place.doors, registry=lambda _ecosystem, _address: Silent())
    settings = GateSettings(network=network, lookup=REQUIRED.lookup, dependencies=DependencySettings(attested=("a",)))  # type: ignore[arg-type]
    assert place.gate(settings).outcome is Outcome.INCOMPLETE


def test_forge_that_does_not_answer_is_never_green(place: Place) -> None:
    text = OTHERS[".github/workflows/ci.yml"].replace("{run: make}", f"{{uses: o/r@{'0' * 40}}}")
    looking_at(place, Entry(".github/workflows/ci.yml", text.encode()))
    place.doors = replace(place.doors, refs=Silent)  # type: ignore[arg-type, return-value]
    assert place.gate(REQUIRED).outcome is Outcome.INCOMPLETE


class Failing:
    """A source that breaks off."""

    def __init__(self, error: GuardError) -> None:
        self.error = error

    def entries(self) -> Iterator[Entry | Unchecked]:
        yield Entry("readme.txt", b"x")
        raise self.error


@pytest.mark.parametrize("error", [Unavailable("git does not answer"), UsageError("no repository")])
def test_source_that_breaks_off_ends_with_its_error(place: Place, error: GuardError) -> None:
    place.doors = replace(place.doors, source=lambda _selection: Failing(error))  # type: ignore[arg-type, return-value]
    with pytest.raises(type(error)):
        place.gate()
