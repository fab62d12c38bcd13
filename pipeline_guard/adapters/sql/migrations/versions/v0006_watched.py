# SPDX-License-Identifier: Apache-2.0
"""Sessions whose forge is asked whether their job has ended: when next, and how many questions had no answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add two columns; sessions that are open are asked after at once."""
    op.add_column("sessions", sa.Column("next_ask", sa.String(40), nullable=False, server_default=""))
    op.add_column("sessions", sa.Column("asked", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("sessions_to_ask", "sessions", ["closed", "next_ask"])
