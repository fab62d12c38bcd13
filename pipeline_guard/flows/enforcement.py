# SPDX-License-Identifier: Apache-2.0
"""doctor --forge: the forge's settings -> which ways round the gate they leave open."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline_guard.gate.enforcement import github, gitlab
from pipeline_guard.model.forge import ForgeFacts, Setting
from pipeline_guard.ports import ForgeSettings


def examine_forge(branch: str, check: str, *, settings: ForgeSettings) -> tuple[ForgeFacts, Sequence[Setting]]:
    """Return what was read and each line of the examination. Raises Denied or Unavailable where the repository is not shown at all."""
    facts = settings.facts(branch)
    examine = github.examine if facts.forge == "github" else gitlab.examine
    return facts, examine(facts, check)
