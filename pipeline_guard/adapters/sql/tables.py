# SPDX-License-Identifier: Apache-2.0
"""The tables. Times are text in ISO 8601, UTC; binary columns hold sealed bytes only."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text

SCHEMA_VERSION = 2  # of the newest migration; a store of an older one is brought up when it is opened

metadata = MetaData()

facts = Table("facts", metadata, Column("name", String(64), primary_key=True), Column("value", Text, nullable=False))

keys = Table(
    "keys",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("type", String(32), nullable=False),
    Column("usage", String(16), nullable=False),
    Column("cka_id", String(64), nullable=False),
    Column("state", String(32), nullable=False),
    Column("created", String(40), nullable=False),
    Column("token", String(64), nullable=False),
    Column("public_pem", Text, nullable=False),
    Column("activates", String(40), nullable=False, server_default=""),
    Column("expires", String(40), nullable=False, server_default=""),
    Column("stops", String(40), nullable=False, server_default=""),
    Column("deactivated", String(40), nullable=False, server_default=""),
    Column("compromised", String(40), nullable=False, server_default=""),
    Column("archived", String(40), nullable=False, server_default=""),
    Column("destroys", String(40), nullable=False, server_default=""),
    Column("erases", Integer, nullable=False, server_default="0"),
    Column("revision", Integer, nullable=False, server_default="0"),
    Column("invocations", BigInteger, nullable=False, server_default="0"),
)

key_events = Table(
    "key_events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", String(128), nullable=False),
    Column("version", Integer, nullable=False),
    Column("time", String(40), nullable=False),
    Column("command", String(32), nullable=False),
    Column("before", String(32), nullable=False),
    Column("after", String(32), nullable=False),
    Column("actor", String(256), nullable=False),
    Column("why", Text, nullable=False),
    Column("approvers", Text, nullable=False),
)
Index("key_events_by_key", key_events.c.name, key_events.c.version)

# nonces of approved requests: each is used once
approvals = Table(
    "approvals",
    metadata,
    Column("nonce", String(64), primary_key=True),
    Column("used", String(40), nullable=False),
)

secrets = Table(
    "secrets",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("created", String(40), nullable=False),
    Column("key_name", String(128), nullable=False),
    Column("key_version", Integer, nullable=False),
    Column("key_id", String(64), nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("secret", String(128), nullable=False),
    Column("version", Integer, nullable=False),
    Column("holder", String(256), nullable=False),
    Column("issued", String(40), nullable=False),
    Column("expires", String(40), nullable=False),
    Column("ended", String(40), nullable=False, default=""),
)
Index("leases_by_holder", leases.c.holder, leases.c.ended)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("line", LargeBinary, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("hash", String(64), nullable=False),
    Column("line", LargeBinary, nullable=False),
)
