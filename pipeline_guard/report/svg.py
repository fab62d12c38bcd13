# SPDX-License-Identifier: Apache-2.0
"""Plots drawn as SVG: bars in a row, and columns over time.

Colours come by class, from the page's style; numbers stand beside them in text.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline_guard.model.overview import Course, Tally
from pipeline_guard.report.element import Html, tag

_WIDE, _HIGH = 1000, 12  # units of a bar, which is stretched to its cell
_GAP = 3
# columns: the drawing, its margins, and how many lines of the grid
_W, _H, _LEFT, _TOP, _BOTTOM = 760, 230, 44, 12, 26
_GRID = 4


def bar(counts: Sequence[int], classes: Sequence[str], most: int) -> Html:
    """Return one stacked bar; ``most`` is what fills the whole width."""
    left, pieces = 0.0, []
    for count, name in zip(counts, classes, strict=True):
        width = count * _WIDE / max(most, 1)
        if count:
            pieces.append(tag("rect", class_=name, x=_short(left), y=0, width=_short(max(width - _GAP, _GAP)), height=_HIGH, rx=2))
            left += max(width, 2 * _GAP)
    return _drawing(pieces)


def meter(part: int, whole: int, name: str) -> Html:
    """Return how much of a whole is used; what is over it is cut at the end."""
    width = min(part / whole, 1.0) * _WIDE if whole else _WIDE
    track = tag("rect", class_="track", x=0, y=0, width=_WIDE, height=_HIGH, rx=2)
    return _drawing([track, tag("rect", class_=name, x=0, y=0, width=_short(max(width, 4)), height=_HIGH, rx=2)])


def _drawing(pieces: Sequence[Html]) -> Html:
    return tag("svg", *pieces, class_="bar", viewBox=f"0 0 {_WIDE} {_HIGH}", preserveAspectRatio="none", aria_hidden="true")


def columns(stretches: Sequence[Tally], classes: Sequence[str], series: Sequence[str], label: str, days: int = 0) -> Html:
    """Return stacked columns, one a tally, with a grid and a few names below; ``days`` is the width of one, 0 for no time."""
    most = max((tally.total for tally in stretches), default=0)
    top = _nice(max(most, 1))
    width, height = _W - _LEFT, _H - _TOP - _BOTTOM
    pieces = []
    for number in range(_GRID + 1):
        value = top * number / _GRID
        level = _TOP + height * (1 - number / _GRID)
        pieces.append(tag("line", class_="grid", x1=_LEFT, x2=_W, y1=_short(level), y2=_short(level)))
        pieces.append(tag("text", _number(value), class_="axis", x=_LEFT - 8, y=_short(level + 4), text_anchor="end"))
    step = width / max(len(stretches), 1)
    every = -(-len(stretches) // 6) if days else 1
    for place, tally in enumerate(stretches):
        x, y = _LEFT + place * step, float(_TOP + height)
        told = ", ".join(f"{count:,} {name}" for count, name in zip(tally.counts, series, strict=True) if count)
        group = [tag("title", f"{tally.label}: {told}")] if told else []
        for count, name in zip(tally.counts, classes, strict=True):
            if count:
                tall = max(count * height / top, 1.5)
                y -= tall
                wide = min(step * 0.78, 64.0)
                group.append(
                    tag("rect", class_=name, x=_short(x + (step - wide) / 2), y=_short(y), width=_short(wide), height=_short(tall), rx=1)
                )
        if group:
            pieces.append(tag("g", *group))
        if place % every == 0 and (place + every // 2 < len(stretches) or place == 0):
            pieces.append(tag("text", tally.label, class_="axis", x=_short(x + step / 2), y=_H - 8, text_anchor="middle"))
    drawing = tag("svg", tag("title", label), *pieces, class_="plot", viewBox=f"0 0 {_W} {_H}", role="img")
    return tag("div", drawing, class_="wide", role="region", aria_label=label, tabindex=0)


def course(told: Course, classes: Sequence[str], label: str) -> Html:
    """Return a course as columns over time."""
    return columns(told.stretches, classes, told.series, label, told.days)


def legend(names: Sequence[str], classes: Sequence[str], counts: Sequence[int]) -> Html:
    """Return what the colours mean, with the number of each."""
    swatch = [tag("svg", tag("rect", class_=name, width=12, height=12, rx=3), viewBox="0 0 12 12", aria_hidden="true") for name in classes]
    entries = [tag("li", mark, tag("span", f"{count:,} {name}")) for mark, name, count in zip(swatch, names, counts, strict=True) if count]
    return tag("ul", *entries, class_="legend")


def _nice(most: int) -> float:
    """Return the first of 4, 8, 20, 40, 80, 200 ... that is not below ``most``: a quarter of it is a round number."""
    unit = 4
    while True:
        for factor in (1, 2, 5):
            if unit * factor >= most:
                return unit * factor
        unit *= 10


def _number(value: float) -> str:
    if value >= 1_000_000:
        return f"{value / 1_000_000:g}M"
    return f"{value / 1000:g}k" if value >= 10_000 else f"{value:g}"


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
