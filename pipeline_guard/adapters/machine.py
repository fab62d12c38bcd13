# SPDX-License-Identifier: Apache-2.0
"""The machine we run on, as far as a doctor and a first set-up ask."""

from __future__ import annotations

import json
import os
import shutil
import stat
from importlib import metadata
from pathlib import Path

from pipeline_guard.errors import UsageError
from pipeline_guard.model.diagnosis import FolderFacts


class LocalMachine:
    """Folders, disks and installed packages of this machine."""

    def folder(self, path: str) -> FolderFacts:
        """Return what is known of a folder; one that is missing has the disk of its nearest parent."""
        place = Path(path)
        there = place.is_dir()
        while not place.is_dir() and place != place.parent:
            place = place.parent
        try:
            status, free = place.stat(), shutil.disk_usage(place).free
        except OSError:
            return FolderFacts(there, ours=False, mode=0, free=0, writable=False)
        return FolderFacts(there, status.st_uid == os.getuid(), stat.S_IMODE(status.st_mode), free, os.access(place, os.W_OK | os.X_OK))

    def package(self, name: str) -> str:
        """Return the installed version of a distribution, "" where it is not installed."""
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            return ""

    def commit(self) -> str:
        """Return the commit that this package was installed from, "" where nobody noted it (PEP 610)."""
        try:
            noted = json.loads(metadata.distribution("pipeline-guard").read_text("direct_url.json") or "{}")
            found = noted.get("vcs_info", {}).get("commit_id", "")
        except (metadata.PackageNotFoundError, ValueError, AttributeError):
            return ""
        return found if isinstance(found, str) else ""

    def prepare(self, path: str) -> None:
        """Make a folder and its parents; raise UsageError where that fails."""
        try:
            Path(path).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot make the folder {path}: {(error.strerror or 'error').lower()}", "check what is there") from None
