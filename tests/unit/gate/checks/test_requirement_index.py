# SPDX-License-Identifier: Apache-2.0
"""requirement-index."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.requirement_index import check
from pipeline_guard.gate.manifest.requirements import parse
from pipeline_guard.model.gate_settings import GateSettings


def failing(text: str) -> list[str]:
    return [problem.what for problem in check(parse(text.encode(), "requirements.txt"), GateSettings())]


@pytest.mark.parametrize(
    "text",
    [
        "--index-url https://pypi.org/simple",
        "-ihttps://${USER}:${PASS}@pypi.org/simple",
        "-f https://download.pytorch.org/whl",
        "-f ./wheels",
        "--no-index",
        "--require-hashes",
    ],
)
def test_one_index_over_tls_passes(text: str) -> None:
    assert failing(text) == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("-i http://h.example/simple", "--index-url without TLS"),
        ("-ihttps://h.example/simple", "--index-url names h.example, which is no allowed registry"),
        ("-f https://pypi.org@h.example/", "--find-links with a user name before the host"),
        ("--index-url=HTTP://h.example/simple", "--index-url without TLS"),
        ("--find-links http://h.example/", "--find-links without TLS"),
        ("--extra-index-url http://h.example/", "--extra-index-url without TLS"),
        ("--extra-index-url https://h.example/", "--extra-index-url"),
        ("--extra https://h.example/", "--extra-index-url"),
        ("--trusted-host h.example", "--trusted-host"),
    ],
)
def test_weaker_origins_fail(text: str, what: str) -> None:
    assert failing(text) == [what]
