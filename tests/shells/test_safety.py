# SPDX-License-Identifier: Apache-2.0
"""What no shell may do, whatever it is for."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.shells.reading import ACTIONS, ROOT, TEMPLATES, VERBS, WORKFLOWS, WRAPPERS, documents, job, steps, template

PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
USES = re.compile(r"^\s*(?:- )?uses:\s*(\S+)(.*)$", re.MULTILINE)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_is_a_shell_of_each_kind_for_every_verb() -> None:
    assert {path.parent.name for path in ACTIONS} == {*VERBS, "_setup", ROOT.name}
    assert {path.stem for path in TEMPLATES} == {path.stem for path in WRAPPERS} == set(VERBS)
    assert {path.stem for path in WORKFLOWS} == {"check", "shells", "interop", "release", "hsm"}


@pytest.mark.parametrize("path", ACTIONS + WORKFLOWS, ids=name_of)
def test_every_use_is_of_this_repository_or_pinned_by_a_full_commit_with_its_version(path: Path) -> None:
    for target, comment in USES.findall(path.read_text()):
        if target.startswith("$/"):
            assert (ROOT / target[2:] / "action.yml").is_file()
        else:
            assert PINNED.fullmatch(target), target
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), target


@pytest.mark.parametrize("path", ACTIONS + WORKFLOWS, ids=name_of)
def test_no_expression_is_pasted_into_a_script(path: Path) -> None:
    scripts = [step["run"] for step in steps(path) if "run" in step]
    assert not [script for script in scripts if "${{" in script]


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_no_input_is_pasted_into_a_script(path: Path) -> None:
    found = job(path.stem)
    lines = [*found["before_script"], *found.get("script", []), *found.get("after_script", [])]
    assert not [line for line in lines if "$[[" in line]


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_every_line_of_a_job_can_fail(path: Path) -> None:
    """The runner's shell ends at the first command that fails, but not where that stands left of && or ||."""
    found = job(path.stem)
    lines = [*found["before_script"], *found.get("script", []), *found.get("after_script", [])]
    assert not [line for line in lines if re.search(r"&&|\|\||;|\| ", line)]


@pytest.mark.parametrize("path", TEMPLATES + WRAPPERS, ids=name_of)
def test_pasted_text_is_quoted_unless_it_is_true_or_false(path: Path) -> None:
    """GitLab puts inputs into the file's text before it is read as YAML."""
    inputs = documents(path)[0]["spec"]["inputs"]
    body = path.read_text().partition("\n---\n")[2]
    for line in body.splitlines():
        for quote, name in re.findall(r"('?)\$\[\[ (?:inputs|component)\.([a-z-]+) \]\]", line):
            assert quote or inputs[name]["type"] == "boolean", line


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_template_has_no_global_keyword_and_one_job(path: Path) -> None:
    _, body = template(path.stem)
    assert list(body) == ["$[[ inputs.job-name ]]"]


def test_every_template_sets_the_tool_up_in_the_same_way() -> None:
    beginnings = {tuple(line.replace(f'setup.sh" {verb})', 'setup.sh" VERB)') for line in job(verb)["before_script"][:8]) for verb in VERBS}
    assert len(beginnings) == 1


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_template_runs_only_at_a_full_commit(path: Path) -> None:
    inputs, _ = template(path.stem)
    assert inputs["commit"]["regex"] == "^[0-9a-f]{40}$"
    assert "default" not in inputs["commit"]


def test_injected_secrets_are_revoked_whatever_happened() -> None:
    (last,) = job("inject")["after_script"][-1:]
    assert last.endswith('pipeline-guard" revoke')
    (found,) = documents(ROOT / "actions" / "inject" / "action.yml")
    assert found["runs"] == {"using": "node24", "main": "main.cjs", "post": "post.cjs"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=name_of)
def test_workflow_grants_nothing_by_default_and_explains_each_grant(path: Path) -> None:
    (found,) = documents(path)
    assert found["permissions"] == {}
    assert "concurrency" in found
    for each in found["jobs"].values():
        assert "permissions" in each
        assert each["name"]
        assert each["timeout-minutes"] <= 30
    for line in re.findall(r"^ +[a-z-]+: (?:read|write).*$", path.read_text(), re.MULTILINE):
        assert " # " in line


@pytest.mark.parametrize("path", WORKFLOWS, ids=name_of)
def test_checkout_leaves_no_token_behind(path: Path) -> None:
    checkouts: list[dict[str, Any]] = [step for step in steps(path) if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_only_publishing_jobs_may_write_and_they_wait_for_build_and_signature() -> None:
    (found,) = documents(ROOT / ".github" / "workflows" / "release.yml")
    writers = {name for name, each in found["jobs"].items() if "write" in each["permissions"].values()}
    assert writers == {"attest", "pypi", "release"}
    assert set(found["jobs"]["pypi"]["needs"]) == {"attest", "sign"}
    assert found["jobs"]["pypi"]["permissions"] == {"id-token": "write"}
    for path in WORKFLOWS:
        for name, each in documents(path)[0]["jobs"].items():
            assert path.stem == "release" or "write" not in each["permissions"].values(), name


def test_every_job_of_check_is_asked_for_by_the_required_one() -> None:
    (found,) = documents(ROOT / ".github" / "workflows" / "check.yml")
    jobs = set(found["jobs"]) - {"checked"}
    assert set(found["jobs"]["checked"]["needs"]) == jobs == {"check", "scan", "gate"}
    assert found["jobs"]["checked"]["steps"][0]["run"].count("success") == len(jobs)


def test_locks_and_lists_of_packages_are_kept_up_to_date() -> None:
    (found,) = documents(ROOT / ".github" / "dependabot.yml")
    folders = {folder for update in found["updates"] for folder in update["directories"]}
    for pattern in ("**/requirements*.txt", "**/build-requirements.txt", "**/package-lock.json"):
        for path in ROOT.glob(pattern):
            relative = path.relative_to(ROOT)
            if relative.parts[0] in (".github", "actions", "tests") and "data" not in relative.parts:
                assert f"/{relative.parent}" in folders, relative


def test_updates_wait_a_week() -> None:
    (found,) = documents(ROOT / ".github" / "dependabot.yml")
    assert all(update["cooldown"]["default-days"] >= 7 for update in found["updates"])


def test_written_parts_are_what_the_generator_writes() -> None:
    done = subprocess.run([sys.executable, "docs/make_shells.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), "make templates writes them anew"
