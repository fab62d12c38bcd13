# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pipeline_guard.gate.reach import reachable


def test_a_circle_ends_and_what_nothing_leads_to_stays_out() -> None:
    assert reachable(["a"], {"a": {"b"}, "b": {"c", "a"}, "d": {"a"}}) == {"a", "b", "c"}


def test_nothing_to_begin_with_reaches_nothing() -> None:
    assert reachable([], {"a": {"b"}}) == set()
