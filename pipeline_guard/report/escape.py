# SPDX-License-Identifier: Apache-2.0
"""Text from strangers made fit to be shown: file names, authors and titles of rules may hold anything."""

from __future__ import annotations

_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str) -> str:
    """Write every character that does not print as an escape: controls, separators, bidi marks, lone surrogates.

    What comes back is one line, legal in XML 1.0 and encodable as UTF-8. A lone surrogate stands for a byte
    that was no UTF-8 (PEP 383) and becomes that byte's escape. ``##[`` is broken up: GitHub's runner obeys
    such a command anywhere in a line of a log (actions/runner, ActionCommand.TryParse).
    """
    text = text.replace("##[", "#\\x23[")
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _escape(character) for character in text)


def printable(text: str) -> str:
    """Return ``text`` on one line, whatever a file may be called."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _escape(character: str) -> str:
    number = ord(character)
    if character in _NAMED:
        return _NAMED[character]
    if 0xDC80 <= number <= 0xDCFF:
        return f"\\x{number - 0xDC00:02x}"
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def clip(text: str, limit: int) -> str:
    """Shorten ``text`` to at most ``limit`` characters, the last one telling that something is missing."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
