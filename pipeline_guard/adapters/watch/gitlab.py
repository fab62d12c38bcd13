# SPDX-License-Identifier: Apache-2.0
"""GitLab, asked whether a job has ended. Facts: GitLab API, "Get a single job"; the token needs the scope read_api."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline_guard.adapters.watch.line import Line
from pipeline_guard.errors import Denied
from pipeline_guard.model.secret import Secret

_ENDED = ("success", "failed", "canceled", "skipped")  # "canceling" is not one: after_script may still run


@dataclass(frozen=True, slots=True)
class GitlabJobs:
    """Jobs of one GitLab, by their project's number."""

    line: Line
    token: Callable[[], Secret]

    def has_ended(self, claims: Mapping[str, str]) -> bool:
        """Tell whether the job is over; a retry is another job."""
        project, job = claims.get("job_project_id", claims.get("project_id", "")), claims.get("job_id", "")
        if not (project.isascii() and project.isdecimal() and job.isascii() and job.isdecimal()):
            raise Denied("the identity token does not number its job")
        headers = {"PRIVATE-TOKEN": self.token().reveal().decode("ascii", "replace").strip(), "User-Agent": "pipeline-guard"}
        found = self.line.ask("GET", f"/api/v4/projects/{project}/jobs/{job}", headers)
        if str(found.get("id")) != job:
            raise Denied("GitLab's answer is of another job")
        return found.get("status") in _ENDED
