# SPDX-License-Identifier: Apache-2.0
"""A doctor's lines as text and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline_guard.model.diagnosis import Diagnosis, Health
from pipeline_guard.report.as_json import dump
from pipeline_guard.report.escape import clip, visible
from pipeline_guard.report.look import PLAIN, Look, Tone

SCHEMA = "pipeline-guard/diagnosis/v1"
_TONES = {Health.OK: Tone.GOOD, Health.FIX: Tone.BAD, Health.UNKNOWN: Tone.DOUBT}
_MARGIN = " " * 24


def text(lines: Sequence[Diagnosis], settings: Mapping[str, str], look: Look = PLAIN) -> str:
    """Return a line for each diagnosis, its fix below it; where each setting comes from only when asked for; the counts last."""
    shown = []
    for line in lines:
        said = look.fold(f"{line.health.value:<7}  {line.area:<13}  {visible(clip(line.what, 500))}", _MARGIN)
        shown.append(look.paint(line.health.value, _TONES[line.health]) + said[len(line.health.value) :])
        if line.fix:
            shown.append(look.paint(look.fold(f"{_MARGIN}fix: {visible(clip(line.fix, 500))}", f"{_MARGIN}     "), Tone.LINK))
    if look.verbose:
        shown += ["", "settings"] + [look.fold(f"  {name} = {visible(value)}", "      ") for name, value in settings.items()]
    counts = {health: sum(line.health is health for line in lines) for health in Health}
    total = f"{counts[Health.OK]} in order, {counts[Health.FIX]} to fix, {counts[Health.UNKNOWN]} unknown"
    worst = Health.FIX if counts[Health.FIX] else Health.UNKNOWN if counts[Health.UNKNOWN] else Health.OK
    return look.fit("\n".join([*shown, "", look.paint(total, _TONES[worst])]) + "\n")


def document(lines: Sequence[Diagnosis], settings: Mapping[str, str]) -> str:
    """Return everything as one document."""
    rows = [{"area": line.area, "health": line.health.value, "what": line.what, "fix": line.fix} for line in lines]
    return dump({"schema": SCHEMA, "lines": rows, "settings": dict(settings)}) + "\n"
