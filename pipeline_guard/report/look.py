# SPDX-License-Identifier: Apache-2.0
"""How text looks where it is shown: colour, width and characters. Nothing is told by colour alone."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from enum import Enum

_NARROWEST = 40  # columns; below that folding makes things worse
_ASCII = str.maketrans({"…": "...", "·": "-", "–": "-", "—": "-", "’": "'", "“": '"', "”": '"'})


class Tone(Enum):
    """What a piece of text is, as SGR parameters of ECMA-48; the sixteen colours that every theme of a terminal defines."""

    BAD = "1;31"
    DOUBT = "33"
    GOOD = "32"
    STRONG = "1"
    FAINT = "2"
    LINK = "36"


@dataclass(frozen=True, slots=True)
class Look:
    """What the place can show. ``width`` is its columns, 0 where lines need not be folded; ``verbose`` asks for every detail."""

    colour: bool = False
    unicode: bool = True
    width: int = 0
    verbose: bool = False

    def paint(self, text: str, tone: Tone | None) -> str:
        """Return ``text`` in a tone, as it is where there is no colour."""
        return f"\x1b[{tone.value}m{text}\x1b[0m" if self.colour and tone and text else text

    def fold(self, text: str, indent: str) -> str:
        """Break one line at spaces so that it fits; what follows is indented. Paths and commands stay whole."""
        if not self.width or len(text) <= self.width:
            return text
        width = max(self.width, _NARROWEST)
        return "\n".join(textwrap.wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False))

    def fit(self, text: str) -> str:
        """Return ``text`` in characters that can be shown: where that is ASCII only, others as escapes."""
        return text if self.unicode else text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")

    def cut(self, text: str, columns: int) -> str:
        """Shorten ``text`` to ``columns``, its end telling that something is missing."""
        return text if len(text) <= columns else text[: max(columns - 1, 0)] + ("…" if self.unicode else "~")


PLAIN = Look()
