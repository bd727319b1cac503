"""Passwords: which are taken, what is kept of them, and what a flood of logins meets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from app.models.user import User
from app.services.runtime import Runtime
from tests.conftest import Apps, client_of
from tests.support.accounts import PASSWORD, Account, NewAccount

EMAIL = "eve@example.com"


async def _register(client: httpx.AsyncClient, password: str) -> httpx.Response:
    return await client.post("/api/auth/register", json={"email": EMAIL, "password": password})


async def _log_in(client: httpx.AsyncClient, password: str, email: str = EMAIL) -> httpx.Response:
    return await client.post("/api/auth/login", json={"email": email, "password": password})


async def _stored(runtime: Runtime, account: Account) -> str:
    async with runtime.database.reading() as session:
        stored = await session.scalar(select(User.password_hash).where(User.id == UUID(account.id)))
    assert stored is not None
    return stored


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("1234567", "too_short"),
        ("", "too_short"),
        ("ä" * 7, "too_short"),
        ("a\u0308" * 7, "too_short"),
        ("1" * 257, "too_long"),
        ("🗝" * 257, "too_long"),
    ],
    ids=["7", "none", "7 of two bytes", "7 of two code points", "257", "257 of four bytes"],
)
async def test_a_password_of_another_length_is_refused(client: httpx.AsyncClient, password: str, fault: str) -> None:
    answer = await _register(client, password)
    assert answer.status_code == 422
    assert [(found["pointer"], found["code"]) for found in answer.json()["errors"]] == [("#/password", fault)]
    assert (await _register(client, PASSWORD)).status_code == 201


@pytest.mark.parametrize(
    "password",
    ["12345678", "1" * 256, "🗝" * 256, " " * 8],
    ids=["8", "256", "256 of four bytes", "blanks"],
)
async def test_a_password_within_the_limits_opens_the_account(client: httpx.AsyncClient, password: str) -> None:
    assert (await _register(client, password)).status_code == 201
    assert (await _log_in(client, password)).status_code == 200


@pytest.mark.parametrize(
    ("password", "other"),
    [
        ("a" * 199 + "b", "a" * 199 + "c"),
        ("🗝" * 199 + "b", "🗝" * 199 + "c"),
        (" password ", "password"),
        ("password", "password "),
        ("password", "Password"),
        ("pass\x00word", "pass\x00wort"),
        ("\ufb01nd my password", "find my password"),
    ],
    ids=["200 characters", "200 of four bytes", "blanks around", "blank behind", "case", "behind a NUL", "ligature"],
)
async def test_passwords_that_differ_anywhere_are_different(
    client: httpx.AsyncClient, password: str, other: str
) -> None:
    assert (await _register(client, password)).status_code == 201
    assert (await _log_in(client, other)).status_code == 401


async def test_two_keyboards_spellings_of_one_password_are_the_same(client: httpx.AsyncClient) -> None:
    await _register(client, "p\u00e4ssw\u00f6rd")
    assert (await _log_in(client, "pa\u0308sswo\u0308rd")).status_code == 200


async def test_a_password_is_kept_as_argon2id_of_19_mib_twice(
    runtime: Runtime, account: Account, new_account: NewAccount
) -> None:
    stored, other = await _stored(runtime, account), await _stored(runtime, await new_account())
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert PASSWORD not in stored
    assert stored != other  # of the same password: each has its salt


@pytest.fixture
async def patient(apps: Apps) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application that waits for its database, however slow the machine is."""
    async with client_of(apps.make(db_pool_timeout=60)) as client:
        yield client


def _attempt(client: httpx.AsyncClient, route: str, email: str) -> Awaitable[httpx.Response]:
    if route == "token":
        return client.post("/api/auth/token", data={"username": email, "password": PASSWORD})
    return client.post(f"/api/auth/{route}", json={"email": email, "password": PASSWORD})


def _assert_overloaded(answers: list[httpx.Response]) -> None:
    assert answers
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert int(answer.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("route", ["login", "token"])
async def test_a_flood_of_logins_is_told_to_come_back(patient: httpx.AsyncClient, account: Account, route: str) -> None:
    """Two hash at a time and twenty wait. Who comes in vain is told so, and nobody sees another failure."""
    answers = await asyncio.gather(*(_attempt(patient, route, account.email) for _ in range(60)))
    _assert_overloaded([answer for answer in answers if answer.status_code != 200])
    assert [answer.status_code for answer in answers].count(200) >= 22
    assert (await _log_in(patient, PASSWORD, account.email)).status_code == 200


async def test_who_could_not_register_in_a_flood_left_nothing_behind(
    patient: httpx.AsyncClient, runtime: Runtime
) -> None:
    answers = await asyncio.gather(*(_attempt(patient, "register", f"{n}@example.com") for n in range(60)))
    _assert_overloaded([answer for answer in answers if answer.status_code != 201])
    async with runtime.database.reading() as session:
        kept = set(await session.scalars(select(User.email)))
    assert kept == {answer.json()["user"]["email"] for answer in answers if answer.status_code == 201}
