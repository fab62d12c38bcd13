# SPDX-License-Identifier: Apache-2.0
"""What pointers of Git LFS stand for, where this clone has it (Git LFS, docs/spec.md: the local store is ``lfs/objects``)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from pipeline_guard.adapters.git import GitRepository
from pipeline_guard.adapters.sources.work_tree import read_file
from pipeline_guard.model.entry import Entry
from pipeline_guard.model.verdict import Unchecked

_SIZE = 1024  # bytes that a pointer may have
BEGIN = b"version https://git-lfs.github.com/spec/v1\n"
_OID = re.compile(rb"^oid sha256:([0-9a-f]{64})$", re.MULTILINE)


def content_of(entry: Entry, git: GitRepository, limit: int, *, parts: bool) -> Iterator[Entry | Unchecked]:
    """Give what a pointer stands for, in its place; the entry itself where it is no pointer, or the clone has no such object.

    Nothing is fetched and no filter is run. A pointer that stays one is told as not read by whoever reads it.
    """
    oid = _OID.search(entry.data) if len(entry.data) < _SIZE and entry.data.startswith(BEGIN) else None
    if oid is None:
        yield entry
        return
    name = oid[1].decode("ascii")
    is_there = False
    for found in read_file(entry.path, f"{git.common()}/lfs/objects/{name[:2]}/{name[2:4]}/{name}", limit, parts=parts):
        is_there = True
        yield (
            found
            if isinstance(found, Unchecked)
            else replace(found, path=entry.path, origin=entry.origin, mode=entry.mode, blob=entry.blob)
        )
    if not is_there:
        yield entry
