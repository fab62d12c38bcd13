# SPDX-License-Identifier: Apache-2.0
"""Small tables and JSON documents for lists of facts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.wiring import Wiring


def show(kind: str, rows: Sequence[Mapping[str, object]], args: Args, wiring: Wiring, *, none: str) -> None:
    """Print rows as a table, or as one JSON document of ``kind``; ``none`` is said where there are none."""
    if args.text("format") == "json":
        name = kind.rpartition("-")[0] or kind
        wiring.console.data(json.dumps({"schema": f"pipeline-guard/{kind}/v1", name + "s": [dict(row) for row in rows]}, indent=2))
        return
    if not rows:
        wiring.console.talk(none)
        return
    titles = list(rows[0])
    cells = [[str(row[title]) for title in titles] for row in rows]
    widths = [max(len(title), *(len(line[column]) for line in cells)) for column, title in enumerate(titles)]
    lines = ["  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip() for line in [titles, *cells]]
    wiring.console.data("\n".join(lines))


def show_one(kind: str, facts: Mapping[str, object], args: Args, wiring: Wiring) -> None:
    """Print one thing's facts, a line each, or as one JSON document of ``kind``."""
    if args.text("format") == "json":
        wiring.console.data(json.dumps({"schema": f"pipeline-guard/{kind}/v1", **facts}, indent=2))
        return
    width = max(len(name) for name in facts)
    wiring.console.data("\n".join(f"{name.ljust(width)}  {value}" for name, value in facts.items()))
