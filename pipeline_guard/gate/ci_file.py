# SPDX-License-Identifier: Apache-2.0
"""Pipeline files to facts, positions kept, nothing executed and no expression evaluated: the readers of both forges."""

from __future__ import annotations

from pipeline_guard.gate.github_file import action, github
from pipeline_guard.gate.gitlab_file import gitlab

__all__ = ("action", "github", "gitlab")
