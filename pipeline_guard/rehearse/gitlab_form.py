# SPDX-License-Identifier: Apache-2.0
"""What GitLab refuses of a job before anything runs (docs.gitlab.com, "CI/CD YAML syntax reference")."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline_guard.errors import UsageError

_KEYS = frozenset(
    (
        "after_script", "allow_failure", "artifacts", "before_script", "cache", "coverage", "dast_configuration", "dependencies",
        "environment", "except", "hooks", "id_tokens", "identity", "image", "inherit", "inputs", "interruptible", "manual_confirmation",
        "needs", "only", "pages", "parallel", "publish", "release", "resource_group", "retry", "rules", "run", "script", "secrets",
        "services", "stage", "start_in", "tags", "timeout", "trigger", "variables", "when",
    )
)  # fmt: skip


def check_job(name: str, job: Mapping[str, Any], path: str) -> None:
    """Raise UsageError for a key that is none, and for a job with nothing to do."""
    for key in job:
        if key not in _KEYS:
            near = difflib.get_close_matches(str(key), sorted(_KEYS), n=1)
            raise UsageError(f"{path}: the job {name} has no key {str(key)[:60]}", f"did you mean {near[0]}?" if near else "")
    if not any(job.get(key) is not None for key in ("script", "trigger", "run")):
        raise UsageError(f"{path}: the job {name} has no script", "write script:, or a point before its name where it is only extended")


def needed(job: Mapping[str, Any]) -> Iterator[str]:
    """Give the jobs of this pipeline that must be there."""
    listed = job.get("needs")
    for need in listed if isinstance(listed, list) else ():
        if isinstance(need, str):
            yield need
        elif isinstance(need, Mapping) and "job" in need and need.get("optional") is not True and not {"project", "pipeline"} & set(need):
            yield str(need["job"])
