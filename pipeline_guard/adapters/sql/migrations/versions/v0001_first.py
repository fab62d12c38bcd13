# SPDX-License-Identifier: Apache-2.0
"""The first store: keys, secrets, leases, audit. Stores were created as this; nothing is done."""

from __future__ import annotations

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Do nothing: this is where every store began."""
