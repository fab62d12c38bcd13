# SPDX-License-Identifier: Apache-2.0
"""Pins asked of the forge: proven, contradicted, or not looked up; never passed unseen."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

import pytest

from pipeline_guard.errors import Unavailable
from pipeline_guard.flows.gate_pins import excused, prove, second_opinion
from pipeline_guard.gate.facts import GateFacts, Kind, PinFacts
from pipeline_guard.gate.judge import judge
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.verdict import Outcome, Unchecked
from tests.unit.gate.checking import SHA, workflow

OTHER = "f" * 40


class Forge:
    """A forge in memory: tags by (repository, name), and where commits come from."""

    def __init__(self, tags: dict[str, str], origins: dict[str, Literal["own", "foreign", "missing"]]) -> None:
        self.tags, self.origins = tags, origins

    def commit(self, repository: str, ref: str) -> str:
        return self.tags.get(f"{repository}@{ref}", "")

    def origin(self, repository: str, commit: str) -> Literal["own", "foreign", "missing"]:
        return self.origins[commit]


class Silent:
    """A forge that does not answer."""

    def commit(self, repository: str, ref: str) -> str:
        raise Unavailable("no answer")

    def origin(self, repository: str, commit: str) -> Literal["own", "foreign", "missing"]:
        raise Unavailable("no answer")


def asked(use: str, forge: Any, network: Literal["off", "try", "require"] = "try") -> list[PinFacts | Unchecked]:
    facts = workflow(f"jobs:\n  a:\n    steps:\n      - uses: {use}\n")
    return [item for _, item in prove([facts], GateSettings(network=network), lambda: forge)]


@pytest.mark.parametrize(
    ("comment", "tag", "origin", "state"),
    [
        ("v4.1.2", SHA, "own", "proven"),
        ("v4.1.2", OTHER, "own", "moved"),
        ("v4", OTHER, "own", "proven"),
        ("", "", "own", "proven"),
        ("v4.1.2", "", "own", "proven"),
        ("v4.1.2", OTHER, "foreign", "impostor"),
        ("", "", "foreign", "impostor"),
        ("", "", "missing", "missing"),
    ],
)
def test_a_pin_is_what_the_forge_says(comment: str, tag: str, origin: Any, state: str) -> None:
    forge = Forge({f"o/r@{comment}": tag} if comment else {}, {SHA: origin})
    (fact,) = asked(f"O/r/sub@{SHA} # {comment}", forge)
    assert isinstance(fact, PinFacts)
    assert (fact.state, fact.line) == (state, 4)


@pytest.mark.parametrize("use", ["o/r@v4", "./own", f"docker://a@sha256:{'a' * 64}"])
def test_what_is_no_pin_is_not_asked_for(use: str) -> None:
    assert asked(use, Silent()) == []


@pytest.mark.parametrize(("network", "outcome"), [("off", Outcome.ALLOW), ("try", Outcome.ALLOW), ("require", Outcome.INCOMPLETE)])
def test_silence_is_unchecked_and_policy_says_whether_that_counts(network: Any, outcome: Outcome) -> None:
    (item,) = asked(f"o/r@{SHA}", Silent(), network)
    assert isinstance(item, Unchecked)
    settings = GateSettings(network=network)
    settings = GateSettings(network=network, allow_unchecked=excused(settings))
    assert judge(GateFacts(unchecked=((Kind.PIN, item),)), settings, date(2026, 11, 24)).outcome is outcome


def test_without_a_network_it_is_told_once() -> None:
    facts = workflow(f"jobs: {{a: {{steps: [{{uses: o/r@{SHA}}}, {{uses: o/s@{SHA}}}]}}}}")
    assert len(list(prove([facts], GateSettings(), None))) == 1


class Other:
    """A tool with one finding."""

    def look(self, root: str) -> list[tuple[str, int, str, str, str]]:
        return [(".github/workflows/w.yml", 4, "rule", "what", "https://h.example"), ("elsewhere.yml", 1, "rule", "what", "")]


class Here:
    """A repository."""

    def root(self) -> str:
        return "/"

    def top(self) -> str:
        return "/"


def test_a_second_opinion_comes_only_when_asked_for_and_only_on_what_was_looked_at() -> None:
    facts = [workflow("jobs: {a: {steps: []}}")]
    wanted = GateSettings(second_opinions=("zizmor",))
    git: Any = Here
    assert list(second_opinion(facts, GateSettings(), Other, git)) == []
    assert [item.path for _, item in second_opinion(facts, wanted, Other, git) if not isinstance(item, Unchecked)] == [
        ".github/workflows/w.yml"
    ]


def test_a_tool_that_is_not_there_is_no_failure() -> None:
    class Absent:
        def look(self, root: str) -> list[tuple[str, int, str, str, str]]:
            raise Unavailable("not installed")

    git: Any = Here
    assert list(second_opinion([workflow("jobs: {a: {steps: []}}")], GateSettings(second_opinions=("zizmor",)), Absent, git)) == []
