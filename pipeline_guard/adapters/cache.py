# SPDX-License-Identifier: Apache-2.0
"""Files that can be made again, in a folder only the user can write."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline_guard.adapters.replace import replace


class FolderCache:
    """One file a name below ``folder`` (0700). A folder that others could write is not trusted."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)

    def get(self, name: str) -> bytes | None:
        """Return the content, None where there is none or it cannot be trusted."""
        try:
            status = self._folder.stat()
            if status.st_uid != os.getuid() or status.st_mode & 0o022:
                return None
            return (self._folder / name).read_bytes()
        except OSError:
            return None

    def put(self, name: str, content: bytes) -> None:
        """Keep ``content`` atomically; a cache that cannot be written is only slow."""
        temporary = ""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace(self._folder / name, content, durable=False)
        except OSError:
            if temporary:  # a full disk: nothing half-written stays behind
                Path(temporary).unlink(missing_ok=True)
