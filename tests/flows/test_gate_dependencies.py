# SPDX-License-Identifier: Apache-2.0
"""The gate's dependency checks through the flow: what the package managers themselves accept, in real repositories with real locks."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.verdict import CheckStatus, Outcome, Verdict
from tests.flows.test_gate import Place, failed, of

LOCKS = Path(__file__).parents[1] / "data" / "locks"
FOLDERS = sorted(path.name for path in LOCKS.iterdir())


@pytest.fixture
def place(repository: Any, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(repository.path)
    found = Place(repository)
    repository.commit("start")
    return found


def fill(place: Place, folder: str) -> None:
    """Put a project and its lock on the merge target, and begin a topic."""
    root = LOCKS / folder
    place.repository.commit("project", {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()})
    place.repository.git("switch", "-q", "-c", "topic")


def edit(place: Place, name: str, pattern: str, new: str) -> None:
    text = (place.repository.path / name).read_text()
    changed, count = re.subn(pattern, new, text)
    assert count
    place.repository.commit("topic", {name: changed})


def unchecked(verdict: Verdict) -> set[str]:
    return {check.id for check in verdict.checks if check.status is CheckStatus.UNCHECKED}


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_the_managers_wrote_is_green(place: Place, folder: str) -> None:
    fill(place, folder)
    assert place.gate().outcome is Outcome.ALLOW
    place.repository.commit("topic", {"readme.txt": "x"})
    assert place.gate(base="main").outcome is Outcome.ALLOW


# --- what uv, poetry and npm accept: their own checks pass, and `uv sync --locked` and `npm ci` install it


def test_uv_a_wheel_from_a_foreign_host_with_its_own_hash(place: Place) -> None:
    fill(place, "uv")
    edit(
        place,
        "uv.lock",
        r'url = "https://files\.pythonhosted\.org/[^"]*/(idna-[^"]*\.whl)", hash = "sha256:[0-9a-f]{64}"',
        rf'url = "https://files.example/\1", hash = "sha256:{"a" * 64}"',
    )
    assert failed(place.gate()) == {"lock-source"}
    assert failed(place.gate(base="main")) == {"lock-source", "lock-tampered"}


def test_uv_another_hash_alone_is_seen_against_the_merge_target(place: Place) -> None:
    fill(place, "uv")
    edit(place, "uv.lock", r"sha256:[0-9a-f]{64}", f"sha256:{'a' * 64}")
    assert failed(place.gate(base="main")) == {"lock-tampered"}


def test_uv_another_packages_wheel_of_the_right_host(place: Place) -> None:
    fill(place, "uv")
    edit(place, "uv.lock", r"(files\.pythonhosted\.org/[^\"]*/)idna-([^\"]*\.whl)", r"\1evil-\2")
    assert "lock-name-mismatch" in failed(place.gate())


@pytest.mark.parametrize("folder", ["poetry", "poetry-project"])
def test_poetry_all_hashes_replaced(place: Place, folder: str) -> None:
    fill(place, folder)
    edit(place, "poetry.lock", r"sha256:[0-9a-f]{64}", f"sha256:{'a' * 64}")
    assert failed(place.gate(base="main")) == {"lock-tampered"}


@pytest.mark.parametrize("folder", ["npm", "npm2"])
def test_npm_a_tarball_from_a_foreign_address_with_its_own_integrity(place: Place, folder: str) -> None:
    fill(place, folder)
    edit(place, "package-lock.json", r"https://registry\.npmjs\.org/is-odd/-/", "https://files.example/is-odd/-/")
    assert failed(place.gate()) == {"lock-source"}
    assert "lock-tampered" in failed(place.gate(base="main"))


def test_npm_another_package_on_the_registrys_own_host(place: Place) -> None:
    fill(place, "npm")
    edit(place, "package-lock.json", r"/is-odd/-/is-odd-", "/evil/-/evil-")
    assert failed(place.gate()) == {"lock-name-mismatch"}


@pytest.mark.parametrize(
    ("folder", "lock", "pattern"),
    [
        ("pipenv", "Pipfile.lock", r"sha256:[0-9a-f]{64}"),
        ("cargo", "Cargo.lock", r'(?<=checksum = ")[0-9a-f]{64}'),
        ("go", "go.sum", r"(?<=h1:)[A-Za-z0-9+/]{43}"),
        ("pnpm10", "pnpm-lock.yaml", r"(?<=sha512-)[A-Za-z0-9+/]{86}"),
        ("berry", "yarn.lock", r"(?<=/)[0-9a-f]{128}"),
        ("bun", "bun.lock", r"(?<=sha512-)[A-Za-z0-9+/]{86}"),
    ],
)
def test_replaced_hashes_of_other_managers_are_seen_too(place: Place, folder: str, lock: str, pattern: str) -> None:
    fill(place, folder)
    text = (place.repository.path / lock).read_text()
    found = re.search(pattern, text)
    assert found
    flipped = found[0].translate(str.maketrans("0123456789abcdefABCDEF", "123456789abcdef0BCDEFA"))
    edit(place, lock, re.escape(found[0]), flipped)
    assert "lock-tampered" in failed(place.gate(base="main"))


# --- ways round


def test_a_manifest_that_changes_without_its_lock_is_drift(place: Place) -> None:
    fill(place, "uv")
    edit(place, "pyproject.toml", '"idna"', '"idna", "attrs"')
    assert failed(place.gate(base="main")) == {"lock-drift"}


def test_a_lock_under_another_name_or_in_capitals_is_looked_at(place: Place) -> None:
    fill(place, "uv")
    text = (place.repository.path / "uv.lock").read_text().replace("https://files.pythonhosted.org", "https://files.example")
    for name in ("other/UV.LOCK", "notes/deps.txt"):
        place.repository.commit("topic", {name: text})
        assert "lock-source" in failed(place.gate(base="main"))
        place.repository.git("rm", "-q", name)
        place.repository.git("commit", "-q", "-m", "away")


def test_a_moved_lock_is_compared_with_what_it_was(place: Place) -> None:
    fill(place, "poetry")
    text = re.sub(r"sha256:[0-9a-f]{64}", f"sha256:{'a' * 64}", (place.repository.path / "poetry.lock").read_text())
    manifest = (place.repository.path / "pyproject.toml").read_text()
    place.repository.git("rm", "-q", "poetry.lock", "pyproject.toml")
    place.repository.commit("topic", {"app/poetry.lock": text, "app/pyproject.toml": manifest})
    assert failed(place.gate(base="main")) == {"lock-tampered"}


def test_a_lock_that_is_a_symbolic_link_is_unchecked(place: Place) -> None:
    fill(place, "uv")
    os.replace(place.repository.path / "uv.lock", place.repository.path / "elsewhere")
    (place.repository.path / "uv.lock").symlink_to("elsewhere")
    assert "lock-source" in unchecked(place.gate(base="main"))


@pytest.mark.parametrize("content", [b"\xff\xfe", b"version = 9\n", b"version = 1\n[[package]]\nname = 'a'\nname = 'b'\n", b"[" * 5000])
def test_a_lock_that_cannot_be_read_is_unchecked(place: Place, content: bytes) -> None:
    place.repository.write("uv.lock", content)
    verdict = place.gate()
    assert verdict.outcome is Outcome.INCOMPLETE
    assert "lock-hash-missing" in unchecked(verdict)
    assert of(verdict, "lock-hash-missing")[0].locations[0].path == "uv.lock"


def test_a_registry_changed_beside_the_lock_fails(place: Place) -> None:
    fill(place, "npm")
    place.repository.commit("topic", {".npmrc": "registry=https://registry.example/\n"})
    assert failed(place.gate(base="main")) == {"registry-changed"}


def test_a_lock_without_hashes_is_unchecked_and_accepted_unless_policy_demands_proof(place: Place) -> None:
    place.repository.write("Gemfile.lock", "GEM\n  remote: https://rubygems.org/\n  specs:\n    rake (13.0.6)\n\nDEPENDENCIES\n  rake\n")
    assert "lock-unverifiable" in unchecked(place.gate())
    assert place.gate().outcome is Outcome.ALLOW
    assert place.gate(GateSettings(network="require")).outcome is Outcome.INCOMPLETE


def test_an_unreadable_lock_of_the_merge_target_is_unchecked(place: Place) -> None:
    place.repository.commit("broken", {"uv.lock": "version = 9\n"})
    place.repository.git("switch", "-q", "-c", "topic")
    place.repository.commit("topic", {"uv.lock": (LOCKS / "uv" / "uv.lock").read_bytes()})
    assert "lock-tampered" in unchecked(place.gate(base="main"))
