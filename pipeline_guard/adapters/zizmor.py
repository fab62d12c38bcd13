# SPDX-License-Identifier: Apache-2.0
"""zizmor, where it is installed: asked offline, its JSON read with limits."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline_guard.adapters.http import decoded
from pipeline_guard.errors import Unavailable

_LIMIT = 32 * 1024 * 1024  # bytes of its answer
_SECONDS = 120


class Zizmor:
    """The program beside our own Python, or on the path."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        beside = Path(sys.executable).parent / "zizmor"
        self._program = str(beside) if beside.is_file() else shutil.which("zizmor", path=environ.get("PATH")) or ""
        self._environ = {name: value for name, value in environ.items() if not name.startswith(("GH_", "GITHUB_", "ZIZMOR_"))}

    def look(self, root: str) -> Sequence[tuple[str, int, str, str, str]]:
        """Return its findings. Raises Unavailable where it is not there, or does not answer."""
        if not self._program:
            raise Unavailable("zizmor is not installed", "pip install zizmor")
        command = [self._program, "--offline", "--no-progress", "--no-config", "--no-exit-codes", "--format", "json-v1", "."]
        try:
            done = subprocess.run(
                command, cwd=root, env=self._environ, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired):
            raise Unavailable("zizmor did not answer", f"it was given {_SECONDS} seconds") from None
        if done.returncode == 3:  # nothing of a kind that it looks at
            return []
        if done.returncode != 0 or len(done.stdout) > _LIMIT:
            raise Unavailable(f"zizmor ended with {done.returncode}", "run it by hand: zizmor --offline .")
        return list(_read(decoded(done.stdout, "zizmor")))


def _read(document: Any) -> Iterator[tuple[str, int, str, str, str]]:
    if not isinstance(document, list):
        raise Unavailable("zizmor's answer is of an unknown form", "use release 1.32")
    for finding in document:
        try:
            place = next(each for each in finding["locations"] if each["symbolic"]["kind"] == "Primary")
            given = place["symbolic"]["key"]["Local"]["verbatim_path"]
            line = int(place["concrete"]["location"]["start_point"]["row"]) + 1
            path = os.path.normpath(str(given)).replace(os.sep, "/")
            yield path, line, str(finding["ident"]), str(finding["desc"]), str(finding["url"])
        except (KeyError, TypeError, ValueError, StopIteration):
            raise Unavailable("zizmor's answer is of an unknown form", "use release 1.32") from None
