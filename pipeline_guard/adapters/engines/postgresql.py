# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL role for one job: made narrow and for a time; at its end no login, no session and no object of it is left.

The server sees a SCRAM verifier (RFC 5803), never the password. ``VALID UNTIL`` stops new logins only; so the end of a lease ends
sessions too. Facts: PostgreSQL documentation, CREATE ROLE, DROP OWNED, pg_terminate_backend, pg_shdepend.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pipeline_guard.errors import Denied, Unavailable, UsageError
from pipeline_guard.model.dynamic import Made, Wish
from pipeline_guard.model.secret import Secret
from pipeline_guard.ports import Random

_NAME = re.compile(r"guard_[0-9a-f]{32}")
_CONNECT = 5  # seconds
_LIMITS = "-c statement_timeout=10000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=30000"
_ENDING = 5  # seconds that sessions get to end in
_PERMISSIONS = "docs/engines.md tells what the account of url needs"


@dataclass(frozen=True, slots=True)
class PostgresRoles:
    """Roles of one database. ``url`` gives the URL of an account that may make them, as late as it is needed."""

    url: Callable[[], Secret]
    random: Random
    roles: Sequence[str]
    grants: Sequence[Any]
    connection_limit: int
    reassign_to: str
    host: str
    form: str

    def handle(self, wish: Wish) -> Secret:
        """Return the role's name, which is the lease's."""
        return Secret(_role(wish).encode("ascii"))

    def make(self, wish: Wish) -> Made:
        """Create the role and what it may do, in one transaction."""
        from psycopg import sql

        role, password = _role(wish), self.random.bytes(24).hex()
        with self._connected() as connection, connection.transaction():
            verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode("ascii")
            name = sql.Identifier(role)
            connection.execute(
                sql.SQL(
                    "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
                    " CONNECTION LIMIT {} PASSWORD {} VALID UNTIL {}"
                ).format(name, sql.Literal(self.connection_limit), sql.Literal(verifier), sql.Literal(wish.expires.isoformat()))
            )
            for parent in self.roles:
                connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(parent), name))
            for grant in self.grants:
                self._grant(connection, grant, name)
            value = self._value(connection, role, password)
        return Made(value, wish.expires, Secret(role.encode("ascii")), revocable=True, about=f"role {role}")

    def undo(self, handle: Secret) -> None:
        """Forbid logins, end sessions, give away or drop what the role owns, drop it. Access is over even where the rest fails."""
        from psycopg import sql

        role = handle.reveal().decode("ascii", "replace")
        if not _NAME.fullmatch(role):  # Defensive: only roles that we made
            raise Unavailable("the handle of a PostgreSQL role names none of ours")
        name = sql.Identifier(role)
        with self._connected() as connection:
            found = connection.execute("SELECT oid FROM pg_catalog.pg_roles WHERE rolname = %s", [role]).fetchone()
            if found is None:
                return
            connection.execute(sql.SQL("ALTER ROLE {} NOLOGIN CONNECTION LIMIT 0").format(name))
            if not _is_superuser(connection):  # only members may end the role's sessions and drop what it owns
                connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(name))
            _end_sessions(connection, role)
            for database in _databases(connection, found[0]):
                with self._connected(database) as there:
                    self._clear(there, name)
            self._clear(connection, name)
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(name))

    def _grant(self, connection: Any, grant: Any, name: Any) -> None:
        from psycopg import sql

        schema = sql.Identifier(grant.schema)
        privileges = sql.SQL(", ").join(sql.SQL(word) for word in grant.privileges)  # of a closed list, see policy/engines.py
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, name))
        if not grant.tables:
            connection.execute(sql.SQL("GRANT {} ON ALL TABLES IN SCHEMA {} TO {}").format(privileges, schema, name))
        for table in grant.tables:
            place = sql.Identifier(grant.schema, table)
            connection.execute(sql.SQL("GRANT {} ON TABLE {} TO {}").format(privileges, place, name))

    def _clear(self, connection: Any, name: Any) -> None:
        """Give what the role owns in this database to somebody else, where so configured; drop what is left, and its privileges.

        Without CASCADE: what others built on it stays, and the role with it, until a person has looked.
        """
        from psycopg import sql

        if self.reassign_to:
            connection.execute(sql.SQL("REASSIGN OWNED BY {} TO {}").format(name, sql.Identifier(self.reassign_to)))
        connection.execute(sql.SQL("DROP OWNED BY {}").format(name))

    def _value(self, connection: Any, role: str, password: str) -> Secret:
        facts = connection.info
        host, port, database = self.host or facts.host, facts.port, facts.dbname
        if self.form == "password":
            return Secret(password.encode("ascii"))
        if self.form == "json":
            parts = {"host": host, "port": port, "database": database, "username": role, "password": password}
            return Secret(json.dumps(parts).encode("utf-8"))
        where = f"?host={quote(host, safe='')}&port={port}" if host.startswith("/") else ""
        place = "" if where else f"{f'[{host}]' if ':' in host else host}:{port}"
        return Secret(f"postgresql://{role}:{password}@{place}/{quote(database, safe='')}{where}".encode())

    @contextmanager
    def _connected(self, database: str = "") -> Iterator[Any]:
        try:
            import psycopg
        except ImportError:
            raise Unavailable("psycopg is not installed", 'pip install "pipeline-guard[postgres]"') from None
        url = self.url().reveal().decode("utf-8", "replace")
        extra: dict[str, Any] = {"dbname": database} if database else {}
        try:
            with psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT, options=_LIMITS, **extra) as connection:
                yield connection
        except psycopg.Error as error:
            raise _translated(error) from None


