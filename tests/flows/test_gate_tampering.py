# SPDX-License-Identifier: Apache-2.0
"""Each tampering that uv, poetry and npm install without a word, and others that a reviewer overlooks: ours is red, the original is green.

What the managers accept was measured with uv 0.13.9 (`uv lock --check`, `uv sync --locked`), poetry 2.5.1 (`poetry check --lock`) and
npm 11.19.1 (`npm ci`); npm 12 and pnpm 12 refuse some of it.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline_guard.model.verdict import Outcome
from tests.flows.test_gate import Place, failed
from tests.flows.test_gate_dependencies import edit, fill, place, unchecked

__all__ = ["place"]  # the fixture of a repository with a merge target

A = "a" * 64
SHA = "0123456789abcdef0123456789abcdef01234567"
SRI = "A" * 86
ODD = r"https://registry\.npmjs\.org/is-odd/-/is-odd-3\.0\.1\.tgz"
WHEEL = r'url = "https://files\.pythonhosted\.org/[^"]*/(idna-[^"]*\.whl)"'
CLICK = 'name = "click"\nversion = "'
LEGACY = 'type = "legacy"\nurl = "https://pypi.org/simple"\nreference = "index"\n'
FORK = f'type = "git"\nurl = "https://github.com/evil/click.git"\nreference = "main"\nresolved_reference = "{SHA}"\n'
EVIL = '[[package]]\nname = "evil"\nversion = "1.0"\n'
EVIL_NPM = f'"node_modules/evil": {{"version": "1.0.0", "resolved": "https://registry.npmjs.org/evil/-/evil-1.0.0.tgz", "integrity": "sha512-{SRI}=="}}, '

# folder, file, pattern, replacement; what must be among the failed checks of the tree alone, and of the change
LOCKS: list[tuple[str, str, str, str, str, str]] = [
    ("uv", "uv.lock", WHEEL + r', hash = "sha256:[0-9a-f]{64}"', rf'url = "https://files.example/\1", hash = "sha256:{A}"', "lock-source", "lock-tampered"),
    ("uv", "uv.lock", WHEEL, r'url = "http://files.pythonhosted.org/packages/aa/\1"', "lock-source", "lock-tampered"),
    ("uv", "uv.lock", WHEEL, r'url = "https://files.pythonhosted.org@evil.example/\1"', "lock-source", "lock-tampered"),
    ("uv", "uv.lock", WHEEL, r'url = "https://files.pythonhosted.org.evil.example/\1"', "lock-source", "lock-tampered"),
    ("uv", "uv.lock", r"idna-([0-9.]+)-py3", r"evil-\1-py3", "lock-name-mismatch", "lock-name-mismatch"),
    ("uv", "uv.lock", r"idna-[0-9.]+-py3", "idna-2.0-py3", "lock-name-mismatch", "lock-name-mismatch"),
    ("uv", "uv.lock", r"sha256:[0-9a-f]{64}", f"sha256:{A}", "", "lock-tampered"),
    ("uv", "uv.lock", r', hash = "sha256:[0-9a-f]{64}"', "", "lock-hash-missing", "lock-tampered"),
    ("uv", "uv.lock", r"sha256:[0-9a-f]{64}", f"md5:{'a' * 32}", "lock-weak-hash", "lock-weak-hash"),
    ("uv", "uv.lock", r'(name = "idna"\nversion = "[^"]*"\nsource = )\{[^}]*\}', rf'\1{{ git = "https://github.com/evil/idna?rev={SHA}#{SHA}" }}', "lock-contradiction", "lock-tampered"),
    ("uv", "uv.lock", r'(name = "idna"\nversion = "[^"]*"\nsource = )\{[^}]*\}', r'\1{ registry = "https://evil.example/simple" }', "lock-source", "lock-source"),
    ("uv", "uv.lock", f'{CLICK}[^"]*', f"{CLICK}7.0", "lock-drift", "lock-drift"),
    ("uv", "uv.lock", r"\A([^\[]*)", rf'\1{EVIL}source = {{ registry = "https://pypi.org/simple" }}\n\n', "lock-unreachable", "lock-unreachable"),
    ("poetry", "poetry.lock", r"sha256:[0-9a-f]{64}", f"sha256:{A}", "", "lock-tampered"),
    ("poetry-project", "poetry.lock", r"sha256:[0-9a-f]{64}", f"sha256:{A}", "", "lock-tampered"),
    ("poetry", "poetry.lock", r'(\{file = "click-[^"]*\.whl", hash = ")[^"]*"', rf'\1sha256:{A}"', "", "lock-tampered"),
    ("poetry", "poetry.lock", r'(\{file = "click[^\n]*\n)', rf'\1    {{file = "click-8.5.1-py2-none-any.whl", hash = "sha256:{A}"}},\n', "", ""),
    ("poetry", "poetry.lock", r'file = "click-', 'file = "evil-', "lock-name-mismatch", "lock-name-mismatch"),
    ("poetry", "poetry.lock", r"files = \[[^\]]*\]", "files = []", "lock-hash-missing", "lock-hash-missing"),
    ("poetry", "poetry.lock", LEGACY, LEGACY.replace("pypi.org", "evil.example"), "lock-source", "lock-source"),
    ("poetry", "poetry.lock", LEGACY, FORK, "lock-drift", "lock-tampered"),
    ("poetry", "poetry.lock", f'{CLICK}[^"]*', f"{CLICK}7.0", "lock-drift", "lock-drift"),
    ("poetry", "poetry.lock", r"\[metadata\]", f'{EVIL}files = [\n    {{file = "evil-1.0.tar.gz", hash = "sha256:{A}"}},\n]\n\n[metadata]', "lock-drift", "lock-drift"),
    ("npm", "package-lock.json", ODD, "https://files.example/is-odd/-/is-odd-3.0.1.tgz", "lock-source", "lock-tampered"),
    ("npm2", "package-lock.json", ODD, "https://files.example/is-odd/-/is-odd-3.0.1.tgz", "lock-source", "lock-tampered"),
    ("npm", "package-lock.json", ODD, "https://registry.npmjs.org/evil/-/evil-3.0.1.tgz", "lock-name-mismatch", "lock-name-mismatch"),
    ("npm", "package-lock.json", ODD, "https://registry.npmjs.org/is-odd/-/is-odd-0.1.0.tgz", "lock-name-mismatch", "lock-name-mismatch"),
    ("npm", "package-lock.json", ODD, f"git+ssh://git@github.com/evil/is-odd.git#{SHA}", "lock-contradiction", "lock-tampered"),
    ("npm", "package-lock.json", ODD, "https://codeload.github.com/evil/is-odd/tar.gz/main", "lock-source", "lock-tampered"),
    ("npm", "package-lock.json", r"sha512-[A-Za-z0-9+/]{86}==", f"sha512-{SRI}==", "", "lock-tampered"),
    ("npm", "package-lock.json", r'(is-odd-3\.0\.1\.tgz"),\s*"integrity": "[^"]*"', r"\1", "lock-hash-missing", "lock-tampered"),
    ("npm", "package-lock.json", r'"name": "kind-of"', '"name": "evil"', "lock-contradiction", "lock-contradiction"),
    ("npm", "package-lock.json", r'("node_modules/is-number": \{\s*"version": ")[^"]*', r"\g<1>1.0.0", "lock-drift", "lock-drift"),
    ("npm", "package-lock.json", r'("node_modules/is-odd": \{)', r'\1"hasInstallScript": true, ', "", "install-script-new"),
    ("npm", "package-lock.json", r'("node_modules/is-odd": )', rf"{EVIL_NPM}\1", "lock-unreachable", "lock-unreachable"),
]  # fmt: skip


@pytest.mark.parametrize(("folder", "name", "pattern", "new", "tree", "change"), LOCKS)
def test_what_the_managers_install_is_red(place: Place, folder: str, name: str, pattern: str, new: str, tree: str, change: str) -> None:
    fill(place, folder)
    edit(place, name, pattern, new)
    alone, compared = failed(place.gate()), failed(place.gate(base="main"))
    assert (tree in alone) if tree else not alone
    assert (change in compared) if change else not compared


# --- manifests and settings, as a change that leaves the lock alone or follows it

GO = "module example.com/m\n\ngo 1.22\n"
CSPROJ = '<Project Sdk="Microsoft.NET.Sdk"><ItemGroup>\n<PackageReference Include="Serilog" Version="3.1.0" />\n</ItemGroup></Project>\n'
NUGET = json.dumps({"version": 1, "dependencies": {"net8.0": {"Serilog": {"type": "Direct", "requested": "[3.1.0, )", "resolved": "3.1.0", "contentHash": f"{SRI}=="}}}})  # fmt: skip
TF = 'module "vpc" {\n  source  = "terraform-aws-modules/vpc/aws"\n  version = "5.0.0"\n}\n'


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"go.mod": GO}, {"go.mod": GO + "replace example.com/a => example.com/evil v1.0.0\n"}, {"source-redirected"}),
        ({"go.work": "go 1.22\n\nuse ./a\n"}, {"go.work": "go 1.22\n\nuse ./a\n\nreplace example.com/a => example.com/evil v1.0.0\n"}, {"source-redirected"}),
        ({"package.json": "{}"}, {"package.json": '{"overrides": {"a": "npm:evil@1"}}'}, {"source-redirected"}),
        ({"src/packages.lock.json": NUGET, "src/x.csproj": CSPROJ}, {"src/x.csproj": CSPROJ.replace("3.1.0", "2.0.0")}, {"lock-drift"}),
        ({"src/packages.lock.json": NUGET, "src/x.csproj": CSPROJ}, {"src/packages.lock.json": NUGET.replace("Serilog", "Evil")}, {"lock-drift"}),
        ({"main.tf": TF}, {"main.tf": TF.replace("terraform-aws-modules/vpc/aws", "git::https://github.com/evil/vpc.git")}, {"module-unpinned", "source-redirected"}),
        ({"gradle.properties": "a=b\n"}, {"gradle.properties": "org.gradle.dependency.verification=off\n"}, {"registry-changed"}),
        ({"pnpm-workspace.yaml": "packages:\n  - a\n"}, {"pnpm-workspace.yaml": "packages:\n  - a\ndangerouslyAllowAllBuilds: true\n"}, {"registry-changed"}),
        (
            {"vendor/modules.txt": "# example.com/a v1.0.0\nexample.com/a\n", "vendor/example.com/a/a.go": "package a\n"},
            {"vendor/example.com/a/a.go": "package a // evil\n"},
            {"carried-altered"},
        ),
        ({"a.txt": "a"}, {".env": "GOPROXY=https://evil.example\n"}, {"registry-changed"}),
    ],
)  # fmt: skip
def test_what_leads_elsewhere_is_red(place: Place, before: dict[str, str], after: dict[str, str], expected: set[str]) -> None:
    place.repository.commit("before", before)
    assert place.gate().outcome is Outcome.ALLOW
    place.repository.git("switch", "-q", "-c", "topic")
    place.repository.commit("topic", after)
    assert failed(place.gate(base="main")) == expected


def test_a_member_below_the_lock_is_compared_with_it(place: Place) -> None:
    fill(place, "berry")
    manifest = json.loads((place.repository.path / "packages/a/package.json").read_text())
    manifest.setdefault("dependencies", {})["evil"] = "^1.0.0"
    place.repository.commit("topic", {"packages/a/package.json": json.dumps(manifest)})
    assert failed(place.gate(base="main")) == {"lock-drift"}


def test_a_manifest_of_the_change_that_cannot_be_read_is_unchecked(place: Place) -> None:
    place.repository.commit("before", {"package.json": "{}"})
    place.repository.git("switch", "-q", "-c", "topic")
    place.repository.commit("topic", {"package.json": '{"overrides": {}, "overrides": {"a": "npm:evil@1"}}'})
    verdict: Any = place.gate(base="main")
    assert verdict.outcome is Outcome.INCOMPLETE
    assert "source-redirected" in unchecked(verdict)
