# SPDX-License-Identifier: Apache-2.0
"""Keys that were begun, sealed files that depend on keys, and the search rows, which stores of version 2 had made at first need."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_NAME = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")


def upgrade() -> None:
    """Add three tables; the search rows that are there stay."""
    op.create_table(
        "key_intents",
        sa.Column("cka_id", sa.String(64), primary_key=True),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("usage", sa.String(16), nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("begun", sa.String(40), nullable=False),
    )
    op.create_table(
        "sealed_files",
        sa.Column("file", sa.String(64), primary_key=True),
        sa.Column("key_name", _NAME, primary_key=True),
        sa.Column("key_version", sa.Integer, primary_key=True),
        sa.Column("since", sa.String(40), nullable=False),
    )
    op.create_index("sealed_files_by_key", "sealed_files", ["key_name", "key_version"])
    if not sa.inspect(op.get_bind()).has_table("searches"):
        op.create_table(
            "searches",
            sa.Column("name", _NAME, primary_key=True),
            sa.Column("version", sa.Integer, primary_key=True),
            sa.Column("key_name", sa.String(128), nullable=False),
            sa.Column("key_version", sa.Integer, nullable=False),
            sa.Column("key_id", sa.String(64), nullable=False),
            sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
            sa.Column("sealed", sa.LargeBinary, nullable=False),
        )
