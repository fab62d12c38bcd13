# SPDX-License-Identifier: Apache-2.0
"""Reading what a forge answered, of whatever form: a field is what it should be, or it is not there."""

from __future__ import annotations

from pipeline_guard.model.forge import ForgeFacts, Setting, SettingState


def table(value: object, *path: str) -> dict[str, object]:
    """Return the mapping at ``path``, {} where there is none."""
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def rows(value: object, *path: str) -> list[dict[str, object]]:
    """Return the mappings of the list at ``path``."""
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text(value: dict[str, object], name: str) -> str:
    """Return a field that is text, "" where it is none."""
    found = value.get(name)
    return found if isinstance(found, str) else ""


def is_told(facts: ForgeFacts, question: str) -> bool:
    """Tell whether there is an answer to look into."""
    return isinstance(facts.answers.get(question), (dict, list))


def unknown(facts: ForgeFacts, question: str, name: str, what: str) -> Setting:
    """Say that a setting could not be read, and why."""
    why = facts.silent.get(question, "the answer is of an unknown form")
    return Setting(name, SettingState.UNKNOWN, f"{what}: could not tell: {why}")


def switch(name: str, value: object, *, wanted: bool, ok: str, bad: str, fix: str) -> Setting:
    """Judge a setting that is on or off; a field that is missing could not be read with this token, or this tier lacks it."""
    if not isinstance(value, bool):
        return Setting(
            name, SettingState.UNKNOWN, f"{ok}: could not tell: the forge does not say it to this token, or this tier has no such setting"
        )
    if value is wanted:
        return Setting(name, SettingState.OK, ok)
    return Setting(name, SettingState.FIX, bad, fix)
