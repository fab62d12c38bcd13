# SPDX-License-Identifier: Apache-2.0
"""Where results go: every form to a file of its own, mistakes told before anything is done, ``-`` for standard output."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline_guard.errors import ExitCode

Guard = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("nothing here\n")
    return tmp_path


@pytest.mark.parametrize("verb", ["scan", "gate"])
def test_misspelt_form_is_no_file_name(verb: str, guard: Guard, folder: Path) -> None:
    done = guard(verb, "--output", "jsn=out.json", cwd=folder)
    assert done.code == ExitCode.USAGE
    assert "hint: did you mean json?" in done.err
    assert [path.name for path in folder.iterdir() if path.is_file()] == ["a.txt"]


def test_file_whose_name_has_an_equals_sign_can_be_named(guard: Guard, folder: Path) -> None:
    assert guard("scan", "--output", "json=a=b", cwd=folder).code == ExitCode.CLEAN
    assert guard("scan", "--output", "./c=d", cwd=folder).code == ExitCode.CLEAN
    assert json.loads((folder / "a=b").read_text())["schema"] == json.loads((folder / "c=d").read_text())["schema"]


@pytest.mark.parametrize("verb", ["scan", "gate", "report"])
@pytest.mark.parametrize("second", ["out", "./out", "x/../out"])
def test_two_forms_in_one_file_are_refused(verb: str, second: str, guard: Guard, folder: Path) -> None:
    done = guard(verb, "--output", "json=out", "--output", f"markdown={second}", cwd=folder)
    assert done.code == ExitCode.USAGE
    assert "--output names out twice" in done.err
    assert not (folder / "out").exists()


def test_dash_is_standard_output_and_no_file(guard: Guard, folder: Path) -> None:
    done = guard("scan", "--output", "json=-", "--output", "sarif=s.sarif", cwd=folder)
    assert json.loads(done.out)["schema"] == "pipeline-guard/scan-report/v1"
    assert sorted(path.name for path in folder.iterdir() if path.is_file()) == ["a.txt", "s.sarif"]
    assert guard("scan", "--format", "csv", "--output", "json=-", cwd=folder).code == ExitCode.USAGE
    assert guard("scan", "--output", "csv=-", "--output", "json=-", cwd=folder).code == ExitCode.USAGE


def test_dash_is_standard_output_where_there_is_one_form_only(guard: Guard, folder: Path) -> None:
    assert guard("keys", "create", "one", cwd=folder).code == ExitCode.CLEAN
    assert guard("keys", "export-public", "one", "--output", "-", cwd=folder).out.startswith("-----BEGIN PUBLIC KEY-----")
    assert guard("audit", "export", "--output", "-", cwd=folder).out.startswith('{"action":')
    assert not (folder / "-").exists()


def test_full_disk_is_unavailable_and_may_be_tried_again(guard: Guard, folder: Path) -> None:
    done = guard("scan", "--output", "json=/dev/full", cwd=folder)
    assert done.code == ExitCode.UNAVAILABLE
    assert "error: cannot write /dev/full: the disk is full" in done.err


@pytest.mark.parametrize(
    "words",
    [
        ("gate", "--base", ""),
        ("scan", "--range", ""),
        ("scan", "--baseline="),
        ("verify", "a.txt", "--key", ""),
        ("scan", "--exclude", "x", "--exclude", ""),
    ],
)
def test_empty_value_is_not_taken_for_none(words: tuple[str, ...], guard: Guard, folder: Path) -> None:
    done = guard(*words, cwd=folder)
    assert done.code == ExitCode.USAGE
    assert "the value is empty" in done.err


def test_empty_name_is_not_taken_for_the_whole_folder(guard: Guard, folder: Path) -> None:
    assert guard("scan", "", cwd=folder).code == ExitCode.USAGE
    assert guard("scan", "a.txt", "", cwd=folder).code == ExitCode.USAGE


def test_link_that_leads_nowhere_is_not_passed_over(guard: Guard, folder: Path) -> None:
    (folder / "link").symlink_to("nowhere")
    for words in (("link",), ("a.txt", "link")):
        done = guard("scan", *words, cwd=folder)
        assert (done.code, "link is a link that leads nowhere" in done.err) == (ExitCode.USAGE, True)
    assert guard("scan", cwd=folder).code == ExitCode.CLEAN
