# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from pipeline_guard.rehearse.triggers import chosen, starts


@pytest.mark.parametrize(
    ("patterns", "name", "found"),
    [
        (("main",), "main", True),
        (("main",), "mainline", False),
        (("*",), "a/b", False),
        (("**",), "a/b", True),
        (("releases/**",), "releases/1/2", True),
        (("**/docs/**",), "docs/a.md", True),
        (("*.js",), "a.js", True),
        (("v[12].[0-9]+.[0-9]+",), "v1.10.3", True),
        (("v[12].[0-9]+.[0-9]+",), "v3.1.1", False),
        (("colou?r",), "color", True),
        (("**", "!docs/**"), "docs/a", False),
        (("!docs/**", "**"), "docs/a", True),
        (("a.b",), "axb", False),
        ((r"a\*",), "a*", True),
        (("[z-a]",), "[z-a]", True),  # no range: as it is written
        (("(+",), "(+", False),
    ],
)
def test_patterns_choose_as_the_forge_does(patterns: tuple[str, ...], name: str, found: bool) -> None:
    assert chosen(patterns, name) is found


@pytest.mark.parametrize(
    ("filters", "branch", "tag", "changed", "why"),
    [
        ({}, "main", "", None, ""),
        ({"branches": ("main",)}, "dev", "", None, "branches"),
        ({"branches-ignore": ("dev",)}, "dev", "", None, "branches-ignore"),
        ({"branches": ("**",)}, "", "v1", None, "branches"),
        ({"branches": ("**",), "tags": ("v*",)}, "", "v1", None, ""),
        ({"paths": ("src/**",)}, "main", "", ("doc/a",), "paths"),
        ({"paths": ("src/**",)}, "main", "", None, ""),
        ({"paths-ignore": ("doc/**",)}, "main", "", ("doc/a", "doc/b"), "paths-ignore"),
        ({"paths-ignore": ("doc/**",)}, "main", "", ("doc/a", "src/b"), ""),
        ({"paths": ("src/**",)}, "", "v1", ("doc/a",), ""),
    ],
)
def test_filters_stop_an_event_and_say_which(
    filters: dict[str, tuple[str, ...]], branch: str, tag: str, changed: tuple[str, ...] | None, why: str
) -> None:
    assert starts(filters, branch=branch, tag=tag, changed=changed) == why
