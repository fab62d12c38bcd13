# SPDX-License-Identifier: Apache-2.0
"""More ways round the gate, each tried with a lock whose wheel comes from a foreign host: no change turns that green."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PROJECT = '[project]\nname = "shop"\nversion = "0.1.0"\ndependencies = ["idna>=3"]\n'
GOOD = """version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "idna"
version = "3.10"
source = { registry = "https://pypi.org/simple" }
wheels = [
    { url = "https://files.pythonhosted.org/packages/aa/bb/idna-3.10-py3-none-any.whl", hash = "sha256:HEX", size = 70442 },
]

[[package]]
name = "shop"
version = "0.1.0"
source = { virtual = "." }
dependencies = [{ name = "idna" }]

[package.metadata]
requires-dist = [{ name = "idna", specifier = ">=3" }]
""".replace("HEX", "9" * 64)
BAD = GOOD.replace("files.pythonhosted.org/packages/aa/bb", "files.evil.example")
SHA = "0123456789abcdef0123456789abcdef01234567"
LINKED = GOOD.replace('dependencies = [{ name = "idna" }]', 'dependencies = [{ name = "idna" }, { name = "lib" }]').replace(
    'specifier = ">=3" }]', 'specifier = ">=3" }, { name = "lib", directory = "lib" }]'
)


class Place:
    """A repository whose merge target is clean."""

    def __init__(self, guard: Callable[..., Any], repository: Any) -> None:
        self.guard, self.repository, self.path = guard, repository, repository.path
        self.git = repository.git
        repository.commit("start", {"pyproject.toml": PROJECT, "uv.lock": GOOD, "readme.txt": "x"})
        self.git("switch", "-q", "-c", "topic")

    def write(self, files: dict[str, str | bytes]) -> None:
        for path, content in files.items():
            place = Path(self.path) / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(self, files: dict[str, str | bytes]) -> None:
        self.write(files)
        self.git("add", "-A", "-f")
        self.git("commit", "-q", "--allow-empty", "-m", "change")


@pytest.fixture
def place(guard: Callable[..., Any], repository: Any) -> Place:
    return Place(guard, repository)


def a_lock_in_another_case(place: Place) -> None:
    place.git("mv", "uv.lock", "UV.lock")
    place.commit({"UV.lock": BAD})


def a_lock_moved_with_its_manifest(place: Place) -> None:
    place.git("mv", "uv.lock", "readme.lock")
    place.commit({"sub/uv.lock": BAD, "sub/pyproject.toml": PROJECT})


def a_lock_that_a_script_puts_in_place(place: Place) -> None:
    place.commit({"locks/prod.lock": BAD})


def a_lock_that_is_a_link_within(place: Place) -> None:
    (place.path / "uv.lock").unlink()
    (place.path / "uv.lock").symlink_to("data.txt")
    place.commit({"data.txt": BAD})


def a_folder_that_is_a_link(place: Place) -> None:
    place.write({"real/uv.lock": BAD, "real/pyproject.toml": PROJECT})
    (place.path / "app").symlink_to("real")
    place.commit({})


def a_lock_elsewhere_by_lfs(place: Place) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 12345\n"
    place.commit({"uv.lock": pointer, ".gitattributes": "uv.lock filter=lfs diff=lfs merge=lfs -text\n"})


def attributes_of_export_and_line_ends(place: Place) -> None:
    place.commit({".gitattributes": "uv.lock export-ignore eol=crlf -diff\n", "uv.lock": BAD})


def a_lock_that_git_is_told_to_ignore(place: Place) -> None:
    place.commit({".gitignore": "svc/\n", "svc/uv.lock": BAD, "svc/pyproject.toml": PROJECT})


def a_mark_of_byte_order(place: Place) -> None:
    place.commit({"uv.lock": b"\xef\xbb\xbf" + BAD.encode()})


def another_encoding(place: Place) -> None:
    place.commit({"uv.lock": BAD.encode("utf-16")})


def a_nul_in_a_comment(place: Place) -> None:
    place.commit({"uv.lock": BAD.encode() + b"\n# \0\n"})


def sixty_folders_deep(place: Place) -> None:
    place.commit({"/".join(["d"] * 60) + "/uv.lock": BAD})


def a_name_of_quotes_and_blanks(place: Place) -> None:
    place.commit({'a"\t\\/uv.lock': BAD, 'a"\t\\/pyproject.toml': PROJECT})


def another_blob_in_its_place(place: Place) -> None:
    place.commit({"uv.lock": BAD})
    place.git("replace", place.git("rev-parse", "HEAD:uv.lock"), place.git("rev-parse", "main:uv.lock"))


def another_merge_target_in_its_place(place: Place) -> None:
    place.commit({"uv.lock": BAD})
    place.git("replace", place.git("rev-parse", "main"), place.git("rev-parse", "HEAD"))


def objects_of_another_store(place: Place) -> None:
    place.commit({"uv.lock": BAD})
    store = place.path / ".git" / "objects"
    store.rename(place.path / ".git" / "elsewhere")
    (store / "info").mkdir(parents=True)
    (store / "info" / "alternates").write_text(f"{place.path}/.git/elsewhere\n")


def a_sparse_checkout(place: Place) -> None:
    place.commit({"svc/uv.lock": BAD, "svc/pyproject.toml": PROJECT})
    place.git("sparse-checkout", "set", "nothing")
    assert not (place.path / "svc").exists()


def a_submodule_that_is_nowhere(place: Place) -> None:
    place.git("update-index", "--add", "--cacheinfo", f"160000,{SHA},vendor/x")
    place.git("commit", "-q", "-m", "change")


def a_member_outside_of_the_repository(place: Place) -> None:
    more = '\n[[package]]\nname = "evil"\nversion = "1"\nsource = { editable = "../evil" }\n'
    place.commit({"uv.lock": GOOD + more, "pyproject.toml": PROJECT + '[tool.uv.workspace]\nmembers = ["../evil"]\n'})


def a_folder_of_the_repository_that_leads_out(place: Place) -> None:
    (place.path / "lib").symlink_to("../../outside")
    package = '\n[[package]]\nname = "lib"\nversion = "1"\nsource = { directory = "lib" }\n'
    manifest = PROJECT.replace('["idna>=3"]', '["idna>=3", "lib"]') + '[tool.uv.sources]\nlib = { path = "lib" }\n'
    place.commit({"uv.lock": LINKED + package, "pyproject.toml": manifest})


def settings_of_git_that_hide_differences(place: Place) -> None:
    place.commit({"uv.lock": BAD})
    for name, value in (("diff.external", "true"), ("diff.renames", "copies"), ("core.ignorecase", "true"), ("core.fsmonitor", "true")):
        place.git("config", name, value)


def a_second_document_behind_an_empty_one(place: Place) -> None:
    package = "packages:\n  a@1.0.0:\n    resolution: {tarball: 'https://files.evil.example/a.tgz'}\n"
    place.commit({"pnpm-lock.yaml": f"lockfileVersion: '9.0'\n---\nlockfileVersion: '9.0'\n{package}", "package.json": json.dumps({})})


def a_policy_in_another_place(place: Place) -> None:
    text = "version: 1\ngate:\n  exclude: ['**']\n"
    place.commit({".pipeline-guard/policy/all.yml": text, ".pipeline-guard.yaml": text, "uv.lock": BAD})


ATTEMPTS = [
    a_lock_in_another_case, a_lock_moved_with_its_manifest, a_lock_that_a_script_puts_in_place, a_lock_that_is_a_link_within,
    a_folder_that_is_a_link, a_lock_elsewhere_by_lfs, attributes_of_export_and_line_ends, a_lock_that_git_is_told_to_ignore,
    a_mark_of_byte_order, another_encoding, a_nul_in_a_comment, sixty_folders_deep, a_name_of_quotes_and_blanks, another_blob_in_its_place,
    another_merge_target_in_its_place, objects_of_another_store, a_sparse_checkout, a_submodule_that_is_nowhere,
    a_member_outside_of_the_repository, a_folder_of_the_repository_that_leads_out, settings_of_git_that_hide_differences,
    a_second_document_behind_an_empty_one, a_policy_in_another_place,
]  # fmt: skip


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.__name__)
def test_attempt_is_red(place: Place, attempt: Callable[[Place], None]) -> None:
    attempt(place)
    done = place.guard("gate", "--base", "main", cwd=place.path)
    assert "Traceback" not in done.err
    assert done.code in (1, 6), f"{done.code}: {done.out} {done.err}"


def test_what_is_deleted_and_not_committed_yet_is_a_deletion(place: Place) -> None:
    (place.path / "readme.txt").unlink()
    assert place.guard("gate", "--base", "main", cwd=place.path).code == 0
    subprocess.run(["git", "-C", str(place.path), "commit", "-qam", "gone"], check=True)
    assert place.guard("gate", "--base", "main", cwd=place.path).code == 0


def test_folder_of_the_repository_behind_a_link_within_passes(place: Place) -> None:
    (place.path / "lib").symlink_to("packages/lib")
    package = '\n[[package]]\nname = "lib"\nversion = "1"\nsource = { directory = "lib" }\n'
    manifest = PROJECT.replace('["idna>=3"]', '["idna>=3", "lib"]') + '[tool.uv.sources]\nlib = { path = "lib" }\n'
    place.commit({"uv.lock": LINKED + package, "pyproject.toml": manifest, "packages/lib/x.py": ""})
    done = place.guard("gate", "--base", "main", cwd=place.path)
    assert done.code == 0, done.out
