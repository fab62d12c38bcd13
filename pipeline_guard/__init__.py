# SPDX-License-Identifier: Apache-2.0
"""pipeline-guard: HSM-backed supply-chain security steps for GitHub Actions and GitLab CI."""

__version__ = "0.1.0"
