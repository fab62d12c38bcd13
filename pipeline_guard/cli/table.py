# SPDX-License-Identifier: Apache-2.0
"""Small tables and JSON documents for lists of facts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.look import look_of
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.report.escape import visible
from pipeline_guard.report.look import Look, Tone

_GAP = "  "
_NARROWEST = 8  # columns that a cell keeps
_TONES = {
    "active": Tone.GOOD,
    "ok": Tone.GOOD,
    "suspended": Tone.DOUBT,
    "pre-activation": Tone.DOUBT,
    "deactivated": Tone.FAINT,
    "destroyed": Tone.FAINT,
    "compromised": Tone.BAD,
    "denied": Tone.BAD,
}


def show(kind: str, rows: Sequence[Mapping[str, object]], args: Args, wiring: Wiring, *, none: str) -> None:
    """Print rows as a table, or as one JSON document of ``kind``; ``none`` is said where there are none."""
    if args.text("format") == "json":
        name = kind.rpartition("-")[0] or kind
        wiring.console.data(json.dumps({"schema": f"pipeline-guard/{kind}/v1", name + "s": [dict(row) for row in rows]}, indent=2))
        return
    if not rows:
        wiring.console.talk(none)
        return
    wiring.console.data(table(rows, look_of(args, wiring)))


def table(rows: Sequence[Mapping[str, object]], look: Look) -> str:
    """Return rows below their titles; on a terminal too narrow for them the widest cells are cut, elsewhere never."""
    titles = list(rows[0])
    cells = [[visible(str(row[title])) for title in titles] for row in rows]
    widths = [max(len(title), *(len(line[column]) for line in cells)) for column, title in enumerate(titles)]
    while look.width and sum(widths) + len(_GAP) * (len(widths) - 1) > look.width and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    lines = [_row(titles, widths, look, [Tone.STRONG] * len(titles))]
    lines += [_row(line, widths, look, [_tone(word) for word in line]) for line in cells]
    return look.fit("\n".join(lines))


def _tone(word: str) -> Tone | None:
    if word.endswith(" now"):  # something is overdue
        return Tone.DOUBT
    return _TONES.get(word.partition(" ")[0])


def _row(words: Sequence[str], widths: Sequence[int], look: Look, tones: Sequence[Tone | None]) -> str:
    shown = [look.cut(word, width) for word, width in zip(words, widths, strict=True)]
    filled = [" " * (width - len(word)) for word, width in zip(shown, widths, strict=True)]
    painted = [look.paint(word, tone) + space for word, tone, space in zip(shown, tones, filled, strict=True)]
    return _GAP.join(painted).rstrip()


def show_one(kind: str, facts: Mapping[str, object], args: Args, wiring: Wiring) -> None:
    """Print one thing's facts, a line each, or as one JSON document of ``kind``."""
    if args.text("format") == "json":
        wiring.console.data(json.dumps({"schema": f"pipeline-guard/{kind}/v1", **facts}, indent=2))
        return
    width = max(len(name) for name in facts)
    wiring.console.data("\n".join(f"{name.ljust(width)}  {value}" for name, value in facts.items()))
