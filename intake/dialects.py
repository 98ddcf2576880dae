"""Servers that speak PostgreSQL's protocol under another name: Kingbase, openGauss, GaussDB, HighGo, Vastbase.

They are reached with psycopg, which is always there. Two things differ: how they state their version, and that they lack
some of what newer PostgreSQL has.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

NAMES = ("kingbase", "opengauss", "gaussdb", "highgo", "vastbase")


class PostgreSQLLike(PGDialect_psycopg):
    """PostgreSQL for reading, whatever the server calls itself."""

    supports_statement_cache = True

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"use_native_hstore": False, **options})  # type: ignore[no-untyped-call]

    def _get_server_version_info(self, connection: sa.Connection) -> tuple[int, ...]:
        """Their version texts follow no common form; all of them have what PostgreSQL 9.2 has."""
        return (9, 2)


for _name in NAMES:
    registry.register(_name, __name__, PostgreSQLLike.__name__)
    registry.register(f"{_name}.psycopg", __name__, PostgreSQLLike.__name__)
