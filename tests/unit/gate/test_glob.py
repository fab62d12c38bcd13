# SPDX-License-Identifier: Apache-2.0
"""Path patterns."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.glob import fixed_folder, matches, matching


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("a.txt", "a.txt"),
        ("./a.txt", "a.txt"),
        ("*.txt", "a.txt"),
        ("dist/*", "dist/a"),
        ("**/a.txt", "a.txt"),
        ("**/a.txt", "x/y/a.txt"),
        ("dist/**", "dist/x/y"),
        ("a?c", "abc"),
        ("a[1].txt", "a[1].txt"),
        ("a\nb*", "a\nbc"),
    ],
)
def test_pattern_matches(pattern: str, path: str) -> None:
    assert matches(path, pattern)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*.txt", "x/a.txt"),
        ("dist/*", "dist/x/y"),
        ("a.txt", "xa.txt"),
        ("a.txt", "a.txtx"),
        ("a.txt", "aXtxt"),
        ("a?c", "a/c"),
        ("dist/**", "dist"),
    ],
)
def test_pattern_matches_whole_paths_only(pattern: str, path: str) -> None:
    assert not matches(path, pattern)


def test_fixed_folder_ends_before_the_first_wildcard() -> None:
    assert [fixed_folder(pattern) for pattern in ("dist/*.whl", "a/b/c.txt", "a/*/c", "*.txt", "./x/y")] == ["dist", "a/b", "a", "", "x"]


FILES = {"dist/a.whl", "dist/a.whl.sigstore.json", "models/bert/w.bin", "models/bert/model.sig", "models/x.pt", "lone.sigstore.json"}


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("dist/*", ["dist/a.whl"]),
        ("models/*", ["models/bert", "models/x.pt"]),
        ("models/*/", ["models/bert"]),
        ("models/bert", ["models/bert"]),
        ("models/**", ["models/bert/model.sig", "models/bert/w.bin", "models/x.pt"]),
        ("*.json", ["lone.sigstore.json"]),
        ("none/*", []),
    ],
)
def test_a_pattern_means_files_and_folders_but_not_their_bundles(pattern: str, found: list[str]) -> None:
    assert matching(pattern, FILES, (".sigstore.json",)) == found


def test_the_named_bundle_is_no_artifact() -> None:
    assert matching("dist/*", {"dist/a", "dist/all.json"}, (), "dist/all.json") == ["dist/a"]
