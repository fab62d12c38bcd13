# SPDX-License-Identifier: Apache-2.0
"""What sign and verify write for machines: to standard output and to files, by schema, all of one run, and no stranger's text as markup."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.conftest import Outcome, Repository

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
Run = Callable[..., Outcome]


def checked(text: str, kind: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    jsonschema.validate(document, json.loads((SCHEMAS / f"{kind}.v1.json").read_bytes()))
    return document


@pytest.fixture
def place(guard: Run, repository: Repository) -> tuple[Run, Path]:
    """A repository with two files and a key; the command expects success unless ``code`` says otherwise."""
    for name in ("a.bin", "b.bin"):
        repository.write(name, name)

    def run(*words: str, code: int = 0) -> Outcome:
        done = guard(*words, cwd=repository.path)
        assert done.code == code, done
        assert "Traceback" not in done.err
        return done

    run("keys", "create", "release")
    return run, repository.path


def test_sign_tells_machines_what_verify_then_tells_of(place: tuple[Run, Path]) -> None:
    run, path = place
    done = run("sign", "a.bin", "b.bin", "--key", "release", "--output", "json=signed.json", "--output", "again.json")
    assert [line[:13] for line in done.out.splitlines()] == ["signed a.bin ", "signed b.bin "]
    signed = checked((path / "signed.json").read_text(), "signed-list")
    assert (path / "again.json").read_text() == (path / "signed.json").read_text()
    assert json.loads(run("sign", "a.bin", "--key", "release", "--format", "json").out)["signatures"] == signed["signatures"][:1]
    done = run("verify", "a.bin", "b.bin", "--key", "release", "--output", "json=told.json", "--output", "markdown=told.md")
    assert done.out.startswith("ok   a.bin")
    told = checked((path / "told.json").read_text(), "verification")
    for made, answer in zip(signed["signatures"], told["subjects"], strict=True):
        assert (made["bundle"], made["payload"], made["key"]) == (answer["bundle"], answer["payload"], answer["signer"]["fingerprint"])
    assert (len(told["statements"]), told["policy"]) == (2, None)
    assert "**2 of 2 verified**" in (path / "told.md").read_text()


def test_verify_says_in_every_form_what_fails_and_ends_with_the_same_code(place: tuple[Run, Path]) -> None:
    run, path = place
    run("sign", "a.bin", "b.bin", "--key", "release")
    (path / "b.bin").write_text("changed")
    words = ("verify", "a.bin", "b.bin", "--key", "release")
    done = run(*words, "--output", "github=notes", "--output", "markdown=told.md", "--output", "told.json", code=1)
    assert done.out.splitlines()[1].startswith("FAIL b.bin  tampered: ")
    (note, closing) = (path / "notes").read_text().splitlines()
    assert note.startswith("::error title=b.bin%3A tampered::b.bin: not the content that was signed")
    assert closing == "pipeline-guard verify: 1 of 2 verified"
    assert "| tampered | <code>b&#46;bin</code> |" in (path / "told.md").read_text()
    told = checked((path / "told.json").read_text(), "verification")
    assert [answer["verified"] for answer in told["subjects"]] == [True, False]
    for form in ("json", "markdown", "github"):
        assert run(*words, "--format", form, code=1).out
    run(*words, "--output", "yaml=x", code=2)
    run(*words, "--output", "json=x", "--output", "markdown=x", code=2)
    assert not (path / "x").exists()


def test_a_name_that_is_a_command_or_markup_is_neither(place: tuple[Run, Path]) -> None:
    run, path = place
    name = "x\n::error::<b>|@ada.bin"
    (path / name).write_text("x")
    done = run("verify", name, "--key", "release", "--format", "github", code=1)
    assert [line[:2] for line in done.out.splitlines()] == ["::", "pi"]
    done = run("verify", name, "--key", "release", "--format", "markdown", code=1)
    assert "<b>" not in done.out
    assert "@ada" not in done.out
    assert "\n::" not in done.out + run("verify", name, "--key", "release", code=1).out


def test_each_rule_says_how_far_it_is_met(place: tuple[Run, Path]) -> None:
    run, path = place
    run("keys", "create", "qa")
    run("sign", "a.bin", "--key", "release")
    rule = "{subjects: ['*.bin'], signers: [{key: release}, {key: qa}], threshold: 2, slsa-level: 1, verifiers: [v]}"
    (path / "policy.yml").write_text(f"version: 1\nrules:\n  - {{subjects: ['*'], signers: [{{key: release}}]}}\n  - {rule}\n")
    told = checked(run("verify", "a.bin", "--policy", "policy.yml", "--format", "json", code=1).out, "verification")
    first, second = told["subjects"][0]["rules"]
    assert (first["number"], first["met"], first["why"], first["threshold"]["signers"]) == (1, True, "", ["release"])
    assert (second["number"], second["met"]) == (2, False)
    assert second["threshold"] == {"required": 2, "reached": 1, "signers": ["release"]}
    assert second["slsa_level"] == {"required": 1, "reached": 0}
    assert told["policy"]["source"] == "policy.yml"


def test_a_rehearsal_says_that_it_did_not_look_at_images(place: tuple[Run, Path], repository: Repository) -> None:
    run, _ = place
    step = "pipeline-guard verify docker://registry.example/app:v1 --key release"
    workflow = f"on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: {step}\n"
    repository.commit("start", {".github/workflows/release.yml": workflow})
    assert "not checked  the image registry.example/app is not looked at" in run("dry-run", code=6).out
