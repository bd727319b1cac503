"""The codes that cannot be provoked here: the server raises them by command, and they come through the driver."""

import pytest
from sqlalchemy import text

from app.database.faults import Fault, classify, explain
from app.database.urls import Backend
from tests.database.conftest import MakeDatabase

POSTGRESQL = {
    "23505": Fault.UNIQUE,
    "23503": Fault.FOREIGN_KEY,
    "23514": Fault.CHECK,
    "22001": Fault.TOO_LONG,
    "40001": Fault.CONTENTION,
    "40P01": Fault.CONTENTION,
    "55P03": Fault.CONTENTION,
    "53100": Fault.FULL,
    "53200": Fault.UNAVAILABLE,
    "53300": Fault.UNAVAILABLE,
    "53400": Fault.UNAVAILABLE,
    "57P01": Fault.UNAVAILABLE,
    "57P02": Fault.UNAVAILABLE,
    "57P03": Fault.UNAVAILABLE,
    "57P05": Fault.UNAVAILABLE,
    "25006": Fault.UNAVAILABLE,
    "08006": Fault.UNAVAILABLE,
    "58030": Fault.UNAVAILABLE,
    # Bugs of ours, whatever else they may be.
    "23502": None,
    "42601": None,
    "42P01": None,
    "22003": None,
}
MYSQL = {
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
    1203: Fault.UNAVAILABLE,
    1290: Fault.UNAVAILABLE,
    1927: Fault.UNAVAILABLE,
    # Bugs of ours, whatever else they may be.
    1048: None,
    1054: None,
    1064: None,
    1146: None,
    1264: None,
}


async def _raised(databases: MakeDatabase, statement: str) -> BaseException:
    with pytest.raises(Exception, match="raised by command") as caught:
        async with databases().writing() as session:
            await session.execute(text(statement))
    return caught.value


@pytest.mark.backends("postgresql")  # codes are each driver's own
@pytest.mark.parametrize("code", POSTGRESQL)
async def test_postgresql_codes(databases: MakeDatabase, code: str) -> None:
    raised = f"DO $$ BEGIN RAISE EXCEPTION 'raised by command' USING ERRCODE = '{code}'; END $$"
    assert classify(await _raised(databases, raised)) is POSTGRESQL[code]


@pytest.mark.backends("mysql")  # codes are each driver's own
@pytest.mark.parametrize("code", MYSQL)
async def test_mysql_codes(databases: MakeDatabase, code: int) -> None:
    raised = f"SIGNAL SQLSTATE 'HY000' SET MESSAGE_TEXT = 'raised by command', MYSQL_ERRNO = {code}"
    assert classify(await _raised(databases, raised)) is MYSQL[code]


LINES = {
    "postgresql": r"DO $$ BEGIN RAISE EXCEPTION E'raised by command\nand more' USING DETAIL = 'a row'; END $$",
    "mysql": r"SIGNAL SQLSTATE 'HY000' SET MESSAGE_TEXT = 'raised by command\nand more'",
}


@pytest.mark.backends("postgresql", "mysql")  # SQLite's messages are one line each
async def test_of_several_lines_the_first_is_told(backend: Backend, databases: MakeDatabase) -> None:
    assert explain(await _raised(databases, LINES[backend])) == "raised by command"
