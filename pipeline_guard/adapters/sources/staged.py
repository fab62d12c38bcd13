# SPDX-License-Identifier: Apache-2.0
"""What the next commit would bring in."""

from __future__ import annotations

import os
from collections.abc import Iterator

from pipeline_guard.adapters.sources.blobs import Blobs, raw_change
from pipeline_guard.adapters.sources.paths import printable
from pipeline_guard.errors import NothingToDo
from pipeline_guard.model.entry import Entry
from pipeline_guard.model.verdict import Unchecked


class StagedSource(Blobs):
    """What the next commit would bring in: blobs of the index, not files of the work tree."""

    def entries(self) -> Iterator[Entry | Unchecked]:
        """Give every staged blob; raise NothingToDo where nothing is staged."""
        head = self._git.run("rev-parse", "--verify", "--quiet", "HEAD", check=False).returncode == 0
        against = "HEAD" if head else self._git.run("hash-object", "-t", "tree", "--stdin", content=b"").stdout.decode("ascii").strip()
        raw = self._git.run("diff-index", "--cached", "--raw", "-z", "-r", "--no-abbrev", "--no-renames", "--no-ext-diff", against).stdout
        words = raw.split(b"\0")
        found = [(*raw_change(line), os.fsdecode(path)) for line, path in zip(words[::2], words[1::2], strict=False)]
        if not found:
            raise NothingToDo("nothing is staged", "git add what the next commit shall hold, or scan without --staged")
        yield from self._read((blob, mode, printable(path), None) for blob, mode, path in found if blob.strip("0"))
