# SPDX-License-Identifier: Apache-2.0
"""lock-contradiction."""

from __future__ import annotations

import json

import pytest

from pipeline_guard.gate.checks.lock_contradiction import RULE
from tests.unit.gate.checks.deps import read, sample, whats
from tests.unit.gate.locks import COMMIT, OTHER512, SAMPLES, SHA512, SRI, npm


@pytest.mark.parametrize("path", [one.path for one in SAMPLES])
def test_sound_locks_pass(path: str) -> None:
    assert whats(RULE, sample(path)) == []


def test_one_version_with_two_hashes_fails() -> None:
    lock = sample("bun.lock", (f'"ms@2.0.0", "", {{}}, "{SRI}"', f'"ms@2.1.3", "", {{}}, "sha512-{OTHER512}"'))
    assert whats(RULE, lock) == ["ms 2.1.3 has another hash than on line 12"]


@pytest.mark.parametrize("place", ["integrity", "resolved"])
def test_halves_of_version_two_must_agree(place: str) -> None:
    whole = json.loads(npm())
    whole["lockfileVersion"] = 2
    entry = dict(whole["packages"]["node_modules/left-pad"])
    whole["dependencies"] = {"left-pad": entry}
    assert whats(RULE, read("package-lock.json", json.dumps(whole, indent=2))) == []
    entry[place] = entry[place].replace(SHA512, OTHER512).replace("left-pad-1.3.0", "left-pad-1.3.1")
    assert len(whats(RULE, read("package-lock.json", json.dumps(whole, indent=2)))) == 1


def test_trust_without_looking_is_told() -> None:
    lock = sample("gradle/verification-metadata.xml", ("<verify-metadata>true<", "<verify-metadata>false<"))
    assert len(whats(RULE, lock)) == 1
    trust = ("</verify-metadata>", '</verify-metadata>\n<trusted-artifacts><trust group=".*" regex="true"/></trusted-artifacts>')
    assert len(whats(RULE, sample("gradle/verification-metadata.xml", trust))) == 1


def test_peers_behind_a_version_are_no_other_name() -> None:
    assert whats(RULE, sample("pnpm-lock.yaml", ("version: 2.1.3", "version: 2.1.3(@babel/core@7.1.0)"))) == []


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("package-lock.json", '"kind": "npm:kind-of@^6.0.3"', '"kind": "^6.0.3"'),
        ("package-lock.json", '"kind": "npm:kind-of@^6.0.3"', '"kind": "npm:kind@^6.0.3"'),
        ("package-lock.json", '"c": "github:o/c"', '"c": "^1.0.0"'),
        ("bun.lock", '"ms": ["ms@2.1.3"', '"ms": ["evil@2.1.3"'),
        ("pnpm-lock.yaml", "version: 2.1.3", "version: evil@2.1.3"),
        ("pnpm-lock.yaml", "version: 2.1.3", "version: link:../../evil"),
        ("uv.lock", 'registry = "https://pypi.org/simple"', 'url = "https://github.com/o/idna-3.10-py3-none-any.whl"'),
        ("uv.lock", 'registry = "https://pypi.org/simple"', f'git = "https://github.com/o/idna?rev=x#{COMMIT}"'),
    ],
)
def test_a_package_in_the_place_of_another_fails(path: str, old: str, new: str) -> None:
    assert len(whats(RULE, sample(path, (old, new)))) == 1


@pytest.mark.parametrize(
    ("old", "new", "number"),
    [
        ('"https://github.com/php-fig/log.git"', '"git@github.com:php-fig/log"', 0),
        ('"https://github.com/php-fig/log.git"', '"https://github.com/evil/log.git"', 1),
        ('"https://github.com/php-fig/log.git"', '"https://evil.example/log.git"', 1),
    ],
)
def test_archive_and_repository_of_a_composer_package_are_of_one_project(old: str, new: str, number: int) -> None:
    assert len(whats(RULE, sample("composer.lock", (old, new)))) == number


def test_package_of_pub_under_another_name_is_told() -> None:
    assert whats(RULE, sample("pubspec.lock", ("name: async", "name: asynk"))) == ["async is asynk, which nobody asks for by that name"]
