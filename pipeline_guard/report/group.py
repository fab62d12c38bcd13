# SPDX-License-Identifier: Apache-2.0
"""What the gate's checks are about, for reports that name a group instead of sixty checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pipeline_guard.model.verdict import Check

# The first word of a check's id tells, but for these.
_BY_ID = {"artifact-untrusted": "workflows", "include-unpinned": "GitLab CI"}
_BY_WORD = {
    "requirement": "dependencies",
    "lock": "dependencies",
    "install": "dependencies",
    "registry": "dependencies",
    "package": "dependencies",
    "malicious": "dependencies",
    "vulnerable": "dependencies",
    "provenance": "dependencies",
    "updater": "dependencies",
    "submodule": "dependencies",
    "hook": "dependencies",
    "source": "dependencies",
    "module": "dependencies",
    "carried": "dependencies",
    "wrapper": "dependencies",
    "image": "images",
    "dockerfile": "images",
    "compose": "images",
    "gitlab": "GitLab CI",
    "pickle": "models",
    "model": "models",
    "artifact": "artifacts",
    "archive": "artifacts",
}
OTHER = "workflows"


def group_of(check_id: str) -> str:
    """Return the name of a check's group."""
    return _BY_ID.get(check_id) or _BY_WORD.get(check_id.partition("-")[0], OTHER)


def grouped(checks: Iterable[Check]) -> str:
    """Say how many checks of which group there are, the largest group first: ``dependencies 20, workflows 30``."""
    counts = Counter(group_of(check.id) for check in checks)
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
