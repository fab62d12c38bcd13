# SPDX-License-Identifier: Apache-2.0
"""Regular expressions mean the same in every Python that we support.

Before Python 3.11.5 a possessive group loses its place where the last turn began and did not end (gh-106052): ``(?:a|bc)*+d`` and
``(?:ab)*+`` match what they should not, or not what they should. Debian 12 has 3.11.2. A turn of one character is sound, and so is
one of a character or an escape: where only the escape's second half is missing, nothing that may follow matches either.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "pipeline_guard"
SOUND = re.compile(r"\(\?:\[\^[^\]]*\]\+{0,2}\|\\\\\.\)\*\+")
POSSESSIVE = re.compile(r"\)(?:[*+?]|\{[0-9,]+\})\+|\(\?>")


def unsound(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if POSSESSIVE.search(SOUND.sub("", line))]


@pytest.mark.parametrize("kind", ["*.py", "*.yml"])
def test_no_possessive_group_whose_turn_can_end_half_way(kind: str) -> None:
    found = {str(path.relative_to(PACKAGE)): lines for path in sorted(PACKAGE.rglob(kind)) if (lines := unsound(path.read_text("utf-8")))}
    assert found == {}


@pytest.mark.parametrize("text", ["(?:ab)*+", "(?:a|bc)++", r"(?:x\0){8,}+", "(?>ab|a)", r"(?:[^*]|\*(?!/))*+"])
def test_planted_expression_is_caught(text: str) -> None:
    assert unsound(text) == [text]


@pytest.mark.parametrize("text", [r'"(?:[^"\\]++|\\.)*+"', r'"(?:[^"\\\n]|\\.)*+"', "[a-z]*+", " ++", "total += (a) + b"])
def test_sound_expression_is_left_alone(text: str) -> None:
    assert unsound(text) == []
