# SPDX-License-Identifier: Apache-2.0
"""The actions and templates of this version: of the checkout that the program runs from, else those packed into the package.

An installed package has no ``actions/`` beside it, so `docs/pack_shells.py` writes them all into ``shells.json``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

FOLDERS = ("actions", "gitlab-templates", "templates")
_SUFFIXES = frozenset((".yml", ".sh", ".cjs"))  # what is read or run; the set-up's own needs are not
PACKED = Path(__file__).with_name("shells.json")


def gather(root: Path) -> dict[str, str]:
    """Return every shell of a checkout, by path."""
    files = sorted(path for folder in FOLDERS for path in (root / folder).rglob("*") if path.suffix in _SUFFIXES and path.is_file())
    files += [root / "action.yml"] * (root / "action.yml").is_file()
    return {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in files}


class PackagedShells:
    """Reads the shells once."""

    @cached_property
    def _files(self) -> Mapping[str, str]:
        root = Path(__file__).resolve().parents[2]
        if (root / "actions" / "_setup" / "setup.sh").is_file() and (root / "pyproject.toml").is_file():
            return gather(root)
        found: dict[str, str] = json.loads(PACKED.read_text("utf-8"))
        return found

    def paths(self) -> Sequence[str]:
        """Return all paths."""
        return list(self._files)

    def read(self, path: str) -> bytes | None:
        """Return a file, None where there is none."""
        content = self._files.get(path)
        return None if content is None else content.encode()
