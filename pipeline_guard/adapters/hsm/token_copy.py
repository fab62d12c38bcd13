# SPDX-License-Identifier: Apache-2.0
"""A copy of the file that makes an embedded token a token, because SoftHSM may lose it.

SoftHSM 2.6 cuts ``token.object`` to nothing and writes it anew at every login; a process that is killed in between leaves it
empty, and the token, with every key in it, is no longer recognised (seen once in some hundred kills). The file holds the label,
the serial and the keys' key under the PIN; once the token is made, it stays the same. So we keep a copy, and put it back.
Every function is called under the token's lock: nobody is just logging in.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline_guard.adapters.home import write_private
from pipeline_guard.errors import Unavailable

_FILE = "token.object"


def is_any(home: Path) -> bool:
    """Tell whether there is a token, whole or not."""
    return any(_tokens(home))


def put_back(home: Path) -> None:
    """Put copies back where a token's own file is empty or gone."""
    for folder, copy in _tokens(home):
        if copy.exists() and not _size(folder / _FILE):
            write_private(str(folder / _FILE), copy.read_bytes())


def keep(home: Path) -> None:
    """Keep a copy of every token that is whole."""
    for folder, copy in _tokens(home):
        if _size(folder / _FILE):
            content = (folder / _FILE).read_bytes()
            if not copy.exists() or copy.read_bytes() != content:
                write_private(str(copy), content)


def refuse_to_replace(home: Path) -> None:
    """Raise Unavailable where there is a token that is not recognised: another one beside it would hide what is lost."""
    for folder, copy in _tokens(home):
        if copy.exists() or any(path.name != _FILE for path in folder.glob("*.object")):
            raise Unavailable(
                f"the embedded token is damaged: SoftHSM does not recognise {folder}",
                "restore the folder tokens from a backup; to begin anew on purpose, move the whole home folder away",
            )


def _tokens(home: Path) -> Iterator[tuple[Path, Path]]:
    tokens = home / "tokens"
    for folder in sorted(tokens.iterdir()) if tokens.is_dir() else []:
        if folder.is_dir():
            yield folder, home / f"token-{folder.name}.object"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
