"""Column types that mean the same on every database."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Dialect, LargeBinary, String, TypeDecorator
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.types import TypeEngine

_MYSQL = ("mysql", "mariadb")


class UtcDateTime(TypeDecorator[datetime]):
    """An instant with microseconds; takes aware datetimes only and always gives UTC.

    Left to themselves SQLite and MariaDB drop the zone, and MariaDB the fraction too.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        if dialect.name in _MYSQL:
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:  # noqa: ARG002
        # Not `process_result_value`, which is called by way of two more functions, and a page has hundreds of instants.
        if dialect.name == "postgresql":
            return None  # asyncpg's are in UTC
        return _from_text if dialect.name == "sqlite" else _from_naive


def _from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value + "+00:00")


def _from_naive(value: datetime | None) -> datetime | None:
    return None if value is None else value.replace(tzinfo=UTC)


class Id(TypeDecorator[UUID]):
    """A UUID: PostgreSQL's own type, 16 bytes elsewhere, which sort as the UUIDs do."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.UUID(as_uuid=True))
        if dialect.name in _MYSQL:
            return dialect.type_descriptor(mysql.BINARY(16))
        return dialect.type_descriptor(LargeBinary(16))

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> UUID | bytes | None:
        return value if value is None or dialect.name == "postgresql" else value.bytes

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], UUID | None]:  # noqa: ARG002
        return _from_uuid if dialect.name == "postgresql" else _from_bytes


def _from_uuid(value: UUID | None) -> UUID | None:
    return None if value is None else UUID(int=value.int)  # of Python's own class and not asyncpg's


def _from_bytes(value: bytes | None) -> UUID | None:
    return None if value is None else UUID(int=int.from_bytes(value))  # in two thirds of the time of UUID(bytes=…)


def sorted_by_bytes(length: int) -> String:
    """Text whose order is that of its bytes on every database (on MySQL by the table's collation)."""
    return String(length).with_variant(postgresql.VARCHAR(length, collation="C"), "postgresql")