def _role(wish: Wish) -> str:
    return f"guard_{wish.lease}"


def _is_superuser(connection: Any) -> bool:
    return bool(connection.execute("SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user").fetchone()[0])


def _end_sessions(connection: Any, role: str) -> None:
    """End every session of the role, and wait until there is none: one that was just logging in shows up a moment later."""
    query = "SELECT count(pg_terminate_backend(pid)) FROM pg_catalog.pg_stat_activity WHERE usename = %s AND pid <> pg_backend_pid()"
    deadline = time.monotonic() + _ENDING
    while connection.execute(query, [role]).fetchone()[0]:
        if time.monotonic() > deadline:
            raise Unavailable(f"sessions of the role {role} do not end", "it can log in no more; this is tried again")
        time.sleep(0.02)


def _databases(connection: Any, oid: int) -> Sequence[str]:
    """Return the other databases in which something depends on the role."""
    query = (
        "SELECT DISTINCT datname FROM pg_catalog.pg_shdepend JOIN pg_catalog.pg_database ON pg_database.oid = dbid"
        " WHERE refclassid = 'pg_catalog.pg_authid'::regclass AND refobjid = %s AND datname <> current_database() AND datallowconn"
    )
    return [row[0] for row in connection.execute(query, [oid]).fetchall()]


def _translated(error: Any) -> Unavailable | Denied | UsageError:
    """Turn what psycopg raises into ours; its text may quote a statement, so only the condition's name is told."""
    import psycopg
    from psycopg import errors

    if isinstance(error, errors.InsufficientPrivilege):
        return Denied("PostgreSQL refuses: the engine's account lacks a privilege", _PERMISSIONS)
    if isinstance(error, errors.UndefinedObject | errors.InvalidSchemaName | errors.UndefinedTable):
        return UsageError("PostgreSQL knows no such role, schema or table as the engine grants", "correct it under engines:")
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        return Unavailable("the PostgreSQL server of an engine does not answer, or refuses its account", "check the URL that url refers to")
    return Unavailable(f"PostgreSQL failed: {type(error).__name__}", "try again; if it stays, look into the server's log")
