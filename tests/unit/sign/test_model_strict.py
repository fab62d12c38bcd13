# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest

from pipeline_guard.errors import IntegrityError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.tree_entry import TreeEntry
from pipeline_guard.sign.model_strict import Strict, check_entries, check_links, empty_folders, executables, read_strict, strict_field

STRICT = Strict(frozenset({"run.sh"}), frozenset({"d/e"}), {".gitignore": Digest("sha256", "11" * 32)})


def entry(name: str, mode: int = 0o644, links: int = 1) -> TreeEntry:
    """A file, or a folder where the name ends with a slash."""
    return TreeEntry(name.rstrip("/"), name.endswith("/"), mode, links, (1, hash(name), 3, 4, 5))


def test_what_was_added_comes_back() -> None:
    assert read_strict(strict_field(STRICT), "m") == STRICT


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version", 2),
        ("version", True),
        ("version", None),
        ("executables", None),
        ("executables", [1]),
        ("empty_folders", {}),
        ("left_out", {}),
        ("left_out", [{}]),
        ("left_out", [{"name": "a", "algorithm": "sha256", "digest": "11"}]),
        ("left_out", [{"name": "a", "algorithm": "md5", "digest": "11" * 16}]),
        ("left_out", [{"name": 1, "algorithm": "sha256", "digest": "11" * 32}]),
        ("left_out", [{"name": "a", "algorithm": "sha256", "digest": "11" * 32}] * 2),
        ("more", 1),
    ],
)
def test_an_irregular_part_is_refused(field: str, value: Any) -> None:
    with pytest.raises(IntegrityError) as caught:
        read_strict({**strict_field(STRICT), field: value}, "m")
    assert caught.value.hint
    for wrong in ([], None, "x", {"version": 1}):
        with pytest.raises(IntegrityError):
            read_strict(wrong, "m")


@pytest.mark.parametrize(
    "names",
    [("README", "readme"), ("a/X", "a/x"), ("A/", "a"), ("\u00e9", "e\u0301"), ("STRASSE", "stra\u00dfe"), ("\u017f", "s"), ("A/", "a/")],
    ids=str,
)
def test_names_that_other_systems_take_for_one_are_refused(names: tuple[str, str]) -> None:
    with pytest.raises(IntegrityError, match="one name on other systems"):
        check_entries([entry(name) for name in names], "m")


def test_names_that_only_look_alike_may_stand_together() -> None:
    check_entries([entry(name) for name in ("a", "\u0430", "\u00e9", "e", "x/a", "y/a", "x/", "y/")], "m")


def test_files_that_run_as_their_owner_are_refused_and_sticky_folders_not() -> None:
    check_entries([entry("d/", 0o2755), entry("a", 0o1644)], "m")
    for mode in (0o4755, 0o2755):
        with pytest.raises(IntegrityError, match="a is set to run"):
            check_entries([entry("a", mode)], "m")


def test_a_second_name_of_a_file_is_refused() -> None:
    check_links([entry("d/", links=5), entry("a")], "m")
    with pytest.raises(IntegrityError, match="a has a second name"):
        check_links([entry("a", links=2)], "m")


def test_executable_is_a_file_that_anybody_may_execute() -> None:
    assert executables([entry("a", 0o645), entry("b", 0o644), entry("c/", 0o755), entry("d", 0o100)]) == {"a", "d"}


def test_a_folder_is_empty_if_no_file_is_anywhere_below() -> None:
    entries = [entry(name) for name in ("a/", "a/b/", "a/b/c", "d/", "d/e/", "f")]
    assert empty_folders(entries, ["a/b/c", "f"]) == {"d", "d/e"}
    assert empty_folders(entries, []) == {"a", "a/b", "d", "d/e"}
