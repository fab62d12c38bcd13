# SPDX-License-Identifier: Apache-2.0
"""Lock files as plain tables: decoded, bounded, strict; and the line on which a piece of their text stands.

Every function raises UsageError that begins with the path (and the line where it is known). Nothing is constructed but
texts, numbers, lists and mappings. YAML scalars stay texts, so that a version 1.10 does not become 1.1.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.manifest.block_yaml import read_block
from pipeline_guard.model.document import Node, as_text, parse_yaml_documents

MAX_BYTES = 32 * 1024 * 1024
_MAX_MISSES = 64  # searches in vain through a whole text, before lines are no longer looked for
_DUPLICATE = "a key that is there twice can be read in two ways; remove one of them"


def decode(content: bytes, path: str) -> str:
    """Return UTF-8 text without a byte order mark."""
    text = as_text(content, path, limit=MAX_BYTES, split="split the project", save="make it anew with its tool")
    if "\0" in text:
        raise UsageError(f"{path}:{text.count(chr(10), 0, text.index(chr(0))) + 1}: a NUL character", "make it anew with its tool")
    return text


def read_json(text: str, path: str) -> dict[str, Any]:
    """Read a JSON object."""

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(found)
        if len(table) != len(found):
            seen: set[str] = set()
            twice = next(key for key, _ in found if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            raise UsageError(f"{path}{_second(text, twice)}: the key {twice[:80]!r} is there twice", _DUPLICATE)
        return table

    def constant(word: str) -> Any:
        raise UsageError(f"{path}: {word} is not JSON")

    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    except RecursionError:
        raise UsageError(f"{path}: nested too deep") from None
    except UnicodeEncodeError:
        raise UsageError(f"{path}: half of a surrogate pair, which is no character") from None
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}:{error.lineno}: not valid JSON: {error.msg}") from None
    except ValueError:
        raise UsageError(f"{path}: not valid JSON: a number that is far too long") from None
    return Shape(path).table(value, "the file")


# Possessive, so that nothing is looked at twice: an unclosed text or comment reaches to its end, and JSON refuses it.
_COMMENTS = re.compile(r'"(?:[^"\\\n]|\\.)*+"?|//[^\n]*|/\*[\s\S]*?(?:\*/|\Z)')
_TRAILING = re.compile(r'"(?:[^"\\\n]|\\.)*+"?|,(?=\s*+[}\]])')


def read_jsonc(text: str, path: str) -> dict[str, Any]:
    """Read a JSON object with comments and trailing commas; line numbers stay as they are."""

    def blank(found: re.Match[str]) -> str:
        piece = found[0]
        return piece if piece.startswith('"') else re.sub(r"[^\n]", " ", piece)

    return read_json(_TRAILING.sub(blank, _COMMENTS.sub(blank, text)), path)


def _second(text: str, key: str) -> str:
    """Return ``:LINE`` of a key that the text holds twice as such; "" where it is not that plain."""
    places = [found.start() for found in re.finditer(re.escape(json.dumps(key, ensure_ascii=False)) + r"\s*:", text)]
    return f":{text.count(chr(10), 0, places[1]) + 1}" if len(places) == 2 else ""


def read_toml(text: str, path: str) -> dict[str, Any]:
    """Read a TOML document; the standard's own reader refuses duplicate keys."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise UsageError(f"{path}: nested too deep") from None
    except ValueError as error:
        found = re.search(r"\(at line (\d+)", str(error))
        what = re.sub(r"\s*\(at .*", "", str(error))[:120]
        raise UsageError(f"{path}{':' + found[1] if found else ''}: not valid TOML: {what}") from None


def read_yaml(text: str, path: str) -> list[dict[str, Any]]:
    """Read the documents of a YAML text, each a mapping whose scalars are texts (null is None)."""
    quick = read_block(text, path)
    if quick is not None:
        return [quick]
    return [Shape(path).table(_texts(node), "the file") for node in parse_yaml_documents(text.encode(), path)]


def _texts(node: Node) -> Any:
    if isinstance(node.value, dict):
        return {key: _texts(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [_texts(child) for child in node.value]
    return None if node.value is None else node.text


@dataclass(frozen=True, slots=True)
class Shape:
    """Access to values that must have a certain shape; absent ones are empty."""

    path: str

    def table(self, value: Any, what: str) -> dict[str, Any]:
        """Return a mapping."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise UsageError(f"{self.path}: {what[:80]} must be a mapping")
        return value

    def rows(self, value: Any, what: str) -> list[Any]:
        """Return a list."""
        if value is None:
            return []
        if not isinstance(value, list):
            raise UsageError(f"{self.path}: {what[:80]} must be a list")
        return value

    def tables(self, value: Any, what: str) -> Iterator[dict[str, Any]]:
        """Give the mappings of a list."""
        for row in self.rows(value, what):
            yield self.table(row, f"an entry of {what}")

    def word(self, value: Any, what: str) -> str:
        """Return a text; whole numbers count as texts."""
        if isinstance(value, str):
            return value
        if value is None:
            return ""
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise UsageError(f"{self.path}: {what[:80]} must be a text")

    def words(self, value: Any, what: str) -> list[str]:
        """Return a list of texts."""
        return [self.word(row, f"an entry of {what}") for row in self.rows(value, what)]

    def size(self, value: Any) -> int | None:
        """Return a whole number that is not negative, None for anything else."""
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}", value):
            return int(value)
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None

    def moment(self, value: Any) -> datetime | None:
        """Return an aware time, None for what is none."""
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                return None
        if not isinstance(value, datetime):
            return None
        return value if value.tzinfo else value.replace(tzinfo=UTC)

    def version(self, value: Any, known: str) -> str:
        """Return a format's version where the pattern ``known`` takes it."""
        text = "" if value is None else str(value)
        if not re.fullmatch(known, text):
            raise UsageError(
                f"{self.path}: format version {text[:20]!r} is not known", "update pipeline-guard, or make the file with an older tool"
            )
        return text


class Lines:
    """Line numbers of pieces that come in the order of the text: each search begins where the last one ended."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._misses = 0

    def find(self, *pieces: str) -> int:
        """Return the line of the first of ``pieces`` that is found; the line of the last success where none is."""
        for piece in pieces:
            if self._misses >= _MAX_MISSES:
                break
            at = self._text.find(piece, self._at)
            if at >= 0:
                self._line += self._text.count("\n", self._at, at)
                self._at = at
                return self._line
        else:
            self._misses += 1
        return self._line
