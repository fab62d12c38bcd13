# SPDX-License-Identifier: Apache-2.0
"""dockerfile-remote."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.dockerfile_remote import check
from pipeline_guard.gate.dockerfile import parse
from tests.unit.gate.checking import SHA, failing


def remote(*instructions: str) -> list[tuple[str, int]]:
    return failing(check, parse("\n".join(["FROM scratch", *instructions]).encode(), "Dockerfile"))


@pytest.mark.parametrize(
    "source", ["https://h.example/a.tgz", "HTTP://h.example/a", "https://h.example/o/r.git#main", "git@h.example:o/r.git"]
)
def test_an_address_without_a_checksum_fails(source: str) -> None:
    assert remote(f"ADD {source} /a") == [(f"ADD {source}", 2)]
    assert remote(f'ADD ["{source}", "/a"]') == [(f"ADD {source}", 2)]


@pytest.mark.parametrize(
    "instruction",
    [
        f"ADD --checksum=sha256:{'a' * 64} https://h.example/a /a",
        f"ADD https://h.example/o/r.git#{SHA} /a",
        "ADD own.tgz /a",
        "COPY https/ /a",
        "# ADD https://h.example/a /a",
    ],
)
def test_checksums_commits_and_own_files_pass(instruction: str) -> None:
    assert remote(instruction) == []
