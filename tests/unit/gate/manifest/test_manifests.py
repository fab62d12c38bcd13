# SPDX-License-Identifier: Apache-2.0
"""Manifests as facts: names, specifiers, lines, digests."""

from __future__ import annotations

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.manifest.manifests import is_manifest, parse


def asked(path: str, text: str) -> list[tuple[str, str, int, str]]:
    return [(one.name, one.specifier, one.line, one.group) for one in parse(text.encode(), path).asked]


def test_package_json_counts_an_optional_dependency_once() -> None:
    text = '{"name": "x",\n"dependencies": {"a": "^1", "b": "2"},\n"devDependencies": {"c": "*"},\n"optionalDependencies": {"b": "2"}}'
    assert asked("package.json", text) == [
        ("a", "^1", 2, "dependencies"),
        ("c", "*", 3, "devDependencies"),
        ("b", "2", 4, "optionalDependencies"),
    ]
    assert parse(b'{"workspaces": ["a"]}', "package.json").complete is False


def test_pyproject_has_groups_extras_and_what_poetry_asks_for() -> None:
    text = (
        '[project]\nname = "X_y"\ndependencies = [\n  "Idna>=3",\n  "a[b]~=1.0; python_version < \'3.12\'",\n  "c @ https://h.example/c.whl",\n]\n'
        '[project.optional-dependencies]\nx = ["d"]\n[dependency-groups]\ndev = ["e==1", {include-group = "x"}]\n'
        '[tool.poetry.dependencies]\npython = "^3"\nf = "^2"\ng = {git = "https://h.example/g"}\n'
    )
    assert asked("pyproject.toml", text) == [
        ("idna", ">=3", 4, ""),
        ("a", "~=1.0", 5, ""),
        ("c", "@ https://h.example/c.whl", 6, ""),
        ("d", "", 9, "extra x"),
        ("e", "==1", 11, "group dev"),
        ("f", "^2", 14, "poetry"),
    ]
    found = parse(text.encode(), "pyproject.toml")
    assert (found.name, found.complete) == ("x-y", True)


def test_pyproject_that_leaves_its_dependencies_to_something_else_is_incomplete() -> None:
    assert parse(b'[project]\nname = "x"\ndynamic = ["dependencies"]\n', "pyproject.toml").complete is False


def test_pyproject_names_what_is_overridden() -> None:
    text = b'[tool.uv]\noverride-dependencies = ["A.b>=1"]\n[tool.pdm.resolution.overrides]\nc = "1.0"\n'
    assert parse(text, "pyproject.toml").overridden == {"a-b", "c"}


def test_the_digest_of_poetry_changes_with_what_it_covers_alone() -> None:
    text = '[tool.poetry]\nname = "x"\ndescription = "{}"\n[tool.poetry.dependencies]\na = "{}"\n'

    def digests(one: str, other: str) -> tuple[str, ...]:
        return parse(text.format(one, other).encode(), "pyproject.toml").digests

    assert digests("a", "1") == digests("b", "1")
    assert not set(digests("a", "1")) & set(digests("a", "2"))


def test_pipfile() -> None:
    text = '[[source]]\nurl = "x"\n[packages]\nidna = "*"\n"A.b" = {version = ">=1"}\n[dev-packages]\nc = "==1"\n'
    assert asked("Pipfile", text) == [("idna", "*", 4, "packages"), ("a-b", ">=1", 5, "packages"), ("c", "==1", 7, "dev-packages")]


def test_composer_leaves_the_platform_out() -> None:
    text = '{"require": {"php": ">=8", "ext-json": "*", "PSR/Log": "^3"},\n"require-dev": {"a/b": "1"}}'
    assert asked("composer.json", text) == [("psr/log", "^3", 1, "require"), ("a/b", "1", 2, "require-dev")]


def test_cargo_reads_targets_renames_and_what_is_inherited() -> None:
    text = (
        '[package]\nname = "x"\n[dependencies]\nserde = "1"\nold = { package = "new", version = "2" }\n'
        'shared = { workspace = true }\n[target.\'cfg(unix)\'.dependencies]\nlibc = "0.2"\n[build-dependencies]\ncc = "1"\n'
    )
    assert [one[:2] for one in asked("Cargo.toml", text)] == [("serde", "1"), ("new", "2"), ("shared", ""), ("cc", "1"), ("libc", "0.2")]
    assert [one[3] for one in asked("Cargo.toml", text)][2] == "inherited"


def test_gemfile_that_decides_is_incomplete() -> None:
    assert asked("Gemfile", 'source "https://rubygems.org"\n# gem "no"\ngem "rake"\n  gem(\'x\', "~> 1")\n') == [
        ("rake", "", 3, ""),
        ("x", "", 4, ""),
    ]
    assert parse(b'gem "a"\n', "Gemfile").complete
    assert not parse(b'gem "a" if ENV["X"]\n', "Gemfile").complete
    assert not parse(b"gemspec\n", "Gemfile").complete


def test_pubspec() -> None:
    assert asked("pubspec.yaml", "name: x\ndependencies:\n  a: ^1.0.0\n  b:\n    path: ../b\ndev_dependencies:\n  c: any\n") == [
        ("a", "^1.0.0", 3, "dependencies"),
        ("b", "", 4, "dependencies"),
        ("c", "any", 7, "dev_dependencies"),
    ]


def test_names_of_manifests() -> None:
    assert all(map(is_manifest, ("a/Package.JSON", "pyproject.toml", "Pipfile", "Cargo.toml", "Gemfile", "pubspec.yaml", "composer.json")))
    assert not is_manifest("setup.py")
    with pytest.raises(UsageError, match="no manifest"):
        parse(b"", "setup.py")


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("package.json", b"[]"),
        ("package.json", b'{"dependencies": []}'),
        ("package.json", b'{"a": 1, "a": 2}'),
        ("pyproject.toml", b"[project]\n[project]\n"),
        ("pyproject.toml", b'[project]\ndependencies = "x"\n'),
        ("Pipfile", b"[packages\n"),
        ("composer.json", b'{"require": []'),
        ("Cargo.toml", b"\xff"),
        ("pubspec.yaml", b"a: b\na: c\n"),
        ("Gemfile", b"gem 'a'\0"),
    ],
)
def test_what_cannot_be_read_is_named(path: str, content: bytes) -> None:
    with pytest.raises(UsageError) as raised:
        parse(content, path)
    assert raised.value.what.startswith(path)
