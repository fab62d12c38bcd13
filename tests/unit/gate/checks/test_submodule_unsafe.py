# SPDX-License-Identifier: Apache-2.0
"""submodule-unsafe."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.build_file import submodules
from pipeline_guard.gate.checks.submodule_unsafe import check
from tests.unit.gate.checking import failing


def entry(*pairs: str) -> list[tuple[str, int]]:
    text = '# c\n[submodule "a"]\n' + "".join(f"\t{pair}\n" for pair in pairs)
    return failing(check, submodules(text.encode(), ".gitmodules"))


@pytest.mark.parametrize(
    "pairs",
    [
        ("path = a", "url = http://h.example/a"),
        ("path = a", "url = git://h.example/a"),
        ("path = a", "url = ext::sh -c x"),
        ("path = a", "url = -u./x"),
        ("path = ../a", "url = https://h.example/a"),
        ("path = a", "url = https://h.example/a", "update = !sh x"),
        ("path = a",),
    ],
)
def test_plain_transport_commands_and_paths_outside_fail(pairs: tuple[str, ...]) -> None:
    assert [line for _, line in entry(*pairs)] == [2]


@pytest.mark.parametrize("url", ["https://h.example/a.git", "../sibling.git", "git@h.example:o/r.git", "ssh://git@h.example/o/r"])
def test_protected_transport_passes(url: str) -> None:
    assert entry("path = third/a", f"url = {url}", "branch = main") == []
