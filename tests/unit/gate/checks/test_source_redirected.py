# SPDX-License-Identifier: Apache-2.0
"""source-redirected: a change of a manifest beside what it was, for every kind of manifest that names places."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from pipeline_guard.gate.checks.source_redirected import RULE
from pipeline_guard.gate.manifest import redirects
from pipeline_guard.gate.manifest.project import LockChange
from pipeline_guard.gate.manifest.redirects import RedirectChange
from pipeline_guard.model.verdict import Unchecked
from tests.unit.gate.checks.deps import problems, sample


def found(path: str, before: str | None, after: str, others: dict[str, str] | None = None, locks: tuple[LockChange, ...] = ()) -> list[str]:
    """Return what the check says of a manifest that changed from ``before`` to ``after``, beside ``others`` that did not."""
    texts = {path: after.encode()} | {name: text.encode() for name, text in (others or {}).items()}
    items = list(redirects.changes(texts, frozenset((path,)), lambda _: None if before is None else before.encode(), locks))
    assert all(isinstance(item, RedirectChange) for item in items)
    return [f"{one.location.line} {one.what}" for item in items for one in problems(RULE, item)]


GO = "module example.com/m\n\nrequire github.com/o/a v1.0.0\n"
CARGO = '[package]\nname = "x"\n\n[dependencies]\nserde = "1"\n'
NPM = json.dumps({"dependencies": {"a": "^1.0.0", "b": "github:o/b#1"}}, indent=1)
PY = '[project]\nname = "x"\ndependencies = [\n  "idna>=3",\n]\n'
POETRY = '[tool.poetry.dependencies]\nidna = "^3"\n'
GEMS = 'source "https://rubygems.org"\ngem "rake"\ngem "rails", "~> 7.0"\n'
MIX = 'defp deps do\n  [\n    {:jason, "~> 1.4"},\n    {:phx, github: "phoenixframework/phx"}\n  ]\nend\n'
PUB = "name: x\ndependencies:\n  http: ^1.0.0\n"
SWIFT = 'let p = Package(dependencies: [\n  .package(url: "https://github.com/apple/swift-nio.git", from: "2.0.0"),\n])\n'
FLAKE = '{\n  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-24.05";\n  outputs = { self, nixpkgs }: { };\n}\n'
CHART = "apiVersion: v2\nname: x\ndependencies:\n  - name: redis\n    version: 1.0.0\n    repository: https://charts.bitnami.com/bitnami\n"
TF = 'terraform {\n  required_providers {\n    aws = {\n      source  = "hashicorp/aws"\n      version = "~> 5.0"\n    }\n  }\n}\nmodule "vpc" {\n  source = "terraform-aws-modules/vpc/aws"\n  version = "5.0.0"\n}\n'
POD = "platform :ios\ntarget 'x' do\n  pod 'AFNetworking', '~> 4.0'\nend\n"
COMPOSER = json.dumps({"require": {"a/b": "^1"}})
DENO = json.dumps({"imports": {"std/": "https://deno.land/std@0.1.0/", "chalk": "npm:chalk@5"}})
CONDA = "name: x\nchannels:\n  - conda-forge\ndependencies:\n  - python\n"


@pytest.mark.parametrize(
    ("path", "before", "after", "line"),
    [
        ("go.mod", GO, GO + "replace github.com/o/a => github.com/evil/a v1.0.0\n", 4),
        ("go.mod", GO, GO + "replace (\n\tgithub.com/o/a v1.0.0 => github.com/evil/a v1.0.0\n)\n", 5),
        ("go.work", "go 1.22\nuse ./a\n", "go 1.22\nuse ./a\nreplace github.com/o/a => github.com/evil/a v1.0.0\n", 3),
        ("go.work", "go 1.22\nuse ./a\n", "go 1.22\nuse (\n\t./a\n\t../../evil\n)\n", 4),
        ("Cargo.toml", CARGO, CARGO + '[patch.crates-io]\nserde = { git = "https://github.com/evil/serde", rev = "1" }\n', 7),
        ("Cargo.toml", CARGO, CARGO + '[replace]\n"serde:1.0.0" = { git = "https://github.com/evil/serde" }\n', 7),
        ("Cargo.toml", CARGO, CARGO.replace('"1"', '{ package = "evil", version = "1" }'), 5),
        ("Cargo.toml", CARGO, CARGO.replace('"1"', '{ version = "1", registry = "evil" }'), 5),
        ("Cargo.toml", CARGO, CARGO.replace('"1"', '{ path = "../../evil" }'), 5),
        (".cargo/config.toml", "[build]\n", '[build]\n[patch.crates-io]\nserde = { git = "https://github.com/evil/serde" }\n', 3),
        ("package.json", NPM, NPM.replace("^1.0.0", "npm:evil@^1.0.0"), 3),
        ("package.json", NPM, NPM.replace("^1.0.0", "evil/a"), 3),
        ("package.json", NPM, NPM.replace("^1.0.0", "https://files.example/a.tgz"), 3),
        ("package.json", NPM, NPM.replace("^1.0.0", "file:vendor/a.tgz"), 3),
        ("package.json", NPM, NPM.replace("github:o/b", "github:evil/b"), 4),
        ("package.json", NPM, json.dumps({"overrides": {"x": {"minimist": "npm:evil@1"}}}, indent=1), 4),
        ("package.json", NPM, json.dumps({"resolutions": {"**/minimist": "https://files.example/m.tgz"}}, indent=1), 3),
        ("package.json", NPM, json.dumps({"pnpm": {"overrides": {"a>minimist@1": "github:evil/m"}}}, indent=1), 4),
        ("pnpm-workspace.yaml", "packages:\n  - a\n", "packages:\n  - a\noverrides:\n  minimist: npm:evil@1\n", 4),
        ("pnpm-workspace.yaml", "catalog:\n  react: ^18\n", "catalog:\n  react: npm:evil@^18\n", 2),
        ("pyproject.toml", PY, PY + '[tool.uv.sources]\nidna = { git = "https://github.com/evil/idna" }\n', 7),
        ("pyproject.toml", PY, PY + '[tool.uv.sources]\nidna = { index = "other" }\n', 7),
        ("pyproject.toml", PY, PY + '[tool.uv]\noverride-dependencies = ["idna @ https://files.example/idna-3.0-py3-none-any.whl"]\n', 7),
        ("pyproject.toml", PY, PY.replace("idna>=3", "idna @ git+https://github.com/evil/idna@1"), 4),
        ("pyproject.toml", POETRY, POETRY.replace('"^3"', '{ git = "https://github.com/evil/idna" }'), 2),
        ("pyproject.toml", POETRY, POETRY.replace('"^3"', '{ version = "^3", source = "other" }'), 2),
        ("Pipfile", '[packages]\nidna = "*"\n', '[packages]\nidna = {version = "*", index = "other"}\n', 2),
        ("requirements.txt", "idna==3.10\n", "idna @ https://files.example/idna-3.10-py3-none-any.whl\n", 1),
        ("requirements.txt", "idna==3.10\n", "idna==3.10\n--no-binary idna\n", 2),
        ("requirements/dev-requirements.in", "idna\n", "-r https://files.example/r.txt\nidna\n", 1),
        ("Gemfile", GEMS, GEMS.replace('gem "rake"', 'gem "rake", git: "https://github.com/evil/rake.git"'), 2),
        ("Gemfile", GEMS, GEMS.replace('gem "rake"', 'gem "rake", :github => "evil/rake"'), 2),
        ("Gemfile", GEMS, GEMS.replace('gem "rake"', 'gem "rake",\n  source: "https://gems.example"'), 2),
        ("Gemfile", GEMS, GEMS.replace('gem "rake"', 'source "https://gems.example" do\n  gem "rake"\nend'), 3),
        ("mix.exs", MIX, MIX.replace('{:jason, "~> 1.4"}', '{:jason, git: "https://github.com/evil/jason.git"}'), 3),
        ("mix.exs", MIX, MIX.replace('{:jason, "~> 1.4"}', '{:jason, "~> 1.4", hex: :evil}'), 3),
        ("mix.exs", MIX, MIX.replace("phoenixframework/phx", "evil/phx"), 4),
        ("pubspec.yaml", PUB, PUB + "dependency_overrides:\n  http:\n    git: https://github.com/evil/http\n", 5),
        ("pubspec_overrides.yaml", None, "dependency_overrides:\n  http:\n    hosted: https://pub.example\n", 2),
        ("Package.swift", SWIFT, SWIFT.replace("apple/", "evil/"), 2),
        ("flake.nix", FLAKE, FLAKE.replace("NixOS/", "evil/"), 2),
        ("flake.nix", FLAKE, FLAKE.replace('inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-24.05";', 'inputs = {\n    nixpkgs = {\n      url = "git+https://evil.example/nixpkgs";\n    };\n  };'), 3),
        ("Chart.yaml", CHART, CHART.replace("charts.bitnami.com/bitnami", "charts.example"), 4),
        ("versions.tf", TF, TF.replace("hashicorp/aws", "evil/aws"), 3),
        ("main.tf", TF, TF.replace("terraform-aws-modules/vpc", "evil/vpc"), 10),
        ("main.tf", TF, TF.replace("terraform-aws-modules/vpc/aws", "git::https://github.com/evil/vpc.git?ref=v1"), 10),
        ("Podfile", POD, POD.replace("'~> 4.0'", ":git => 'https://github.com/evil/AFNetworking.git'"), 3),
        ("Podfile", POD, "source 'https://specs.example/s.git'\n" + POD, 1),
        ("composer.json", COMPOSER, json.dumps({"repositories": [{"type": "vcs", "url": "https://github.com/evil/b"}], "require": {"a/b": "^1"}}), 1),
        ("composer.json", COMPOSER, json.dumps({"repositories": {"x": {"type": "composer", "url": "https://packages.example"}}}), 1),
        ("composer.json", COMPOSER, json.dumps({"repositories": [{"type": "package", "package": {"name": "a/b", "dist": {"url": "https://files.example/b.zip"}}}]}), 1),
        ("deno.json", DENO, DENO.replace("deno.land/std", "evil.example/std"), 1),
        ("import_map.json", DENO, DENO.replace("npm:chalk", "npm:evil"), 1),
        ("environment.yml", CONDA, CONDA.replace("- conda-forge", "- evil\n  - conda-forge"), 3),
        ("pixi.toml", '[workspace]\nchannels = ["conda-forge"]\n', '[workspace]\nchannels = ["https://conda.anaconda.org/evil", "conda-forge"]\n', 2),
    ],
)  # fmt: skip
def test_a_place_that_is_new_for_a_known_name_fails(path: str, before: str | None, after: str, line: int) -> None:
    assert [int(one.split()[0]) for one in found(path, before, after)] == [line]
    assert found(path, after, after) == []


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("go.mod", GO, GO + "replace example.com/own => ./own\nreplace github.com/o/a => github.com/o/a v1.0.1\nexclude github.com/o/a v0.9.0\n"),
        ("svc/go.mod", GO, GO + "replace example.com/own => ../own\n"),
        ("go.mod", GO + "replace github.com/o/a => github.com/fork/a v1.0.0\n", GO + "replace github.com/o/a => github.com/fork/a v1.2.0\n"),
        ("go.work", "go 1.22\nuse ./a\n", "go 1.22\nuse (\n\t./a\n\t./b\n)\n"),
        ("Cargo.toml", CARGO, CARGO + 'anyhow = { git = "https://github.com/o/anyhow" }\nown = { path = "crates/own" }\n'),
        ("Cargo.toml", CARGO, CARGO + '[patch.crates-io]\nown = { path = "crates/own" }\n'),
        ("package.json", NPM, json.dumps({"dependencies": {"a": "^2.0.0", "b": "git+ssh://git@github.com/o/b.git#2", "new": "github:o/new"}}, indent=1)),
        ("package.json", NPM, json.dumps({"overrides": {"minimist": "1.2.6", "x": {".": "2", "y": "$a"}}, "resolutions": {"a": "workspace:*"}}, indent=1)),
        ("package.json", NPM, json.dumps({"dependencies": {"a": "patch:a@npm%3A1.0.0#~/.yarn/patches/a.patch"}}, indent=1)),
        ("package.json", NPM, json.dumps({"dependencies": {"a": "npm:a@^2", "own": "file:../own"}}, indent=1).replace("../own", "packages/own")),
        ("pnpm-workspace.yaml", "packages:\n  - a\n", "packages:\n  - a\ncatalog:\n  react: ^18.0.0\noverrides:\n  minimist: 1.2.6\n"),
        ("pyproject.toml", PY, PY + '[tool.uv.sources]\nown = { workspace = true }\nother = { path = "libs/other", editable = true }\n'),
        ("pyproject.toml", PY, PY.replace('  "idna>=3",\n', '  "idna>=3,<4",\n  "new @ git+https://github.com/o/new@v1",\n')),
        ("requirements.txt", "idna==3.10\n", "idna==3.11\n-r base.txt\n--no-binary :none:\n"),
        ("Gemfile", GEMS, GEMS + '# gem "rake", git: "https://github.com/evil/rake"\ngem "new", github: "o/new"\n'),
        ("Gemfile", GEMS, GEMS + 'source "https://rubygems.org" do\n  gem "puma"\nend\ngroup :test do\n  gem "rspec"\nend\n'),
        ("mix.exs", MIX, MIX.replace('"~> 1.4"}', '"~> 1.5", only: [:dev, :test], runtime: false}') + '# {:jason, git: "https://evil.example/j"}\n'),
        ("pubspec.yaml", PUB, PUB + "  own:\n    path: packages/own\n  flutter:\n    sdk: flutter\n"),
        ("Package.swift", SWIFT, SWIFT.replace('.git", from: "2.0.0"', '", from: "2.1.0"') + '// .package(url: "https://evil.example/swift-nio")\n'),
        ("flake.nix", FLAKE, FLAKE.replace("nixos-24.05", "nixos-24.11").replace("  outputs", '  inputs.utils.url = "github:numtide/flake-utils";\n  outputs')),
        ("Chart.yaml", CHART, CHART.replace("1.0.0", "1.1.0") + "  - name: own\n    version: 0.1.0\n    repository: file://charts/own\n"),
        ("main.tf", TF, TF.replace("~> 5.0", "~> 6.0") + 'module "own" {\n  source = "./modules/own"\n}\n# source = "evil/vpc/aws"\n'),
        ("Podfile", POD, "source 'https://cdn.cocoapods.org/'\n" + POD.replace("4.0", "4.1") + "pod 'New', :git => 'https://github.com/o/New.git'\n"),
        ("composer.json", COMPOSER, json.dumps({"repositories": [{"type": "path", "url": "packages/*"}, {"packagist.org": False}]})),
        ("deno.json", DENO, DENO.replace("0.1.0", "0.2.0").replace("chalk@5", "chalk@6")),
        ("environment.yml", CONDA, CONDA.replace("- conda-forge", "- bioconda\n  - conda-forge")),
        ("environment.prod.yml", "a: 1\n", "a: {{ x }\n"),
        ("requirements.yaml", "a: 1\n", "- src: x\n"),
    ],
)  # fmt: skip
def test_ordinary_updates_pass(path: str, before: str, after: str) -> None:
    texts = {path: after.encode()}
    items = list(redirects.changes(texts, frozenset((path,)), lambda _: before.encode(), ()))
    assert [one.what for item in items if isinstance(item, RedirectChange) for one in problems(RULE, item)] == []
    assert not any(isinstance(item, Unchecked) for item in items)


def test_a_place_that_another_manifest_names_already_passes() -> None:
    after = GO + "replace github.com/o/a => github.com/fork/a v1.0.0\n"
    assert len(found("svc/go.mod", None, after)) == 1
    assert found("svc/go.mod", None, after, {"go.mod": after}) == []


def test_a_package_that_only_the_lock_had_is_known() -> None:
    lock = sample("package-lock.json")
    change = LockChange(lock.path, lock, lock, (), True, datetime(2026, 1, 1, tzinfo=UTC))
    after = json.dumps({"dependencies": {"left-pad": "evil/left-pad"}})
    assert found("package.json", "{}", after) == []
    assert found("package.json", "{}", after, locks=(change,)) == ["1 left-pad from git github.com/evil/left-pad"]


def test_a_manifest_that_cannot_be_read_is_unchecked() -> None:
    (item,) = redirects.changes({"package.json": b'{"a": 1, "a": 2}'}, frozenset(("package.json",)), lambda _: b"{}", ())
    assert isinstance(item, Unchecked)


def test_an_unreadable_manifest_of_the_merge_target_vouches_for_nothing() -> None:
    assert len(found("go.mod", "\0", GO + "replace github.com/o/a => github.com/evil/a v1.0.0\n")) == 1
