# SPDX-License-Identifier: Apache-2.0
"""lock-downgraded."""

from __future__ import annotations

from pipeline_guard.gate.checks.lock_downgraded import RULE
from tests.unit.gate.checks.deps import change, whats

OLDER = (('"version": "1.3.0"', '"version": "1.2.0"'), ("left-pad-1.3.0", "left-pad-1.2.0"))
NEWER = (('"version": "6.0.3"', '"version": "6.0.4"'), ("kind-of-6.0.3", "kind-of-6.0.4"))


def test_going_back_fails_when_nothing_asks_for_it() -> None:
    assert whats(RULE, change("package-lock.json", *OLDER)) == ["left-pad from 1.3.0 to 1.2.0"]


def test_a_changed_manifest_or_another_update_explains_it() -> None:
    assert whats(RULE, change("package-lock.json", *OLDER, manifest_changed=True)) == []
    assert whats(RULE, change("package-lock.json", *OLDER, *NEWER)) == []


def test_updates_and_unchanged_locks_pass() -> None:
    assert whats(RULE, change("package-lock.json")) == []
    assert whats(RULE, change("package-lock.json", *NEWER)) == []


def test_versions_compare_as_numbers() -> None:
    assert whats(RULE, change("go.sum", ("v0.14.0", "v0.9.0"))) == ["golang.org/x/text from v0.14.0 to v0.9.0"]


def test_what_stands_behind_the_numbers_must_be_the_same() -> None:
    assert whats(RULE, change("gradle.lockfile", ("33.0.0-jre", "31.0-jre"))) == ["com.google.guava:guava from 33.0.0-jre to 31.0-jre"]
    assert whats(RULE, change("gradle.lockfile", ("33.0.0-jre", "31.0-android"))) == []
    assert whats(RULE, change(".terraform.lock.hcl", ("5.31.0", "4.0.0"))) != []
