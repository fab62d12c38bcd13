# SPDX-License-Identifier: Apache-2.0
"""Whether names of distribution files fit packages and versions."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.manifest.file_name import canonical, conda_fits, npm_fits, python_fits


@pytest.mark.parametrize(
    ("name", "version", "path", "exact", "fits"),
    [
        ("a", "1.0.0", "/a/-/a-1.0.0.tgz", True, True),
        ("@s/a", "1.0.0", "/@s/a/-/a-1.0.0.tgz", True, True),
        ("a", "1.0.0", "/npm/virtual/a/-/a-1.0.0.tgz", False, True),
        ("a", "1.0.0", "/a/-/0123abcd/a-1.0.0.tgz", False, True),
        ("@s/a", "1.0.0", "/@s/a/-/@s/a-1.0.0.tgz", False, True),
        ("a", "1.0.0+b", "/a/-/a-1.0.0.tgz", True, True),
        ("a", "1.0.0", "/a/1.0.0.tgz", False, None),
        ("", "1.0.0", "/a/-/a-1.0.0.tgz", False, None),
        ("a", "1.0.0", "/a/-/a-1.0.1.tgz", True, False),
        ("a", "1.0.0", "/evil/-/evil-1.0.0.tgz", True, False),
        ("a", "1.0.0", "/@evil/a/-/a-1.0.0.tgz", False, False),
        ("a", "1.0.0", "/npm/a/-/a-1.0.0.tgz", True, False),
        ("a", "1.0.0", "/a/-/../../evil/-/a-1.0.0.tgz", False, False),
        ("a", "1.0.0", "//a/-/a-1.0.0.tgz", False, False),
        ("a", "1.0.0", "/xa/-/a-1.0.0.tgz", False, False),
    ],
)
def test_tarballs_of_npm(name: str, version: str, path: str, exact: bool, fits: bool | None) -> None:
    assert npm_fits(name, version, path, exact=exact) is fits


@pytest.mark.parametrize(
    ("name", "version", "file", "fits"),
    [
        ("a-b", "1.0", "a_b-1.0-py3-none-any.whl", True),
        ("a-b", "1.0", "A.B-1.0.0-1-cp311-cp311-manylinux_2_17_x86_64.whl", True),
        ("a", "1.0+cu121", "a-1.0+cu121-cp311-cp311-linux_x86_64.whl", True),
        ("a", "1.0", "a-1.0.tar.gz", True),
        ("a-b", "1.0rc1", "a-b-1.0.rc1.zip", True),
        ("a", "1.0", "a-1.0.post1.tar.gz", False),
        ("a", "1.0", "a-1.1-py3-none-any.whl", False),
        ("a", "1.0", "b-1.0-py3-none-any.whl", False),
        ("a", "1.0", "b-1.0.tar.gz", False),
        ("a", "1.0", "v1.0.zip", None),
        ("a", "1.0", "a-1.0.exe", None),
        ("a", "1.0", "a.whl", None),
        ("", "1.0", "a-1.0.tar.gz", None),
    ],
)
def test_files_of_python(name: str, version: str, file: str, fits: bool | None) -> None:
    assert python_fits(name, version, file) is fits


@pytest.mark.parametrize(
    ("one", "other"),
    [("1.0", "1.0.0"), ("1.0a1", "1.0.alpha.1"), ("1.0-1", "1.0.post1"), ("v1.0", "1.0"), ("1.0.dev", "1.0.dev0"), ("1!1.0", "1!1")],
)
def test_equal_versions_have_one_form(one: str, other: str) -> None:
    assert canonical(one) == canonical(other) is not None


def test_different_versions_have_different_forms() -> None:
    forms = [canonical(text) for text in ("1.0", "1.1", "1.0a1", "1.0b1", "1.0rc1", "1.0.post1", "1.0.dev1", "1!1.0", "1.0+x")]
    assert len(set(forms)) == len(forms)
    assert canonical("not a version") is None


@pytest.mark.parametrize(
    ("file", "fits"),
    [
        ("zlib-1.2.13-h1_5.conda", True),
        ("zlib-1.2.13-h1_5.tar.bz2", True),
        ("evil-1.2.13-h1_5.conda", False),
        ("zlib-1.2.12-h1_5.conda", False),
        ("zlib.conda", None),
    ],
)
def test_packages_of_conda(file: str, fits: bool | None) -> None:
    assert conda_fits("zlib", "1.2.13", file) is fits
