# SPDX-License-Identifier: Apache-2.0
"""Which files belong together."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.inventory import former_lock
from pipeline_guard.gate.manifest.project import LockChange, Project
from pipeline_guard.gate.projects import changes, is_kept, led_out, lost, projects
from pipeline_guard.model.verdict import Unchecked
from tests.unit.gate.checks.deps import sample, text_of
from tests.unit.gate.locks import BY_PATH, UV

NOW = datetime(2026, 11, 24, tzinfo=UTC)
PYPROJECT = b'[project]\nname = "sample"\ndependencies = ["idna>=3"]\n'


def found(texts: dict[str, bytes], changed: set[str] | None = None, locks: tuple[str, ...] = ()) -> dict[str, tuple[str, ...]]:
    """Return the locks that are judged, each with its manifests."""
    known = {path: sample(path) for path in locks}
    items = list(projects(known, texts, None if changed is None else frozenset(changed)))
    return {item.path: tuple(one.path for one in item.manifests) for item in items if isinstance(item, Project)}


def test_a_lock_has_the_manifests_of_its_folder_and_ecosystem() -> None:
    texts = {"pyproject.toml": PYPROJECT, "package.json": b"{}", "other/pyproject.toml": PYPROJECT}
    assert found(texts, None, ("uv.lock",)) == {"uv.lock": ("pyproject.toml",)}


def test_a_lock_has_the_manifests_of_its_members() -> None:
    texts = {"package.json": b"{}", "packages/w/package.json": b"{}", "packages/other/package.json": b"{}"}
    assert found(texts, None, ("package-lock.json",)) == {"package-lock.json": ("package.json", "packages/w/package.json")}


def test_a_changed_manifest_judges_the_locks_of_its_folder_and_above() -> None:
    texts = {"uv.lock": UV.encode(), "pyproject.toml": PYPROJECT, "other/uv.lock": UV.encode()}
    assert set(found(texts, {"pyproject.toml"})) == {"uv.lock"}
    assert set(found(texts, {"deep/below/pyproject.toml"})) == {"uv.lock"}
    assert set(found(texts, {"readme.txt"})) == set()


def test_an_unreadable_manifest_beside_the_lock_is_unchecked_and_one_further_away_is_not() -> None:
    locks = {"package-lock.json": sample("package-lock.json")}
    items = list(projects(locks, {"package.json": b"{", "packages/w/package.json": b"{"}, None))
    assert [item.what for item in items if isinstance(item, Unchecked)] == ["package.json"]


@pytest.mark.parametrize("path", ["a/uv.lock", "package.json", "x.csproj", "main.tf", "Chart.yaml", "go.work", "pnpm-workspace.yaml"])
def test_what_may_belong_to_a_lock_is_kept(path: str) -> None:
    assert is_kept(path)
    assert not is_kept("readme.txt")


def removed(paths: set[str], known: set[str], text: str = UV) -> list[tuple[str, str]]:
    return [(one.path, one.manifest) for one in lost(paths, known, lambda _: text.encode(), former_lock)]


def test_a_removed_lock_is_lost_while_its_manifest_stays() -> None:
    assert removed({"uv.lock"}, {"pyproject.toml"}) == [("uv.lock", "pyproject.toml")]
    assert removed({"a/uv.lock"}, {"pyproject.toml"}) == []
    assert removed({"uv.lock", "pyproject.toml"}, {"readme.txt"}) == []


def test_another_lock_of_the_family_takes_its_place_under_a_name_that_tools_find() -> None:
    assert removed({"uv.lock"}, {"pyproject.toml", "poetry.lock"}) == []
    assert removed({"uv.lock"}, {"pyproject.toml", "Poetry.LOCK"}) == [("uv.lock", "pyproject.toml")]
    assert removed({"uv.lock"}, {"pyproject.toml", "yarn.lock"}) == [("uv.lock", "pyproject.toml")]


def test_an_empty_lock_is_no_loss_and_an_unreadable_one_is() -> None:
    empty = 'version = 1\nrequires-python = ">=3.11"\n'
    assert removed({"uv.lock"}, {"pyproject.toml"}, empty) == []
    assert removed({"uv.lock"}, {"pyproject.toml"}, "version = 9\n") == [("uv.lock", "pyproject.toml")]


def test_a_changed_lock_is_compared_with_itself_and_with_what_else_changed() -> None:
    before = {"uv.lock": UV.encode(), "old/uv.lock": UV.encode(), "Cargo.lock": BY_PATH["Cargo.lock"].content}
    (change,) = changes([sample("uv.lock")], frozenset(before), before.get, former_lock, NOW)
    assert isinstance(change, LockChange)
    assert change.before is not None
    assert [one.path for one in change.others] == ["old/uv.lock"]
    assert change.manifest_changed is False


def test_a_new_lock_has_no_former_self_and_a_changed_manifest_is_told() -> None:
    (change,) = changes([sample("uv.lock")], frozenset(("uv.lock", "pyproject.toml")), lambda _: None, former_lock, NOW)
    assert isinstance(change, LockChange)
    assert change.before is None
    assert change.manifest_changed is True


def test_a_former_lock_that_cannot_be_read_is_unchecked() -> None:
    items = list(changes([sample("uv.lock")], frozenset(("uv.lock",)), lambda _: b"version = 9\n", former_lock, NOW))
    assert isinstance(items[0], Unchecked)
    assert items[0].why.startswith("as of the merge target")


def test_errors_of_the_merge_target_are_not_swallowed_elsewhere() -> None:
    with pytest.raises(UsageError):
        former_lock("uv.lock", b"version = 9\n")
    assert "idna" in text_of("uv.lock")


@pytest.mark.parametrize(
    ("lock", "manifest", "other"),
    [
        ("gradle.lockfile", "gradle/libs.versions.toml", "src/a.java"),
        ("gradle.lockfile", "buildSrc/x.kt", "gradle.lockfile"),
        (".terraform.lock.hcl", "main.tf", ".terraform.lock.hcl"),
        ("packages.lock.json", "a/b.csproj", "readme.txt"),
        ("mix.lock", "mix.exs", "lib/a.ex"),
    ],
)
def test_whether_a_build_file_changed_is_told_by_name(lock: str, manifest: str, other: str) -> None:
    def changed_with(name: str) -> bool:
        found = list(changes([sample(lock)], frozenset({lock, name}), lambda _: BY_PATH[lock].content, former_lock, NOW))
        assert isinstance(found[0], LockChange)
        return found[0].manifest_changed

    assert (changed_with(manifest), changed_with(other)) == (True, False)


@pytest.mark.parametrize(
    ("links", "out"),
    [
        ({"lib": "../../outside"}, True),
        ({"lib": "/opt/lib"}, True),
        ({"lib": ".."}, True),
        ({"lib": "packages/lib", "packages": "../elsewhere"}, True),
        ({"lib": "packages/lib"}, False),
        ({"lib": "lib"}, False),
        ({"other": "../../outside"}, False),
        ({}, False),
    ],
)
def test_folder_behind_a_link_out_of_the_repository_is_told(links: dict[str, str], out: bool) -> None:
    text = UV + '\n[[package]]\nname = "lib"\nversion = "1"\nsource = { directory = "lib" }\n'
    lock = former_lock("uv.lock", text.encode())
    assert lock is not None
    assert len(list(led_out([lock], links))) == out
