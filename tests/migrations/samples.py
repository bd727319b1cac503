"""Rows for every table: plain values, as no revision knows the application's types.

A revision that adds a table or a required column needs its values here: its round trip is tested with them.
"""

from collections.abc import Set
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, MetaData

ANN, BOB = UUID("0192f0c1-0000-7000-8000-000000000001"), UUID("ffffffff-ffff-7fff-bfff-ffffffffffff")
TASK = UUID("0192f0c1-1234-7abc-8def-00ff00ff00ff")
EARLY = datetime(1901, 1, 1, tzinfo=UTC)
LATE = datetime(2026, 11, 23, 16, 59, 59, 999_999, tzinfo=UTC)
NEVER = datetime(9999, 12, 31, tzinfo=UTC)


def _user(key: UUID, email: str, name: str | None) -> dict[str, Any]:
    return {
        "id": key,
        "email": email,
        "email_key": email.lower(),
        "name": name,
        "time_zone": "Europe/Berlin",
        "password_hash": "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
        "version": 1,
        "created_at": EARLY,
        "updated_at": LATE,
    }


def _task(owner: UUID, key: UUID, title: str, **values: Any) -> dict[str, Any]:
    return {
        "user_id": owner,
        "id": key,
        "title": title,
        "title_key": title.lower(),
        "description": None,
        "priority": 0,
        "due_date": None,
        "due_time": None,
        "due_time_zone": None,
        "due_key": NEVER,
        "position": "a0",
        "version": 1,
        "created_at": EARLY,
        "updated_at": LATE,
        "completed_at": None,
        "deleted_at": None,
        **values,
    }


_DUE: Final[dict[str, Any]] = {
    "due_date": date(2028, 2, 29),
    "due_time": "23:59",
    "due_time_zone": "America/Argentina/ComodRivadavia",
    "due_key": LATE,
}
SAMPLES: Final[dict[str, list[dict[str, Any]]]] = {
    "users": [_user(ANN, "Ann@example.com", "Änn 😀"), _user(BOB, "b" * 242 + "@example.com", None)],
    "sessions": [
        {"user_id": ANN, "id": TASK, "created_at": EARLY, "expires_at": LATE},
        {"user_id": BOB, "id": TASK, "created_at": EARLY, "expires_at": NEVER},
    ],
    "tasks": [
        _task(ANN, TASK, "Pay rent"),
        _task(BOB, TASK, "  trailing blank ", description="a\n\tb\\'\"%s" * 500, position="Zz"),
        _task(ANN, BOB, "Ä😀" * 100, **_DUE, priority=3, version=2_147_483_647, completed_at=LATE, deleted_at=LATE),
    ],
}


def fill(connection: Connection, tables: Set[str]) -> None:
    """Put the sample rows into these tables, as far as their columns exist yet."""
    metadata = MetaData()
    metadata.reflect(connection, only=sorted(tables))
    for table in metadata.sorted_tables:
        if table.name in tables:
            assert table.name in SAMPLES, f"tests/migrations/samples.py has no rows for {table.name}"
            rows = [
                {name: _plain(value, connection) for name, value in row.items() if name in table.columns}
                for row in SAMPLES[table.name]
            ]
            connection.execute(table.insert(), rows)


def _plain(value: Any, connection: Connection) -> Any:
    if connection.dialect.name == "postgresql":
        return value
    if isinstance(value, UUID):
        return value.bytes
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value
