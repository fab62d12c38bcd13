# SPDX-License-Identifier: Apache-2.0
"""Pieces of HTML. Text is text until ``tag`` has escaped it; only what ``tag`` made is markup."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pipeline_guard.report.escape import clip, visible

_CELL = 300  # characters of one text
_NUMBERS = ("number", "times", "denied")  # columns that stand to the right
_EMPTY = frozenset({"meta", "input", "rect", "line", "circle", "path"})


@dataclass(frozen=True, slots=True)
class Html:
    """Markup that is safe as it is."""

    text: str


def tag(name: str, /, *children: Html | str, **attributes: str | float) -> Html:
    """Return an element. ``class_`` is the attribute class; other underscores are dashes; an attribute of "" stands without a value."""
    words = [name]
    for key, value in attributes.items():
        shown = html.escape(visible(str(value)), quote=True)
        attribute = key.rstrip("_").replace("_", "-")
        words.append(f'{attribute}="{shown}"' if shown else attribute)
    inner = "".join(child.text if isinstance(child, Html) else text(child).text for child in children)
    if name in _EMPTY and not inner:
        return Html(f"<{' '.join(words)}{'/' if name not in ('meta', 'input') else ''}>")
    return Html(f"<{' '.join(words)}>{inner}</{name}>")


def text(words: str) -> Html:
    """Return text that shows as it is, on one line and not without end."""
    return Html(html.escape(clip(visible(clip(words, _CELL)), _CELL), quote=True))


def join(pieces: Iterable[Html]) -> Html:
    """Return pieces one after the other, a line each."""
    return Html("\n".join(piece.text for piece in pieces))


def moment(time: datetime) -> Html:
    """Return a time in UTC, to the minute."""
    return tag("time", f"{time:%Y-%m-%d %H:%M}", datetime=time.isoformat(timespec="seconds"))


def table(caption: str, titles: Iterable[str], rows: Iterable[Html], **attributes: str) -> Html:
    """Return a table in a region that scrolls sideways, by the keyboard too."""
    head = tag("thead", tag("tr", *(tag("th", title, scope="col", class_="number" if title in _NUMBERS else "word") for title in titles)))
    inner = tag("table", tag("caption", caption, class_="hidden"), head, tag("tbody", *rows), **attributes)
    return tag("div", inner, class_="wide", role="region", aria_label=caption, tabindex=0)


def bounded(rows: Iterable[Html], limit: int, total: int, most: int, noun: str) -> tuple[list[Html], str]:
    """Take at most ``most`` rows of ``limit`` bytes together; say how many are left out, "" where none is."""
    taken: list[Html] = []
    for row in rows:
        limit -= len(row.text.encode("utf-8"))
        if limit < 0 or len(taken) == most:
            break
        taken.append(row)
    left = total - len(taken)
    return taken, f"{left:,} more {noun}: --format json has them all" if left else ""
