# SPDX-License-Identifier: Apache-2.0
"""updater-executes."""

from __future__ import annotations

from pipeline_guard.gate.build_file import dependabot
from pipeline_guard.gate.checks.updater_executes import check
from tests.unit.gate.checking import failing


def test_code_of_packages_in_the_updater_fails() -> None:
    text = "updates:\n  - package-ecosystem: pip\n    insecure-external-code-execution: VALUE\n"
    assert len(failing(check, dependabot(text.replace("VALUE", "allow").encode(), "d.yml"))) == 1
    assert failing(check, dependabot(text.replace("VALUE", "deny").encode(), "d.yml")) == []
