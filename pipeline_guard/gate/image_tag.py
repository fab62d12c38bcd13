# SPDX-License-Identifier: Apache-2.0
"""Which images a tag names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import ImageFacts
from pipeline_guard.gate.rule import Problem
from pipeline_guard.model.location import Location

_DIGEST = re.compile(r".+@sha256:[0-9a-f]{64}|.+@sha512:[0-9a-f]{128}", re.DOTALL)
# What this pipeline built itself, or what only the caller knows.
_OWN = re.compile(
    r"\$\{?CI_(REGISTRY_IMAGE|PROJECT_|COMMIT_|PIPELINE_|APPLICATION_)|github\.(sha|run_id|repository)|needs\.|steps\.|:local$|^localhost/"
)
_UNKNOWN = re.compile(r"\s*(\$\{?\w+\}?|\$\[\[.*\]\]|\$\{\{.*\}\}|\{\{.*\}\}).*", re.DOTALL)


def by_tag(facts: ImageFacts) -> Iterator[Problem]:
    """Give every image of a file that a tag names; a name that begins with a variable is the caller's to pin."""
    for use in facts.uses:
        image = use.target.removeprefix("docker://")
        if not _DIGEST.fullmatch(image) and not _OWN.search(image) and not _UNKNOWN.fullmatch(image):
            named = image.partition("@")[0]
            fix = f"write {named}@sha256:DIGEST (docker buildx imagetools inspect {named} shows it)"
            yield Problem(Location(facts.path, use.line), image, fix)
