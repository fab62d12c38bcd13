# SPDX-License-Identifier: Apache-2.0
"""Bring an older store up to date: Alembic runs the steps that are missing, all in one transaction.

A store that is killed on the way stays as it was. Two processes that start at once wait for each other: the
transaction begins as a writer, and the second finds nothing left to do.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, select, update

from pipeline_guard.adapters.sql import tables
from pipeline_guard.errors import Unavailable

_STEPS = Path(__file__).parent / "migrations"


def migrate(engine: Engine) -> None:
    """Run the missing steps; raise Unavailable where Alembic is not installed."""
    try:
        from alembic import command
        from alembic.config import Config
    except ImportError:
        raise Unavailable("the store is of an older version, and Alembic is not installed", 'pip install "pipeline-guard[hsm]"') from None
    config = Config()
    config.set_main_option("script_location", str(_STEPS).replace("%", "%%"))
    with engine.execution_options(writes=True).begin() as connection:
        version = _version(connection)
        if version == tables.SCHEMA_VERSION:  # somebody else was faster
            return
        config.attributes["connection"] = connection
        # stores are created whole, without Alembic; what they were created as is where it begins
        command.stamp(config, f"{version:04d}", purge=True)
        command.upgrade(config, f"{tables.SCHEMA_VERSION:04d}")
        connection.execute(update(tables.facts).where(tables.facts.c.name == "schema").values(value=str(tables.SCHEMA_VERSION)))


def _version(connection: Connection) -> int:
    return int(connection.execute(select(tables.facts.c.value).where(tables.facts.c.name == "schema")).scalar_one())
