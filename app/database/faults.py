"""What went wrong in the database, told by the driver's code and never by class or message.

Classes differ between drivers and between SQLAlchemy 2.0 and 2.1: MariaDB's failed CHECK is an
OperationalError, PostgreSQL's an IntegrityError. Codes do not.
"""

import ssl
from enum import Enum, auto
from typing import Any, Final

from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class Fault(Enum):
    """The kinds of failure, told alike on every database."""

    UNIQUE = auto()
    FOREIGN_KEY = auto()
    CHECK = auto()
    TOO_LONG = auto()
    CONTENTION = auto()  # another transaction was in the way: try again
    UNAVAILABLE = auto()  # no connection to be had
    FULL = auto()  # no room left to write


# https://www.sqlite.org/rescode.html: extended codes first, then the primary ones (the low byte).
_SQLITE: Final[dict[int, Fault]] = {
    2067: Fault.UNIQUE,
    1555: Fault.UNIQUE,
    2579: Fault.UNIQUE,
    787: Fault.FOREIGN_KEY,
    275: Fault.CHECK,
    18: Fault.TOO_LONG,
    5: Fault.CONTENTION,
    6: Fault.CONTENTION,
    13: Fault.FULL,
    8: Fault.UNAVAILABLE,
    10: Fault.UNAVAILABLE,
    14: Fault.UNAVAILABLE,
}
# https://www.postgresql.org/docs/current/errcodes-appendix.html: codes first, then classes.
_POSTGRESQL: Final[dict[str, Fault]] = {
    "23505": Fault.UNIQUE,
    "23503": Fault.FOREIGN_KEY,
    "23514": Fault.CHECK,
    "22001": Fault.TOO_LONG,
    "40001": Fault.CONTENTION,
    "40P01": Fault.CONTENTION,
    "55P03": Fault.CONTENTION,
    "53100": Fault.FULL,
    "57P01": Fault.UNAVAILABLE,
    "57P02": Fault.UNAVAILABLE,
    "57P03": Fault.UNAVAILABLE,
    "57P05": Fault.UNAVAILABLE,
    "25006": Fault.UNAVAILABLE,
    "08": Fault.UNAVAILABLE,
    "53": Fault.UNAVAILABLE,
    "58": Fault.UNAVAILABLE,
}
# The servers' and the client library's numbers, MySQL's and MariaDB's.
_MYSQL: Final[dict[int, Fault]] = {
    1062: Fault.UNIQUE,
    1451: Fault.FOREIGN_KEY,
    1452: Fault.FOREIGN_KEY,
    3819: Fault.CHECK,
    4025: Fault.CHECK,
    1406: Fault.TOO_LONG,
    1205: Fault.CONTENTION,
    1213: Fault.CONTENTION,
    1020: Fault.CONTENTION,
    1021: Fault.FULL,
    1114: Fault.FULL,
    1040: Fault.UNAVAILABLE,
    1053: Fault.UNAVAILABLE,
    1129: Fault.UNAVAILABLE,
    1158: Fault.UNAVAILABLE,
    1159: Fault.UNAVAILABLE,
    1160: Fault.UNAVAILABLE,
    1161: Fault.UNAVAILABLE,
    1203: Fault.UNAVAILABLE,
    1290: Fault.UNAVAILABLE,
    1927: Fault.UNAVAILABLE,
    2002: Fault.UNAVAILABLE,
    2003: Fault.UNAVAILABLE,
    2006: Fault.UNAVAILABLE,
    2013: Fault.UNAVAILABLE,
    2014: Fault.UNAVAILABLE,
}


def classify(error: BaseException) -> Fault | None:
    """The kind of a database failure, or None when it is a bug or none of the database's."""
    if isinstance(error, PoolTimeout):
        return Fault.UNAVAILABLE
    if isinstance(error, DBAPIError | StatementError):
        fault = _by_code(error.orig) if error.orig is not None else None
        if fault is None and isinstance(error, DBAPIError) and error.connection_invalidated:
            return Fault.UNAVAILABLE
        return fault
    # A connection that cannot be opened fails before SQLAlchemy wraps anything: asyncpg lets the
    # operating system's error through, and a connect that takes too long is a TimeoutError.
    if isinstance(error, OSError):
        return Fault.UNAVAILABLE
    return _by_code(error)


def _by_code(error: BaseException) -> Fault | None:
    code: Any = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return _SQLITE.get(code) or _SQLITE.get(code & 0xFF)
    code = getattr(error, "sqlstate", None)
    if code is not None:
        return _POSTGRESQL.get(code) or _POSTGRESQL.get(code[:2])
    if error.args and isinstance(error.args[0], int):
        return _MYSQL.get(error.args[0])
    if isinstance(error, OSError):
        return Fault.UNAVAILABLE
    cause = error.__cause__
    return _by_code(cause) if cause is not None else None


def explain(error: BaseException) -> str:
    """The failure in one line for a command line: the driver's own words, of which none is a password."""
    cause = error.orig if isinstance(error, StatementError) and error.orig is not None else error
    if isinstance(cause.__cause__, ssl.SSLError):  # what MySQL's driver calls "can't connect"
        cause = cause.__cause__
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    words = cause.args[-1] if cause.args else type(cause).__name__
    return str(words).splitlines()[0] if str(words) else type(cause).__name__
