# SPDX-License-Identifier: Apache-2.0
"""Every ecosystem's order of versions: known chains, and two well-kept libraries as second opinions."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import univers.versions as theirs
from packaging.version import Version

from pipeline_guard.gate.versions import order
from pipeline_guard.gate.versions.order import is_ordered, version_key
from pipeline_guard.model.package import Ecosystem

CHAINS = {
    Ecosystem.PYPI: "1.dev0 1.0.dev1 1.0a1.dev1 1.0a1 1.0b2 1.0rc1 1.0 1.0+abc 1.0+5 1.0.post1.dev1 1.0.post1 1.1 1!0.1",
    Ecosystem.NPM: "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.0.1 1.10.0",
    Ecosystem.GO: "v0.0.0-20180101000000-aaaaaaaaaaaa v0.0.0-20240101000000-000000000000 v0.0.1 v1.2.3-pre.0.20240101000000-aaaaaaaaaaaa v1.2.3 v2.0.0+incompatible",
    Ecosystem.CRATES: "0.1.0-alpha.1 0.1.0 0.2.0",
    Ecosystem.HEX: "1.0.0-rc.0 1.0.0",
    Ecosystem.SWIFT: "1.0 1.0.1 2",
    Ecosystem.ACTIONS: "v1 v1.1 v2",
    Ecosystem.PUB: "1.0.0-dev 1.0.0 1.0.0+1 1.0.0+2 1.0.1",
    Ecosystem.NUGET: "1.0-alpha 1.0.0-BETA.2 1.0.0-beta.10 1.0.0 1.0.0.1 1.0.1",
    Ecosystem.RUBYGEMS: "1.0.a 1.0.b1 1.0 1.0.1.pre 1.0.1 1.0.10",
    Ecosystem.PACKAGIST: "1.0-dev 1.0-alpha1 1.0-alpha2 1.0.0-beta1 1.0RC1 1.0.0 v1.0.0-p1 1.0.1",
    Ecosystem.MAVEN: "1.0-alpha-1 1.0-beta 1.0-milestone-1 1.0-rc1 1.0-SNAPSHOT 1.0 1.0-sp1 1.0-jre 1-1 1.0.1 1.10",
}
EQUAL = {
    Ecosystem.PYPI: [("1.0", "1"), ("1.0-alpha.1", "1.0a1"), ("1.0-1", "1.0.post1"), ("V1.0", "1.0")],
    Ecosystem.NPM: [("1.2.3", "v1.2.3"), ("1.2.3+a", "1.2.3+b")],
    Ecosystem.RUBYGEMS: [("1.0.0", "1"), ("1.0-1", "1.0.pre.1")],
    Ecosystem.PACKAGIST: [("1.0", "v1.0.0.0"), ("1.0-b2", "1.0beta2"), ("1.0-stable", "1.0")],
    Ecosystem.MAVEN: [("1.0", "1"), ("1.0-ga", "1.0-final"), ("1-a1", "1-alpha-1"), ("1.0.RC1", "1.0-cr1")],
    Ecosystem.NUGET: [("1", "1.0.0.0"), ("1.0-Beta", "1.0.0-beta")],
}
DICE = random.Random(20261124)


def number() -> str:
    return DICE.choice(["0", "1", "2", "9", "10", "11"])


def numbers(least: int, most: int) -> str:
    return ".".join(number() for _ in range(DICE.randint(least, most)))


def python() -> str:
    pre = DICE.choice(["", "", "a1", "b2", ".rc1", "-alpha", "c3", "pre1"])
    tail = (
        DICE.choice(["", "", ".post1", "-1", "rev2", ".post"])
        + DICE.choice(["", "", ".dev0", "dev3"])
        + DICE.choice(["", "", "+abc.1", "+1.x"])
    )
    return DICE.choice(["", "", "1!", "v"]) + numbers(1, 4) + pre + tail


def semantic() -> str:
    words = ".".join(DICE.choice(["alpha", "beta", "1", "10", "x-y", "rc"]) for _ in range(DICE.randint(1, 3)))
    return numbers(3, 3) + DICE.choice(["", f"-{words}"])


def gem() -> str:
    return ".".join(
        [number(), *(DICE.choice(["0", "1", "2", "10", "a", "b", "rc1", "pre"]) for _ in range(DICE.randint(0, 5)))]
    ) + DICE.choice(["", "-1", "-rc"])


def nuget() -> str:
    return numbers(1, 4) + DICE.choice(["", "-alpha", "-Beta.1", "-beta.2", "-RC.10", "-rc.9"])


def composer() -> str:
    return (
        DICE.choice(["", "v"]) + numbers(1, 3) + DICE.choice(["", "-alpha1", "-beta2", "b1"])
    )  # the peer puts dev, RC and patches elsewhere than PHP does


def maven() -> str:
    return numbers(1, 4) + DICE.choice(["", "", "-alpha-1", "-beta2", "-rc1", "-SNAPSHOT", ".Final", "-jre", "-M2", "-sp1", "-2"])


PEERS: list[tuple[Ecosystem, Callable[[], str], Callable[[str], Any]]] = [
    (Ecosystem.PYPI, python, Version),
    (Ecosystem.NPM, semantic, theirs.SemverVersion),
    (Ecosystem.RUBYGEMS, gem, theirs.RubygemsVersion),
    (Ecosystem.NUGET, nuget, theirs.NugetVersion),
    (Ecosystem.PACKAGIST, composer, theirs.ComposerVersion),
    (Ecosystem.MAVEN, maven, theirs.MavenVersion),
]


def compared(one: Any, other: Any) -> int:
    return int(one > other) - int(one < other)


@pytest.mark.parametrize("ecosystem", CHAINS, ids=lambda ecosystem: ecosystem.value)
def test_known_chain_ascends(ecosystem: Ecosystem) -> None:
    chain = CHAINS[ecosystem].split()
    for low, high in pairwise(chain):
        assert version_key(ecosystem, low) < version_key(ecosystem, high), (low, high)
        assert not version_key(ecosystem, high) < version_key(ecosystem, low), (low, high)


@pytest.mark.parametrize("ecosystem", EQUAL, ids=lambda ecosystem: ecosystem.value)
def test_two_spellings_of_one_version_are_equal(ecosystem: Ecosystem) -> None:
    for one, other in EQUAL[ecosystem]:
        assert compared(version_key(ecosystem, one), version_key(ecosystem, other)) == 0, (one, other)


@pytest.mark.parametrize(("ecosystem", "make", "peer"), PEERS, ids=lambda value: getattr(value, "value", ""))
def test_order_is_the_one_of_a_well_kept_library(ecosystem: Ecosystem, make: Callable[[], str], peer: Callable[[str], Any]) -> None:
    differing = []
    for _ in range(1500):
        one, other = make(), make()
        if compared(version_key(ecosystem, one), version_key(ecosystem, other)) != compared(peer(one), peer(other)):
            differing.append((one, other))
    assert differing == []


@pytest.mark.parametrize("version", ["", "latest", "1.0.x", "dev-main", "1" * 600, "1.0\n\0", "１.０"])
@pytest.mark.parametrize("ecosystem", [Ecosystem.PYPI, Ecosystem.NPM, Ecosystem.PACKAGIST, Ecosystem.NUGET, Ecosystem.GO])
def test_what_is_no_version_is_refused(ecosystem: Ecosystem, version: str) -> None:
    with pytest.raises(ValueError, match="no version"):
        version_key(ecosystem, version)


def test_an_ecosystem_without_an_order_says_so() -> None:
    assert not is_ordered(Ecosystem.NIX)
    with pytest.raises(ValueError, match="no version"):
        version_key(Ecosystem.NIX, "1")
    assert order.version_key(Ecosystem.MAVEN, "1" * 200)
