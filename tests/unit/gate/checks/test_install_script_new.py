# SPDX-License-Identifier: Apache-2.0
"""install-script-new."""

from __future__ import annotations

from pipeline_guard.gate.checks.install_script_new import RULE
from pipeline_guard.gate.manifest.project import LockChange
from tests.unit.gate.checks.deps import change, sample, whats

SCRIPT = ('"version": "1.3.0"', '"version": "1.3.1",\n      "hasInstallScript": true')


def test_a_script_that_was_not_there_fails() -> None:
    assert whats(RULE, change("package-lock.json", SCRIPT)) == ["left-pad 1.3.1"]


def test_a_script_that_was_there_before_passes() -> None:
    before = sample("package-lock.json", ('"version": "1.3.0"', '"version": "1.3.0",\n      "hasInstallScript": true'))
    assert whats(RULE, LockChange("package-lock.json", sample("package-lock.json", SCRIPT), before)) == []


def test_without_a_lock_to_compare_with_nothing_is_new() -> None:
    assert whats(RULE, LockChange("package-lock.json", sample("package-lock.json", SCRIPT))) == []
    assert whats(RULE, LockChange("package-lock.json", sample("package-lock.json", SCRIPT), sample("npm-shrinkwrap.json"))) == []


def test_a_composer_plugin_is_one() -> None:
    assert whats(RULE, change("composer.lock", ('"type": "library"', '"type": "composer-plugin"'))) == ["psr/log 3.0.0"]
