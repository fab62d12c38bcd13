# SPDX-License-Identifier: Apache-2.0
"""credentials-persisted."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.credentials_persisted import check
from tests.unit.gate.checking import failing, job


def steps(checkout: str = "v4", kept: str = "", upload: str = "v4", path: str = ".", hidden: str = "true") -> str:
    return (
        f"- uses: actions/checkout@{checkout}\n  with: {{persist-credentials: {kept}}}\n"
        f"- uses: actions/upload-artifact@{upload}\n  with:\n    path: {path}\n    include-hidden-files: {hidden}"
    )


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"path": "'${{ github.workspace }}'"},
        {"path": ".git", "hidden": "false"},
        {"upload": "v3", "hidden": "''"},
        {"path": "./"},
        {"kept": "true"},
    ],
)
def test_an_uploaded_token_fails(given: dict[str, str]) -> None:
    assert failing(check, job(steps(**given))) == [("the work tree with .git/config", 9)]


@pytest.mark.parametrize(
    "given",
    [
        {"kept": "false"},
        {"path": "dist"},
        {"hidden": "false"},
        {"hidden": "''"},
        {"checkout": "v6"},
        {"checkout": "v6.0.2"},
        {"path": ".github"},
    ],
)
def test_what_holds_no_token_passes(given: dict[str, str]) -> None:
    assert failing(check, job(steps(**given))) == []
