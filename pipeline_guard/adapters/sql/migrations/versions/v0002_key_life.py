# SPDX-License-Identifier: Apache-2.0
"""The life of keys and of secrets: dates, history, labels, used approvals, invocations; checkpoints of the audit log."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_DATES = ("activates", "expires", "stops", "deactivated", "compromised", "archived", "destroys")


def upgrade() -> None:
    """Add what keys lack; the keys there are keep their state and have no planned end."""
    for name in _DATES:
        op.add_column("keys", sa.Column(name, sa.String(40), nullable=False, server_default=""))
    op.add_column("keys", sa.Column("erases", sa.Integer, nullable=False, server_default="0"))
    op.add_column("keys", sa.Column("revision", sa.Integer, nullable=False, server_default="0"))
    op.add_column("keys", sa.Column("invocations", sa.BigInteger, nullable=False, server_default="0"))
    op.create_table(
        "key_events",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("time", sa.String(40), nullable=False),
        sa.Column("command", sa.String(32), nullable=False),
        sa.Column("before", sa.String(32), nullable=False),
        sa.Column("after", sa.String(32), nullable=False),
        sa.Column("actor", sa.String(256), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("approvers", sa.Text, nullable=False),
    )
    op.create_index("key_events_by_key", "key_events", ["name", "version"])
    op.create_table("checkpoints", sa.Column("seq", sa.Integer, primary_key=True), sa.Column("line", sa.LargeBinary, nullable=False))
    op.execute(sa.text("INSERT INTO facts (name, value) VALUES ('store', :id)").bindparams(id=secrets.token_hex(16)))
    for name in ("expires", "stops", "revoked", "destroys"):
        op.add_column("secrets", sa.Column(name, sa.String(40), nullable=False, server_default=""))
    for name in ("labels", "note"):
        op.add_column("secrets", sa.Column(name, sa.Text, nullable=False, server_default=""))
    op.add_column("secrets", sa.Column("format", sa.Integer, nullable=False, server_default="1"))
    op.create_index("secrets_by_key", "secrets", ["key_name", "key_version", "name", "version"])
    op.create_index("secrets_by_end", "secrets", ["destroys"])
    op.create_table(
        "secret_labels",
        sa.Column("label", sa.String(64), primary_key=True),
        sa.Column("value", sa.String(128), primary_key=True),
        sa.Column("name", sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql"), primary_key=True),
    )
    op.create_index("secret_labels_by_name", "secret_labels", ["name"])
    op.create_index("leases_by_secret", "leases", ["secret", "version", "ended"])
    op.create_table("approvals", sa.Column("nonce", sa.String(64), primary_key=True), sa.Column("used", sa.String(40), nullable=False))
