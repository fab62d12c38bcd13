# SPDX-License-Identifier: Apache-2.0
"""A wheel beside the work tree that it is said to come from: what differs, and what no source explains."""

from __future__ import annotations

import posixpath
import re

from pipeline_guard.errors import GuardError
from pipeline_guard.gate.archive import modules
from pipeline_guard.ports import Files

_ROOTS = ("", "src", "lib", "python")  # folders that packages lie in
# what builders write: versions, and code made from other files of the tree
_WRITTEN = re.compile(r"(?:.*/)?(?:_?version(?:_info)?|__about__|__version__|_?(?:build|git)_?info|\w+_pb2(?:_grpc)?)\.py")
_MAX_BYTES = 16 * 1024 * 1024


def unlike_its_source(content: bytes, root: str, files: Files) -> str:
    """Say in what a wheel differs from the tree at ``root``, "" where in nothing. Raises UsageError for a wheel that cannot be read.

    A module counts as having a source where its package's folder is in the tree; line ends do not count.
    """
    for name, found in modules(content):
        parts = posixpath.normpath(name).split("/")
        if ".." in parts or parts[0].endswith((".dist-info", ".data")) or _WRITTEN.fullmatch(name):
            continue
        homes = [posixpath.join(root, folder) for folder in _ROOTS]
        places = [place for home in homes if files.kind(place := posixpath.join(home, *parts)) == "file"]
        if not places:
            if name.endswith(".pth") or (len(parts) > 1 and any(files.kind(posixpath.join(home, parts[0])) == "folder" for home in homes)):
                return f"{name} in it is nowhere in the tree"
            continue
        if not any(_same(place, found, files) for place in places):
            return f"{name} in it differs from {posixpath.relpath(places[0], root)} of the tree"
    return ""


def _same(place: str, found: bytes, files: Files) -> bool:
    try:
        return _plain(files.read(place, _MAX_BYTES)) == _plain(found)
    except GuardError:
        return False


def _plain(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n")
