# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

from pipeline_guard.adapters.shells import PACKED, PackagedShells, gather
from tests.shells.reading import ROOT


def test_packed_shells_are_those_of_the_checkout() -> None:
    assert json.loads(PACKED.read_text("utf-8")) == gather(ROOT), "make templates"


def test_checkout_comes_first_and_everything_is_readable() -> None:
    shells = PackagedShells()
    assert {
        "actions/scan/action.yml",
        "actions/_setup/run.sh",
        "actions/inject/launch.cjs",
        "gitlab-templates/scan.yml",
        "templates/scan.yml",
    } <= set(shells.paths())
    assert all(shells.read(path) for path in shells.paths())
    assert shells.read("actions/none/action.yml") is None
