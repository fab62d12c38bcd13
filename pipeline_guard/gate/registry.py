# SPDX-License-Identifier: Apache-2.0
"""Every check, in the order of reports."""

from __future__ import annotations

from pipeline_guard.gate.checks import (
    action_unpinned,
    archive_unsafe,
    artifact_unverified,
    gate_file_changed,
    include_unpinned,
    malicious_package,
    package_altered,
    package_unpublished,
    package_withdrawn,
    pickle_unsafe,
    provenance_lost,
    requirement_index,
    requirement_unhashed,
    requirement_unpinned,
    requirement_weak_hash,
    vulnerable_package,
)
from pipeline_guard.gate.rule import Rule

RULES: tuple[Rule, ...] = (
    requirement_unhashed.RULE,
    requirement_unpinned.RULE,
    requirement_weak_hash.RULE,
    requirement_index.RULE,
    action_unpinned.RULE,
    include_unpinned.RULE,
    pickle_unsafe.RULE,
    artifact_unverified.RULE,
    gate_file_changed.RULE,
    malicious_package.RULE,
    archive_unsafe.RULE,
    vulnerable_package.RULE,
    package_altered.RULE,
    package_unpublished.RULE,
    package_withdrawn.RULE,
    provenance_lost.RULE,
)
