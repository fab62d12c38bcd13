# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io

import pytest

from pipeline_guard.cli.look import look_at
from pipeline_guard.cli.table import table
from pipeline_guard.report.look import Look


class Screen(io.TextIOWrapper):
    """A terminal, as far as isatty tells."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding)

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("terminal", "choice", "environ", "colour"),
    [
        (True, "auto", {"TERM": "xterm"}, True),
        (True, "auto", {"TERM": "dumb"}, False),
        (True, "auto", {"NO_COLOR": "1"}, False),
        (True, "auto", {"NO_COLOR": ""}, True),
        (True, "never", {"FORCE_COLOR": "1"}, False),
        (False, "auto", {}, False),
        (False, "auto", {"FORCE_COLOR": "1"}, True),
        (False, "auto", {"FORCE_COLOR": "0"}, False),
        (False, "auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (False, "always", {"NO_COLOR": "1"}, True),
    ],
)
def test_the_flag_wins_over_the_environment_and_that_over_the_stream(
    terminal: bool, choice: str, environ: dict[str, str], colour: bool
) -> None:
    stream = Screen() if terminal else io.TextIOWrapper(io.BytesIO(), "utf-8")
    assert look_at(stream, choice, environ).colour is colour


def test_only_a_terminal_folds_lines_and_only_one_without_utf8_gets_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "72")
    assert look_at(Screen(), "auto", {}).width == 72
    assert look_at(io.TextIOWrapper(io.BytesIO(), "ascii"), "auto", {}) == Look()
    assert not look_at(Screen("ascii"), "auto", {}).unicode
    assert look_at(None, "auto", {}) == Look()


ROWS = [{"name": "release", "state": "active", "next": "rotate now"}, {"name": "a" * 80, "state": "compromised", "next": "-"}]


def test_a_table_off_a_terminal_is_never_cut() -> None:
    lines = table(ROWS, Look()).splitlines()
    assert lines[0] == "name" + " " * 78 + "state        next"
    assert "a" * 80 in lines[2]


def test_a_table_on_a_narrow_terminal_cuts_its_widest_cells_and_says_so() -> None:
    lines = table(ROWS, Look(width=50)).splitlines()
    assert max(map(len, lines)) <= 50
    assert "aaa\u2026  compromised" in lines[2]
    assert "aaa~  compromised" in table(ROWS, Look(width=50, unicode=False))


def test_a_table_too_narrow_for_anything_still_ends() -> None:
    assert table([{str(column): "x" * 30 for column in range(40)}], Look(width=10))


def test_a_cell_cannot_command_the_terminal() -> None:
    assert "\x1b" not in table([{"name": "\x1b[2J"}], Look())
