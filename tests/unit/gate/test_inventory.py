# SPDX-License-Identifier: Apache-2.0
"""What counts as which kind of file."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.inventory import guards_the_gate, is_constraints, kind_by_name, look
from pipeline_guard.model.package import Lock
from pipeline_guard.model.verdict import Unchecked
from tests.unit.gate.locks import UV
from tests.unit.gate.pickles import gadget


def kinds(path: str, content: bytes) -> list[Kind]:
    return [kind for kind, _ in look(path, content)]


@pytest.mark.parametrize(
    "path",
    [
        "requirements.txt",
        "Requirements.TXT",
        "a/requirements-dev.txt",
        "dev-requirements.txt",
        "dev_requirements.txt",
        "requirements/base.txt",
        "constraints.txt",
        "requirements.pip",
    ],
)
def test_requirements_are_known_by_name(path: str) -> None:
    also = [] if is_constraints(path) else [Kind.LOCK]
    assert kinds(path, b"a==1\n") == [Kind.REQUIREMENTS, *also]


@pytest.mark.parametrize("path", ["requirements.in", "requirements.md", "notes.txt", "requirements/README.md"])
def test_inputs_and_texts_are_no_locks(path: str) -> None:
    assert kinds(path, b"a\n") == []


def test_workflows_and_actions_are_known() -> None:
    assert kinds(".github/workflows/ci.yml", b"jobs: {}") == [Kind.WORKFLOW]
    assert kinds("deep/action.yaml", b"runs:\n  using: node24\n") == [Kind.WORKFLOW]
    assert kinds("config/action.yml", b"title: not one\n") == []
    assert kinds("docs/ci.yml", b"jobs: {}") == []


def test_gitlab_files_are_known_by_name_and_components_by_content() -> None:
    for path in (".gitlab-ci.yml", "sub/.gitlab-ci.yml", "ci/build.gitlab-ci.yml", ".gitlab/ci/a.yml"):
        assert kinds(path, b"a: {script: x}\n") == [Kind.GITLAB]
    assert kinds("anywhere/a.yml", b"# c\n\nspec:\n  inputs: {}\n---\na: {script: x}\n") == [Kind.GITLAB]
    assert kinds("anywhere/a.yml", b"spec:\n  replicas: 1\n") == []


def test_a_file_can_be_two_things() -> None:
    assert kinds("requirements.txt", gadget(0))[:1] + kinds("requirements.txt", gadget(0))[-1:] == [Kind.REQUIREMENTS, Kind.MODEL]


def test_what_cannot_be_parsed_is_a_value_with_its_line() -> None:
    ((kind, item),) = look(".github/workflows/ci.yml", b"jobs:\n  a: [\n")
    assert kind is Kind.WORKFLOW
    assert isinstance(item, Unchecked)
    assert item.why.startswith(".github/workflows/ci.yml:")


def test_unreadable_files_are_what_their_name_says() -> None:
    names = ["requirements.txt", ".github/workflows/x.yml", ".gitlab-ci.yml", "weights.bin", "a/UV.lock", ".npmrc"]
    kinds = [Kind.REQUIREMENTS, Kind.WORKFLOW, Kind.GITLAB, Kind.MODEL, Kind.LOCK, Kind.REGISTRY]
    assert [kind_by_name(name) for name in names] == kinds


def test_constraints_are_known_by_name() -> None:
    assert is_constraints("a/constraints-dev.txt")
    assert not is_constraints("requirements.txt")


def test_files_that_decide_what_is_checked_are_known() -> None:
    assert all(
        guards_the_gate(path)
        for path in (".pipeline-guard.yml", "docs/CODEOWNERS", ".github/workflows/a.yml", "x/.npmrc", ".gitlab-ci.yml")
    )
    assert not guards_the_gate("src/main.py")


def test_locks_are_known_by_name_and_by_content() -> None:
    for path in ("uv.lock", "sub/UV.LOCK", "vendored/old.txt"):
        ((kind, lock),) = look(path, UV.encode())
        assert kind is Kind.LOCK
        assert isinstance(lock, Lock)
        assert lock.format == "uv.lock"


def test_a_lock_that_cannot_be_read_is_a_value_with_its_path() -> None:
    ((kind, item),) = look("a/uv.lock", b"version = 1\n[[package]]\nname = 1 1\n")
    assert kind is Kind.LOCK
    assert isinstance(item, Unchecked)
    assert item.why.startswith("a/uv.lock:3: ")


def test_settings_of_package_managers_are_known() -> None:
    assert kinds(".npmrc", b"a=b\n") == [Kind.REGISTRY]
    assert kinds(".cargo/config.toml", b"") == [Kind.REGISTRY]
    assert kinds("config.toml", b"") == []


@pytest.mark.parametrize(
    "text",
    [
        "FROM a:1\n",
        "# syntax=x@y\n\nARG V=1\nFROM a:$V AS b\nRUN x\n",
        "# a comment\r\nFROM --platform=linux/amd64 h.example/a/b:1 as b\r\n",
        "ARG A\nFROM ${A}",
    ],
)
def test_a_dockerfile_of_any_name_is_known_by_how_it_begins(text: str) -> None:
    assert Kind.DOCKERFILE in [kind for kind, _ in look("build/image.txt", text.encode())]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.txt", "FROM me to you\nRUN\n"),
        ("a.txt", "From x\n"),
        ("a.txt", "text\nFROM a:1\n"),
        ("a.txt", "FROM a\nWHERE b\n"),
        ("q.sql", "FROM a\n"),
        ("a.md", "FROM a:1\n"),
        ("Modelfile", "FROM llama3\n"),
        ("x/other", "FROM llama3\nPARAMETER temperature 1\n"),
    ],
)
def test_texts_that_only_begin_alike_are_no_dockerfiles(path: str, text: str) -> None:
    assert Kind.DOCKERFILE not in [kind for kind, _ in look(path, text.encode())]
