# SPDX-License-Identifier: Apache-2.0
"""How a repository is set up at its forge, as text and JSON: what is to be mended first, then what could not be told."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pipeline_guard.model.forge import ForgeFacts, Setting, SettingState
from pipeline_guard.report.escape import visible

SCHEMA = "pipeline-guard/forge-settings/v1"
_ORDER = (SettingState.FIX, SettingState.UNKNOWN, SettingState.OK)
_WORDS = {SettingState.FIX: "fix", SettingState.UNKNOWN: "could not tell", SettingState.OK: "ok"}


def text(facts: ForgeFacts, settings: Sequence[Setting]) -> str:
    """Return one line a setting, and the way to mend it below."""
    lines = [f"{facts.forge} {visible(facts.repository)}, branch {visible(facts.branch)}"]
    for setting in _sorted(settings):
        lines.append(f"{setting.state.value:<8} {setting.id:<22} {visible(setting.what)}")
        if setting.fix:
            lines.append(f"{'':<31} fix: {visible(setting.fix)}")
    counts = [(sum(setting.state is state for setting in settings), _WORDS[state]) for state in _ORDER]
    return "\n".join([*lines, ", ".join(f"{count} {word}" for count, word in counts)])


def document(facts: ForgeFacts, settings: Sequence[Setting]) -> str:
    """Return everything as one JSON document."""
    found = {
        "schema": SCHEMA,
        "forge": facts.forge,
        "repository": facts.repository,
        "branch": facts.branch,
        "settings": [
            {"id": setting.id, "state": setting.state.value, "what": visible(setting.what), "fix": visible(setting.fix)}
            for setting in _sorted(settings)
        ],
    }
    return json.dumps(found, indent=2)


def _sorted(settings: Sequence[Setting]) -> list[Setting]:
    return sorted(settings, key=lambda setting: _ORDER.index(setting.state))
