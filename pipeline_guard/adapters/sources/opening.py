# SPDX-License-Identifier: Apache-2.0
"""Which source a selection means."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from io import BytesIO

from pipeline_guard.adapters.git import GitRepository
from pipeline_guard.adapters.sources.commit_range import RangeSource
from pipeline_guard.adapters.sources.history import HistorySource
from pipeline_guard.adapters.sources.staged import StagedSource
from pipeline_guard.adapters.sources.stream import StreamSource
from pipeline_guard.adapters.sources.work_tree import TreeSource
from pipeline_guard.model.selection import Scope, Selection
from pipeline_guard.ports import Source


def open_source(selection: Selection, folder: str, environ: Mapping[str, str], repository: GitRepository | None = None) -> Source:
    """Return the source of a selection; ``folder`` is where the caller stands, ``repository`` what it knows of it already."""
    if selection.scope is Scope.STDIN:
        return StreamSource(selection, sys.stdin.buffer if sys.stdin else BytesIO())  # closed: there is nothing
    git = repository or GitRepository(folder, environ)
    if selection.scope is Scope.TREE:
        return TreeSource(selection, folder, git)
    if selection.scope is Scope.STAGED:
        git.root()  # outside a repository this says so
        return StagedSource(selection, git)
    git.place()
    return RangeSource(selection, git) if selection.scope is Scope.RANGE else HistorySource(selection, git)
