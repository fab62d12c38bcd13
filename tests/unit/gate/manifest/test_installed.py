# SPDX-License-Identifier: Apache-2.0
"""Packages that lie in the repository as they were installed, beside their lock."""

from __future__ import annotations

import json

import pytest

from pipeline_guard.gate.manifest.installed import differences
from pipeline_guard.gate.projects import is_kept
from tests.unit.gate.checks.deps import sample
from tests.unit.gate.locks import BY_PATH

NPM, COMPOSER = "package-lock.json", "composer.lock"
VERSION = json.loads(BY_PATH[COMPOSER].text)["packages"][0]


def npm(*packages: tuple[str, str, str]) -> list[str]:
    texts = {path: json.dumps({"name": name, "version": version}).encode() for path, name, version in packages}
    return [f"{name} {what}" for _, name, _, what in differences(sample(NPM), texts)]


def composer(*packages: tuple[str, str]) -> list[str]:
    listed = [{"name": name, "version": version} for name, version in packages]
    found = []
    for text in (json.dumps({"packages": listed}), json.dumps(listed)):  # Composer 2, Composer 1
        found = [f"{name} {what}" for _, name, _, what in differences(sample(COMPOSER), {"vendor/composer/installed.json": text.encode()})]
    return found


def test_folder_of_npm_that_is_as_locked_passes() -> None:
    assert npm(("node_modules/left-pad/package.json", "left-pad", "1.3.0")) == []
    assert (
        npm(
            ("node_modules/left-pad/esm/package.json", "x", "9"), ("src/package.json", "x", "9"), ("node_modules/.x/package.json", "x", "9")
        )
        == []
    )


@pytest.mark.parametrize(
    ("path", "name", "version", "what"),
    [
        ("node_modules/left-pad/package.json", "left-pad", "1.2.0", "left-pad is carried at 1.2.0, and locked at 1.3.0"),
        ("node_modules/evil/package.json", "evil", "1.0.0", "evil is carried at 1.0.0, and not in the lock"),
        ("node_modules/a/node_modules/@o/evil/package.json", "@o/evil", "1", "@o/evil is carried at 1, and not in the lock"),
    ],
)
def test_folder_of_npm_that_is_another_drifts(path: str, name: str, version: str, what: str) -> None:
    assert npm((path, name, version)) == [what]


def test_list_of_composer_is_compared() -> None:
    name, version = VERSION["name"], VERSION["version"]
    assert composer((name, version)) == []
    assert composer((name.upper(), version)) == []
    assert composer((name, "0.0.1")) == [f"{name} is carried at 0.0.1, and locked at {version.removeprefix('v')}"]
    assert composer(("evil/evil", "1")) == ["evil/evil is carried at 1, and not in the lock"]


def test_what_is_no_list_says_nothing_and_a_list_is_kept() -> None:
    for text in (b"", b"{", b"[1]", b'{"packages": 1}', b"[" * 100_000):
        assert list(differences(sample(COMPOSER), {"vendor/composer/installed.json": text})) == []
        assert list(differences(sample(NPM), {"node_modules/a/package.json": text})) == []
    assert is_kept("web/vendor/composer/installed.json")
