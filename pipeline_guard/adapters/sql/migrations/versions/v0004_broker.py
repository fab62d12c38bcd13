# SPDX-License-Identifier: Apache-2.0
"""The broker: identity tokens that were used, proofs, counts, and approvals of secrets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add five tables."""
    op.create_table(
        "sessions",
        sa.Column("token", sa.String(64), primary_key=True),
        sa.Column("secret", sa.String(64), nullable=False, unique=True),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("request", sa.String(64), nullable=False),
        sa.Column("holder", sa.String(256), nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("claims", sa.Text, nullable=False),
        sa.Column("issued", sa.String(40), nullable=False),
        sa.Column("ends", sa.String(40), nullable=False),
        sa.Column("kept", sa.String(40), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("closed", sa.Integer, nullable=False),
    )
    op.create_index("sessions_by_end", "sessions", ["kept"])
    op.create_index("sessions_by_holder", "sessions", ["holder"])
    op.create_table(
        "grants",
        sa.Column("holder", sa.String(256), primary_key=True),
        sa.Column("job", sa.String(256), nullable=False),
        sa.Column("until", sa.String(40), nullable=False),
    )
    op.create_index("grants_by_job", "grants", ["job"])
    op.create_index("grants_by_end", "grants", ["until"])
    op.create_table("proofs", sa.Column("id", sa.String(64), primary_key=True), sa.Column("until", sa.String(40), nullable=False))
    op.create_index("proofs_by_end", "proofs", ["until"])
    op.create_table(
        "counts",
        sa.Column("bucket", sa.String(64), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("until", sa.String(40), nullable=False),
    )
    op.create_index("counts_by_end", "counts", ["until"])
    op.create_table(
        "secret_approvals",
        sa.Column("topic", sa.String(64), primary_key=True),
        sa.Column("approver", sa.String(128), primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("until", sa.String(40), nullable=False),
    )
