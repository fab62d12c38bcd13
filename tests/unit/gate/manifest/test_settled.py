# SPDX-License-Identifier: Apache-2.0
"""Overrides, constraints, patches and requests: what a manifest settles beside what its lock says was settled."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.inventory import former_lock
from pipeline_guard.gate.manifest.manifests import parse
from pipeline_guard.gate.manifest.settled import differences, is_one
from pipeline_guard.gate.projects import is_kept
from tests.unit.gate.locks import HEX, SHA512
from tests.unit.gate.manifest.test_belonging import drift

SRI = f"sha512-{SHA512}"
PATCH = "--- a/x\n+++ b/x\n"
NEW = hashlib.sha256(PATCH.encode()).hexdigest()
OLD = base64.b32encode(hashlib.md5(PATCH.encode(), usedforsecurity=False).digest()).decode().lower().rstrip("=")


def uv(manifest: str) -> str:
    return (
        f"version = 1\nrevision = 3\n\n{manifest}\n"
        '[[package]]\nname = "idna"\nversion = "3.10"\nsource = { registry = "https://pypi.org/simple" }\n'
        'sdist = { url = "https://files.pythonhosted.org/packages/aa/idna-3.10.tar.gz", hash = "sha256:' + HEX + '", size = 1 }\n\n'
        '[[package]]\nname = "shop"\nversion = "1"\nsource = { virtual = "." }\ndependencies = [{ name = "idna" }]\n\n'
        '[package.metadata]\nrequires-dist = [{ name = "idna" }]\n'
    )


def pyproject(settings: str) -> str:
    return f'[project]\nname = "shop"\nversion = "1"\ndependencies = ["idna"]\n[tool.uv]\n{settings}\n'


BOTH = '[manifest]\nconstraints = [{ name = "h11", specifier = "<1" }]\noverrides = [{ name = "idna", specifier = ">=3,<4" }]\n'
ASKS = 'override-dependencies = ["Idna >=3, <4"]\nconstraint-dependencies = ["h11<1"]'


@pytest.mark.parametrize(
    ("lock", "settings"),
    [
        (BOTH, ASKS),
        ("", ""),
        ('[manifest]\noverrides = [{ name = "idna", git = "https://h.example/i?rev=a#b" }]\n', 'override-dependencies = ["idna"]'),
        (
            '[manifest]\noverrides = [{ name = "idna", specifier = "<4", marker = "x" }, { name = "idna", specifier = ">=3" }]\n',
            'override-dependencies = ["idna<4; x", "idna>=3"]',
        ),
    ],
)
def test_uv_lock_that_repeats_what_its_manifest_settles_passes(lock: str, settings: str) -> None:
    assert drift({"uv.lock": uv(lock), "pyproject.toml": pyproject(settings)}) == []


@pytest.mark.parametrize(
    ("lock", "settings", "what"),
    [
        (BOTH.replace(">=3,<4", ">=2"), ASKS, "idna is overridden otherwise in the lock than in the manifest"),
        (BOTH.replace("<1", "<2"), ASKS, "h11 is constrained otherwise in the lock than in the manifest"),
        ("", 'override-dependencies = ["idna>=3"]', "idna is overridden by the manifest, and not in the lock"),
        ('[manifest]\noverrides = [{ name = "a", specifier = "<1" }]\n', "", "a is overridden in the lock, and by no manifest"),
        ("", 'sources = { idna = { git = "https://h.example/i" } }', "idna comes from a registry, and is asked for from elsewhere"),
    ],
)
def test_uv_lock_that_says_otherwise_drifts(lock: str, settings: str, what: str) -> None:
    assert what in drift({"uv.lock": uv(lock), "pyproject.toml": pyproject(settings)})


def test_uv_toml_stands_in_the_place_of_the_manifests_table() -> None:
    files = {"uv.lock": uv(BOTH), "pyproject.toml": pyproject(""), "uv.toml": ASKS}
    assert drift(files) == []
    assert drift({**files, "uv.toml": ""}) != []


def pnpm(head: str, specifier: str = "^1.0.0", extra: str = "") -> str:
    return (
        f"lockfileVersion: '9.0'\n\n{head}importers:\n  .:\n    dependencies:\n      a:\n        specifier: {specifier}\n        version: 1.0.0\n{extra}"
        f"packages:\n  a@1.0.0:\n    resolution: {{integrity: {SRI}}}\nsnapshots:\n  a@1.0.0: {{}}\n"
    )


def manifest(**more: Any) -> str:
    return json.dumps({"name": "shop", "version": "1.0.0", "dependencies": {"a": "^1.0.0"}, **more})


def patched(digest: str, path: str = "patches/a.patch") -> str:
    return f"patchedDependencies:\n  a@1.0.0:\n    hash: {digest}\n    path: {path}\n\n"


@pytest.mark.parametrize(
    ("head", "specifier", "more", "files"),
    [
        ("", "^1.0.0", {}, {}),
        ("overrides:\n  a: 1.0.0\n\n", "1.0.0", {"pnpm": {"overrides": {"a": "1.0.0"}}}, {}),
        ("overrides:\n  b: 2.0.0\n\n", "^1.0.0", {"resolutions": {"b": "2.0.0"}}, {}),
        ("overrides:\n  b: 2.0.0\n\n", "^1.0.0", {}, {"pnpm-workspace.yaml": "overrides:\n  b: 2.0.0\n"}),
        ("overrides:\n  b: 2.0.0\n\n", "^1.0.0", {"pnpm": {"overrides": {"b": "$a"}}}, {}),
        ("overrides:\n  a>b: 2.0.0\n\n", "^1.0.0", {"resolutions": {"**/a/b": "2.0.0"}}, {}),
        ("overrides:\n  b: 2.0.0\n\n", "^1.0.0", {}, {".pnpmfile.cjs": "module.exports = {}"}),
        (patched(OLD), "^1.0.0", {"pnpm": {"patchedDependencies": {"a@1.0.0": "patches/a.patch"}}}, {"patches/a.patch": PATCH}),
        (patched(NEW), "^1.0.0", {"pnpm": {"patchedDependencies": {"a@1.0.0": "patches/a.patch"}}}, {"patches/a.patch": PATCH}),
        (patched(NEW), "^1.0.0", {"pnpm": {"patchedDependencies": {"a@1.0.0": "./patches/a.patch"}}}, {"patches/a.patch": PATCH.replace("\n", "\r\n")}),
    ],
)  # fmt: skip
def test_pnpm_lock_that_repeats_what_is_settled_passes(head: str, specifier: str, more: dict[str, Any], files: dict[str, str]) -> None:
    assert drift({"pnpm-lock.yaml": pnpm(head, specifier), "package.json": manifest(**more), **files}) == []


PATCHED = {"pnpm": {"patchedDependencies": {"a@1.0.0": "patches/a.patch"}}}


@pytest.mark.parametrize(
    ("head", "specifier", "more", "files", "what"),
    [
        ("overrides:\n  b: 2.0.0\n\n", "^1.0.0", {}, {}, "b is overridden in the lock, and by no manifest"),
        ("", "^1.0.0", {"pnpm": {"overrides": {"b": "2.0.0"}}}, {}, "b is overridden by the manifest, and not in the lock"),
        ("overrides:\n  b: 1.0.0\n\n", "^1.0.0", {"pnpm": {"overrides": {"b": "2.0.0"}}}, {}, "b is overridden otherwise in the lock than in the manifest"),
        ("", "^0.9.0", {}, {}, "a ^1.0.0 is asked for otherwise than the lock says"),
        ("", "^1.0.0", {"dependencies": {}}, {}, "a is asked for in the lock, and by no manifest"),
        (patched(OLD), "^1.0.0", {}, {"patches/a.patch": PATCH}, "a@1.0.0 is patched in the lock, and by no manifest"),
        ("", "^1.0.0", PATCHED, {"patches/a.patch": PATCH}, "a@1.0.0 is patched by the manifest, and not in the lock"),
        (patched(OLD), "^1.0.0", PATCHED, {"patches/a.patch": PATCH + "+evil\n"}, "a@1.0.0 is patched by another file than the lock was made with"),
        (patched(NEW), "^1.0.0", PATCHED, {"patches/a.patch": PATCH + "+evil\n"}, "a@1.0.0 is patched by another file than the lock was made with"),
        (patched(OLD, "../a.patch"), "^1.0.0", {"pnpm": {"patchedDependencies": {"a@1.0.0": "../a.patch"}}}, {}, "a@1.0.0 is patched by ../a.patch, outside the repository"),
    ],
)  # fmt: skip
def test_pnpm_lock_that_says_otherwise_drifts(head: str, specifier: str, more: dict[str, Any], files: dict[str, str], what: str) -> None:
    assert drift({"pnpm-lock.yaml": pnpm(head, specifier), "package.json": manifest(**more), **files}) == [what]


def bun(more: dict[str, Any], packages: dict[str, Any] | None = None, wanted: str = "^1.0.0") -> str:
    rows = {"a": ["a@1.0.0", "", {}, SRI], **(packages or {})}
    return json.dumps({"lockfileVersion": 1, "workspaces": {"": {"name": "shop", "dependencies": {"a": wanted}}}, **more, "packages": rows})


@pytest.mark.parametrize(
    ("lock", "more"),
    [
        (bun({}), {}),
        (bun({"overrides": {"b": "1"}}), {"overrides": {"b": "1"}}),
        (bun({"overrides": {"b": "1"}}), {"resolutions": {"b": "1"}}),
        (bun({"overrides": {"b": "1"}}), {"overrides": {"b": "1"}, "resolutions": {"c": "1"}}),
        (bun({"patchedDependencies": {"a@1.0.0": "patches/a.patch"}}), {"patchedDependencies": {"a@1.0.0": "patches/a.patch"}}),
        (bun({}, {"a": ["a@1.0.0", "", {"peerDependencies": {"b": "1"}}, SRI], "b": ["b@1.0.0", "", {}, SRI]}), {}),
    ],
)
def test_bun_lock_that_repeats_what_is_settled_passes(lock: str, more: dict[str, Any]) -> None:
    assert drift({"bun.lock": lock, "package.json": manifest(**more)}) == []


@pytest.mark.parametrize(
    ("lock", "more", "what"),
    [
        (bun({"overrides": {"b": "2"}}), {"overrides": {"b": "1"}}, "b is overridden otherwise in the lock than in the manifest"),
        (bun({}), {"overrides": {"b": "1"}}, "b is overridden by the manifest, and not in the lock"),
        (bun({}, wanted="^0.1.0"), {}, "a ^1.0.0 is asked for otherwise than the lock says"),
        (bun({}, {"evil": ["evil@1.0.0", "", {}, SRI]}), {}, "evil 1.0.0 is locked, and nothing leads to it"),
        (bun({"patchedDependencies": {"a@1.0.0": "x"}}), {"patchedDependencies": {"a@1.0.0": "y"}}, "a@1.0.0 is patched otherwise in the lock than in the manifest"),
    ],
)  # fmt: skip
def test_bun_lock_that_says_otherwise_drifts(lock: str, more: dict[str, Any], what: str) -> None:
    assert drift({"bun.lock": lock, "package.json": manifest(**more)}) == [what]


def old_npm(**packages: Any) -> str:
    entry = {"version": "1.0.0", "resolved": "https://registry.npmjs.org/a/-/a-1.0.0.tgz", "integrity": SRI}
    return json.dumps({"name": "shop", "version": "1.0.0", "lockfileVersion": 1, "dependencies": {"a": entry, **packages}})


def test_entry_of_npms_first_format_must_be_led_to() -> None:
    evil = {"version": "1.0.0", "resolved": "https://registry.npmjs.org/evil/-/evil-1.0.0.tgz", "integrity": SRI}
    assert drift({"package-lock.json": old_npm(), "package.json": manifest()}) == []
    assert drift({"package-lock.json": old_npm(evil=evil), "package.json": manifest()}) == ["evil 1.0.0 is locked, and nothing leads to it"]
    assert drift({"package-lock.json": old_npm(evil={**evil, "peer": True}), "package.json": manifest()}) == []


def test_alias_whose_lock_forgets_the_real_name_drifts() -> None:
    entry = {"version": "1.0.0", "resolved": "https://registry.npmjs.org/b/-/b-1.0.0.tgz", "integrity": SRI}
    root = {"name": "shop", "version": "1.0.0", "dependencies": {"b": "npm:a@^1.0.0"}}

    def lock(one: dict[str, Any]) -> str:
        packages = {"": root, "node_modules/b": one}
        return json.dumps({"name": "shop", "version": "1.0.0", "lockfileVersion": 3, "packages": packages})

    sound = {**entry, "name": "a", "resolved": "https://registry.npmjs.org/a/-/a-1.0.0.tgz"}
    assert drift({"package-lock.json": lock(sound), "package.json": json.dumps(root)}) == []
    assert drift({"package-lock.json": lock(entry), "package.json": json.dumps(root)}) == ["b npm:a@^1.0.0 is not what the lock holds"]


def pdm(digest: str) -> str:
    return (
        f'[metadata]\ngroups = ["default"]\nstrategy = ["inherit_metadata"]\nlock_version = "4.5.0"\ncontent_hash = "sha256:{digest}"\n\n'
        f'[[package]]\nname = "idna"\nversion = "3.10"\ngroups = ["default"]\nfiles = [{{file = "idna-3.10-py3-none-any.whl", hash = "sha256:{HEX}"}}]\n'
    )


PDM = '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["idna>=3"]\n[dependency-groups]\nDev_Tools = ["idna"]\n'


def digest(dev: str, **settled: Any) -> str:
    body = {
        "sources": [], "dependencies": ["idna>=3"], "dev-dependencies": {dev: ["idna"]}, "optional-dependencies": {},
        "requires-python": ">=3.11", **settled,
    }  # fmt: skip
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


@pytest.mark.parametrize(
    "made", [digest("dev-tools", resolution={}), digest("Dev_Tools", resolution={}), digest("Dev_Tools", overrides={})]
)
def test_pdm_lock_made_from_the_manifest_passes(made: str) -> None:
    assert drift({"pdm.lock": pdm(made), "pyproject.toml": PDM}) == []


def test_pdm_lock_made_from_another_manifest_drifts_and_a_workspace_is_not_judged() -> None:
    assert drift({"pdm.lock": pdm(HEX), "pyproject.toml": PDM}) == ["pdm.lock was made from another pyproject.toml"]
    assert drift({"pdm.lock": pdm(HEX), "pyproject.toml": PDM + '[tool.pdm.workspace]\nmembers = ["a"]\n'}) == []


def test_files_that_settle_something_are_kept() -> None:
    for path in ("pnpm-workspace.yaml", "a/uv.toml", ".pnpmfile.cjs", "patches/a@1.patch", ".yarn/patches/b.patch"):
        assert is_one(path)
        assert is_kept(path)
    assert not is_one("a.patch")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pyproject.toml", '[project]\nname = "a"\n[tool.pdm]\ndev-dependencies = 1\n'),
        ("pyproject.toml", '[project]\nname = "a"\n[tool.pdm.dev-dependencies]\na = 5\n'),
        ("pyproject.toml", '[project]\nname = "a"\n[tool.pdm]\nresolution = [1]\n'),
    ],
)
def test_manifest_of_another_shape_is_said_to_be_one(path: str, text: str) -> None:
    with pytest.raises(UsageError):
        parse(text.encode(), path)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("package.json", '{"pnpm": 1}'),
        ("package.json", '{"pnpm": {"overrides": [1]}}'),
        ("package.json", '{"resolutions": "x"}'),
        ("pnpm-workspace.yaml", "overrides: [a]\n"),
        ("pnpm-workspace.yaml", "a: [\n"),
        ("package.json", "[]"),
    ],
)
def test_settings_of_another_shape_leave_the_lock_unchecked(path: str, text: str) -> None:
    files = {"pnpm-lock.yaml": pnpm(""), "package.json": manifest(), path: text}
    lock = former_lock("pnpm-lock.yaml", files["pnpm-lock.yaml"].encode())
    assert lock is not None
    with pytest.raises(UsageError):
        list(differences(lock, {name: content.encode() for name, content in files.items()}))
