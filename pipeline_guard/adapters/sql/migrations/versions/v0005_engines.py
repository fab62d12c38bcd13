# SPDX-License-Identifier: Apache-2.0
"""Leases of what engines make: the sealed handle that undoes it, and how often that was tried."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add columns; the leases that are there are of values kept in the store."""
    for name, kind, default in (
        ("engine", sa.String(128), ""),
        ("about", sa.Text(), ""),
        ("undo", sa.String(8), ""),
        ("tried", sa.Integer(), "0"),
        ("next_try", sa.String(40), ""),
        ("key_name", sa.String(128), ""),
        ("key_version", sa.Integer(), "0"),
        ("key_id", sa.String(64), ""),
    ):
        op.add_column("leases", sa.Column(name, kind, nullable=False, server_default=default))
    op.add_column("leases", sa.Column("wrapped_key", sa.LargeBinary()))
    op.add_column("leases", sa.Column("handle", sa.LargeBinary()))
    op.create_index("leases_to_undo", "leases", ["undo", "next_try"])
