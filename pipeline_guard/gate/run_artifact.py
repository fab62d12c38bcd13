# SPDX-License-Identifier: Apache-2.0
"""Artifacts that one run of GitHub takes from another: which steps fetch them, and what a step hands on of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipeline_guard.gate.ci_facts import Step

_DOWNLOADS = {"dawidd6/action-download-artifact", "levonet/action-restore-artifact"}
FETCHES = re.compile(r"\bgh run download\b|/actions/artifacts/")
_READ = re.compile(r"([A-Za-z_][\w-]*)=[\"']?(?:\$\(|`)\s*(?:cat\b|head\b|tail\b|jq\b|<)[^)`\n]{0,300}")
_FORM = re.compile(r"0-9|\\d|\[:digit:\]|tonumber|\bnumbers\b|a-f|printf '?%d")  # somebody looks at its form


def downloads(step: Step) -> bool:
    """Tell whether a step fetches the artifact of another run."""
    name = step.uses.partition("@")[0].lower()
    if name == "actions/download-artifact":
        return "run-id" in step.inputs
    return name in _DOWNLOADS or FETCHES.search(step.run) is not None or "downloadArtifact" in step.inputs.get("script", "")


def handed_on(step: Step, steps: Sequence[Step]) -> Iterator[str]:
    """Give the names of outputs that a step fills from files, where it or a step before it in its job fetched such an artifact."""
    until = steps.index(step) + 1 if step in steps else 0
    if "GITHUB_OUTPUT" in step.run and not _FORM.search(step.run) and any(downloads(each) for each in steps[:until]):
        for found in _READ.finditer(step.run):
            yield found[1]
