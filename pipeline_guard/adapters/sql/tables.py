# SPDX-License-Identifier: Apache-2.0
"""The tables. Times are text in ISO 8601, UTC; binary columns hold sealed bytes only."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text

from pipeline_guard.adapters.sql import driver

SCHEMA_VERSION = driver.SCHEMA_VERSION

metadata = MetaData()

# names sort by code point on both databases, whatever the language of a server
NAME = String(128).with_variant(String(128, collation="C"), "postgresql")

facts = Table("facts", metadata, Column("name", String(64), primary_key=True), Column("value", Text, nullable=False))

keys = Table(
    "keys",
    metadata,
    Column("name", NAME, primary_key=True),
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

# keys whose making was begun and not written down yet; what stays here was interrupted
key_intents = Table(
    "key_intents",
    metadata,
    Column("cka_id", String(64), primary_key=True),
    Column("name", NAME, nullable=False),
    Column("version", Integer, nullable=False),
    Column("type", String(32), nullable=False),
    Column("usage", String(16), nullable=False),
    Column("token", String(64), nullable=False),
    Column("begun", String(40), nullable=False),
)

# which versions of keys open which sealed file; a file is named by a digest of what its header draws at random, never by a path
sealed_files = Table(
    "sealed_files",
    metadata,
    Column("file", String(64), primary_key=True),
    Column("key_name", NAME, primary_key=True),
    Column("key_version", Integer, primary_key=True),
    Column("since", String(40), nullable=False),
)
Index("sealed_files_by_key", sealed_files.c.key_name, sealed_files.c.key_version)

secrets = Table(
    "secrets",
    metadata,
    Column("name", NAME, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("created", String(40), nullable=False),
    Column("key_name", String(128), nullable=False),
    Column("key_version", Integer, nullable=False),
    Column("key_id", String(64), nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("format", Integer, nullable=False, server_default="1"),
    Column("expires", String(40), nullable=False, server_default=""),
    Column("labels", Text, nullable=False, server_default=""),
    Column("note", Text, nullable=False, server_default=""),
    Column("stops", String(40), nullable=False, server_default=""),
    Column("revoked", String(40), nullable=False, server_default=""),
    Column("destroys", String(40), nullable=False, server_default=""),
)
Index("secrets_by_key", secrets.c.key_name, secrets.c.key_version, secrets.c.name, secrets.c.version)
Index("secrets_by_end", secrets.c.destroys)

# of the newest version of each secret, to search by; what counts is in the row, and bound to it
secret_labels = Table(
    "secret_labels",
    metadata,
    Column("label", String(64), primary_key=True),
    Column("value", String(128), primary_key=True),
    Column("name", NAME, primary_key=True),
)
Index("secret_labels_by_name", secret_labels.c.name)

# what finds stored values in texts, itself sealed
searches = Table(
    "searches",
    metadata,
    Column("name", NAME, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("key_name", String(128), nullable=False),
    Column("key_version", Integer, nullable=False),
    Column("key_id", String(64), nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
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
    # of what an engine made: how it is undone (sealed), and how far that is: "" for values that are kept here
    Column("engine", String(128), nullable=False, server_default=""),
    Column("about", Text, nullable=False, server_default=""),
    Column("undo", String(8), nullable=False, server_default=""),
    Column("tried", Integer, nullable=False, server_default="0"),
    Column("next_try", String(40), nullable=False, server_default=""),
    Column("key_name", String(128), nullable=False, server_default=""),
    Column("key_version", Integer, nullable=False, server_default="0"),
    Column("key_id", String(64), nullable=False, server_default=""),
    Column("wrapped_key", LargeBinary),
    Column("handle", LargeBinary),
)
Index("leases_by_holder", leases.c.holder, leases.c.ended)
Index("leases_by_secret", leases.c.secret, leases.c.version, leases.c.ended)
Index("leases_to_undo", leases.c.undo, leases.c.next_try)

# identity tokens that were used, and the sessions of the jobs that used them; digests only
sessions = Table(
    "sessions",
    metadata,
    Column("token", String(64), primary_key=True),
    Column("secret", String(64), nullable=False, unique=True),
    Column("key", String(64), nullable=False),
    Column("request", String(64), nullable=False),
    Column("holder", String(256), nullable=False),
    Column("name", String(256), nullable=False),
    Column("claims", Text, nullable=False),
    Column("issued", String(40), nullable=False),
    Column("ends", String(40), nullable=False),
    Column("kept", String(40), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("closed", Integer, nullable=False),
    # when the forge is asked next whether the job has ended, and how many questions in a row had no answer
    Column("next_ask", String(40), nullable=False, server_default=""),
    Column("asked", Integer, nullable=False, server_default="0"),
)
Index("sessions_to_ask", sessions.c.closed, sessions.c.next_ask)
Index("sessions_by_end", sessions.c.kept)
Index("sessions_by_holder", sessions.c.holder)

# under which names the leases of a job are held, one for each request
grants = Table(
    "grants",
    metadata,
    Column("holder", String(256), primary_key=True),
    Column("job", String(256), nullable=False),
    Column("until", String(40), nullable=False),
)
Index("grants_by_job", grants.c.job)
Index("grants_by_end", grants.c.until)

# proofs of possession that were used
proofs = Table("proofs", metadata, Column("id", String(64), primary_key=True), Column("until", String(40), nullable=False))
Index("proofs_by_end", proofs.c.until)

# how often something happened in one window of time
counts = Table(
    "counts",
    metadata,
    Column("bucket", String(64), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("until", String(40), nullable=False),
)
Index("counts_by_end", counts.c.until)

# approvals of persons as they were handed in; each bears a signature, which is judged when it is needed
secret_approvals = Table(
    "secret_approvals",
    metadata,
    Column("topic", String(64), primary_key=True),
    Column("approver", String(128), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("until", String(40), nullable=False),
)

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
