# SPDX-License-Identifier: Apache-2.0
"""Variables in which GitLab gives a job its own tokens (GitLab "Predefined CI/CD variables")."""

from __future__ import annotations

JOB_TOKENS = frozenset(("CI_JOB_TOKEN", "CI_REGISTRY_PASSWORD", "CI_DEPLOY_PASSWORD", "CI_DEPENDENCY_PROXY_PASSWORD", "CI_JOB_JWT"))
