# SPDX-License-Identifier: Apache-2.0
"""lock-drift, on locks that the managers themselves wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline_guard.gate.checks.lock_drift import RULE
from tests.unit.gate.checks.deps import problems, project
from tests.unit.gate.locks import BY_PATH

LOCKS = Path(__file__).parents[3] / "data" / "locks"
PAIRS = {
    "uv": ("uv.lock", "pyproject.toml"),
    "poetry": ("poetry.lock", "pyproject.toml"),
    "poetry-project": ("poetry.lock", "pyproject.toml"),
    "pipenv": ("Pipfile.lock", "Pipfile"),
    "npm": ("package-lock.json", "package.json"),
    "npm2": ("package-lock.json", "package.json"),
    "pnpm10": ("pnpm-lock.yaml", "package.json"),
    "berry": ("yarn.lock", "package.json"),
    "bun": ("bun.lock", "package.json"),
    "cargo": ("Cargo.lock", "Cargo.toml"),
}


def found(folder: str, *pairs: tuple[str, str]) -> list[str]:
    lock, manifest = PAIRS[folder]
    text = (LOCKS / folder / manifest).read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return [one.what for one in problems(RULE, project(lock, (LOCKS / folder / lock).read_text(), (manifest, text)))]


@pytest.mark.parametrize("folder", PAIRS)
def test_a_lock_and_the_manifest_it_was_made_from_agree(folder: str) -> None:
    assert found(folder) == []


@pytest.mark.parametrize(
    ("folder", "old", "new"),
    [
        ("uv", '"idna"', '"idna", "attrs"'),
        ("uv", "click>=8", "click>=9"),
        ("uv", "iniconfig>=2", "iniconfig>=3"),
        ("poetry", 'click = "^8.0"', 'click = "^9.0"'),
        ("poetry-project", "click>=8", "click>=9"),
        ("poetry-project", "iniconfig>=2", "iniconfig>=3"),
        ("pipenv", 'click = ">=8"', 'click = ">=9"'),
        ("npm", '"is-odd": "^3.0.1"', '"is-odd": "^4.0.0"'),
        ("npm", '"is-odd": "^3.0.1"', '"is-odd": "^3.0.1", "evil": "^1.0.0"'),
        ("npm", "npm:kind-of@^6.0.3", "npm:kind-of@^7.0.0"),
        ("npm", "npm:kind-of@^6.0.3", "npm:evil@^6.0.3"),
        ("npm2", '"semver": "^7.5.0"', '"semver": "^6.0.0"'),
        ("pnpm10", '"is-odd": "^3.0.1"', '"is-odd": "^3.0.1", "evil": "^1.0.0"'),
        ("berry", '"is-odd": "^3.0.1"', '"is-odd": "^3.0.1", "evil": "^1.0.0"'),
        ("bun", '"is-odd": "^3.0.1"', '"is-odd": "^3.0.1", "evil": "^1.0.0"'),
        ("cargo", 'anyhow = "1.0"', 'anyhow = "1.0"\nevil = "1"'),
    ],
)
def test_a_manifest_that_asks_for_something_else_fails(folder: str, old: str, new: str) -> None:
    assert len(found(folder, (old, new))) == 1


@pytest.mark.parametrize(
    ("folder", "old", "new"),
    [
        ("uv", "click>=8", "click >= 8"),
        ("npm", '"is-odd": "^3.0.1"', '"is-odd": "^3.0.0"'),
        ("npm", '"version": "1.0.0"', '"version": "1.0.1"'),
        ("poetry", 'description = ""', 'description = "x"'),
        ("cargo", 'version = "0.1.0"', 'version = "0.2.0"'),
    ],
)
def test_what_changes_nothing_for_the_lock_passes(folder: str, old: str, new: str) -> None:
    assert found(folder, (old, new)) == []


def test_a_composer_lock_carries_the_digest_of_its_manifest() -> None:
    lock, manifest = BY_PATH["composer.lock"].text, '{"name": "a/b", "require": {"psr/log": "^3.0"}, "extra": {}}'
    import hashlib

    # what PHP's json_encode makes of the sorted keys: slashes escaped, an empty object a list
    digest = hashlib.md5(rb'{"extra":[],"name":"a\/b","require":{"psr\/log":"^3.0"}}', usedforsecurity=False).hexdigest()
    sound = lock.replace("0" * 32, digest)
    assert problems(RULE, project("composer.lock", sound, ("composer.json", manifest))) == []
    assert len(problems(RULE, project("composer.lock", lock, ("composer.json", manifest)))) == 1


def test_a_module_without_a_sum_fails() -> None:
    summed = BY_PATH["go.sum"].text
    module = BY_PATH["go.mod"].text
    assert problems(RULE, project("go.sum", summed, ("go.mod", module))) == []
    (problem,) = problems(RULE, project("go.sum", summed.replace("v0.14.0", "v0.13.0"), ("go.mod", module)))
    assert (problem.location.path, problem.location.line) == ("go.mod", 6)


def test_a_gem_that_the_lock_does_not_have_fails_unless_the_gemfile_decides() -> None:
    lock = BY_PATH["Gemfile.lock"].text
    assert problems(RULE, project("Gemfile.lock", lock, ("Gemfile", 'gem "rake", "~> 13.0"\n'))) == []
    assert len(problems(RULE, project("Gemfile.lock", lock, ("Gemfile", 'gem "rake"\ngem "evil"\n')))) == 1
    assert problems(RULE, project("Gemfile.lock", lock, ("Gemfile", 'gem "evil" if x\n'))) == []


def test_a_gem_for_another_platform_is_repeated_and_not_locked() -> None:
    lock = BY_PATH["Gemfile.lock"].text.replace("  rack-test\n  rake", "  rack-test\n  tzinfo-data\n  rake")
    gemfile = 'gem "tzinfo-data", platforms: %i[windows jruby]\n'
    assert problems(RULE, project("Gemfile.lock", lock, ("Gemfile", gemfile))) == []


def test_yarn_one_does_not_lock_members_of_its_workspace() -> None:
    manifest = '{"workspaces": ["packages/*"], "dependencies": {"member": "*"}}'
    assert problems(RULE, project("yarn.lock", BY_PATH["yarn.lock"].text, ("package.json", manifest))) == []
    assert len(problems(RULE, project("yarn.lock", BY_PATH["yarn.lock"].text, ("package.json", '{"dependencies": {"member": "*"}}')))) == 1


def test_the_fix_is_the_managers_own_command() -> None:
    lock, manifest = (LOCKS / "uv" / "uv.lock").read_text(), '[project]\nname = "sample"\ndependencies = ["x"]\n'
    assert problems(RULE, project("uv.lock", lock, ("pyproject.toml", manifest)))[0].fix == "uv lock"


def test_go_needs_the_sums_of_what_it_asks_for() -> None:
    module, sums = BY_PATH["go.mod"].text, BY_PATH["go.sum"].text
    assert [one.what for one in problems(RULE, project("go.mod", module))] != []
    assert problems(RULE, project("go.mod", module, ("go.sum", sums))) == []
