# SPDX-License-Identifier: Apache-2.0
"""Rule packs: the YAML files that ship with the package, then the user's files and folders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline_guard.adapters.files import LocalFiles
from pipeline_guard.errors import UsageError

_LIMIT = 4 * 1024 * 1024
_SHIPPED = Path(__file__).parent.parent / "scan" / "rulepacks"


class PackagedRules:
    """What ships, then ``paths``: a file, or every ``*.yml``, ``*.yaml`` and ``*.toml`` of a folder, by name.

    ``given`` are packs that were read already, for example as they are in the merge target.
    """

    def __init__(self, paths: Sequence[str] = (), given: Sequence[tuple[str, bytes]] = ()) -> None:
        self._paths = paths
        self._given = given

    def texts(self) -> Iterator[tuple[str, bytes]]:
        """Give (name, content) of each pack; raise UsageError where a path is missing or a folder has none."""
        for path in sorted(_SHIPPED.glob("*.yml")):
            yield f"rulepacks/{path.name}", path.read_bytes()
        yield from self._given
        files = LocalFiles()
        for name in self._paths:
            if Path(name).is_dir():
                found = sorted(path for path in Path(name).iterdir() if path.suffix in (".yml", ".yaml", ".toml"))
                if not found:
                    raise UsageError(
                        f"no rule packs in {name}", "a rule pack is a file ending in .yml or .yaml, or .toml for rules of gitleaks"
                    )
                for path in found:
                    yield f"./{path}" if not path.is_absolute() else str(path), files.read(str(path), _LIMIT)
            else:
                yield f"./{name}" if not Path(name).is_absolute() else name, files.read(name, _LIMIT)
