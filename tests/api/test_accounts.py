"""Accounts: registering, logging in and out, and one's own profile."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import httpx
import pytest

from tests.conftest import Apps, client_of
from tests.support.accounts import PASSWORD, Account, NewAccount

ME: Final = "/api/auth/me"
NOON: Final = datetime(2026, 11, 30, 12, tzinfo=UTC)
TAKEN: Final = "profi.strasse@example.com"


async def _register(client: httpx.AsyncClient, email: str, password: str = PASSWORD) -> httpx.Response:
    return await client.post("/api/auth/register", json={"email": email, "password": password})


async def _log_in(client: httpx.AsyncClient, email: str, password: str = PASSWORD) -> httpx.Response:
    return await client.post("/api/auth/login", json={"email": email, "password": password})


def _without_instance(answer: httpx.Response) -> dict[str, Any]:
    return {name: value for name, value in answer.json().items() if name != "instance"}


def _faults(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]]


async def test_registering_gives_a_token_and_the_account(apps: Apps) -> None:
    sent = {"email": "Eve@Example.com", "password": PASSWORD, "name": " Zoe\u0308 "}
    async with client_of(apps.make(lambda: NOON)) as client:
        answer = await client.post("/api/auth/register", json=sent)
        body = answer.json()
        me = await client.get(ME, headers={"Authorization": f"Bearer {body['access_token']}"})
    assert answer.status_code == 201
    assert body == {
        "access_token": body["access_token"],
        "token_type": "bearer",
        "expires_in": 900,
        "user": {
            "id": body["user"]["id"],
            "email": "Eve@example.com",
            "name": "Zoë",
            "time_zone": "UTC",
            "version": 1,
            "created_at": "2026-11-30T12:00:00Z",
            "updated_at": "2026-11-30T12:00:00Z",
        },
    }
    assert UUID(body["user"]["id"]).version == 7
    assert me.json() == body["user"]


@pytest.mark.parametrize(
    "email",
    [
        TAKEN,
        "PROFI.Strasse@Example.COM",
        "pro\ufb01.strasse@example.com",  # a ligature, which NFKC spells out
        "\uff50rofi.strasse@example.com",  # a full-width letter
        "profi.stra\u00dfe@example.com",  # casefold makes two letters of it
        "  profi.strasse@example.com ",
    ],
    ids=["same", "case", "ligature", "full width", "sharp s", "blanks"],
)
async def test_another_spelling_of_a_taken_address_is_the_same_account(client: httpx.AsyncClient, email: str) -> None:
    first = await _register(client, TAKEN)
    second = await _register(client, email, "another password")
    assert (second.status_code, second.json()["code"]) == (409, "email_taken")
    again = await _log_in(client, email)
    assert again.json()["user"] == first.json()["user"]


@pytest.mark.parametrize(
    "other", ["profi.stra\u00dde@example.com", "profi.str\u00e4sse@example.com", "profistrasse@example.com"]
)
async def test_addresses_that_differ_in_an_accent_or_a_dot_are_two_accounts(
    client: httpx.AsyncClient, other: str
) -> None:
    answers = [await _register(client, email) for email in (TAKEN, other)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert (await _log_in(client, other)).json()["user"] == answers[1].json()["user"]


async def test_of_five_who_want_one_address_at_once_one_gets_it(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(_register(client, TAKEN, f"password {n}") for n in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    winner = [answer.status_code for answer in answers].index(201)
    logins = [(await _log_in(client, TAKEN, f"password {n}")).status_code for n in range(5)]
    assert logins == [200 if n == winner else 401 for n in range(5)]


@pytest.mark.parametrize(("length", "status"), [(254, 201), (255, 422)])
async def test_an_address_has_254_characters_at_most(client: httpx.AsyncClient, length: int, status: int) -> None:
    domain = ".".join(["d" * 60] * 3) + ".com"
    email = "e" * (length - len(domain) - 1) + "@" + domain
    answer = await _register(client, email)
    assert (len(email), answer.status_code) == (length, status)


async def test_logging_in_answers_as_registering_does(client: httpx.AsyncClient) -> None:
    registered = (await _register(client, TAKEN)).json()
    answer = await _log_in(client, TAKEN)
    body = answer.json()
    assert answer.status_code == 200
    assert body == registered | {"access_token": body["access_token"]}
    assert body["access_token"] != registered["access_token"]


async def test_a_wrong_password_and_an_unknown_address_look_the_same(
    client: httpx.AsyncClient, account: Account
) -> None:
    wrong = await _log_in(client, account.email, "not the password")
    unknown = await _log_in(client, "nobody@example.com", "not the password")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.headers["WWW-Authenticate"] == unknown.headers["WWW-Authenticate"] == "Bearer"
    assert wrong.json()["code"] == "wrong_credentials"
    assert _without_instance(wrong) == _without_instance(unknown)
    assert wrong.headers.keys() == unknown.headers.keys()


async def test_the_password_form_gives_a_token_by_the_names_of_oauth2(
    client: httpx.AsyncClient, account: Account
) -> None:
    form = {
        "grant_type": "password",
        "username": account.email.upper(),
        "password": PASSWORD,
        "scope": "",
        "client_id": "docs",
    }
    answer = await client.post("/api/auth/token", data=form)
    body = answer.json()
    assert (answer.status_code, body) == (
        200,
        {"access_token": body["access_token"], "token_type": "bearer", "expires_in": 900},
    )
    me = await client.get(ME, headers={"Authorization": f"Bearer {body['access_token']}"})
    assert me.json()["id"] == account.id


async def test_the_password_form_refuses_as_the_login_does(client: httpx.AsyncClient, account: Account) -> None:
    refused = await _log_in(client, account.email, "not the password")
    answer = await client.post("/api/auth/token", data={"username": account.email, "password": "not the password"})
    assert (answer.status_code, _without_instance(answer)) == (401, _without_instance(refused))
    other = {"grant_type": "client_credentials", "username": account.email, "password": PASSWORD}
    assert _faults(await client.post("/api/auth/token", data=other)) == [("#/grant_type", "not_a_choice")]


async def test_logging_out_ends_this_session_and_no_other(client: httpx.AsyncClient, new_account: NewAccount) -> None:
    account, stranger = await new_account(), await new_account()
    login = (await _log_in(client, account.email)).json()
    second = {"Authorization": f"Bearer {login['access_token']}"}
    answer = await client.post("/api/auth/logout", headers=account.headers)
    assert (answer.status_code, answer.content) == (204, b"")
    seen = [
        (await client.get(ME, headers=headers)).status_code for headers in (account.headers, second, stranger.headers)
    ]
    assert seen == [401, 200, 200]
    assert (await client.post("/api/auth/logout", headers=account.headers)).status_code == 401


async def test_ones_own_account_has_its_version_as_etag(me: httpx.AsyncClient, account: Account) -> None:
    answer = await me.get(ME)
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"1"'
    assert (answer.json()["id"], answer.json()["email"], answer.json()["version"]) == (account.id, account.email, 1)


@pytest.mark.parametrize("tag", ['"1"', 'W/"1"', '"0", "1"', "*"])
async def test_who_has_the_account_already_gets_304(me: httpx.AsyncClient, tag: str) -> None:
    answer = await me.get(ME, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", '"1"')


@pytest.mark.parametrize("tag", ['"2"', 'W/"2"', '"11"', '"x"', ""])
async def test_who_has_another_version_gets_the_account(me: httpx.AsyncClient, tag: str) -> None:
    answer = await me.get(ME, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.json()["version"]) == (200, 1)


async def test_a_patch_changes_what_is_sent_and_nothing_else(me: httpx.AsyncClient) -> None:
    before = (await me.get(ME)).json()
    answer = await me.patch(ME, json={"name": "  Zoe\u0308 "})
    named = answer.json()
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert named == before | {"name": "Zo\u00eb", "version": 2, "updated_at": named["updated_at"]}
    assert named["updated_at"] > before["updated_at"]
    zoned = (await me.patch(ME, json={"time_zone": "Europe/Berlin"})).json()
    assert zoned == named | {"time_zone": "Europe/Berlin", "version": 3, "updated_at": zoned["updated_at"]}
    assert (await me.get(ME)).json() == zoned


async def test_null_clears_the_name(me: httpx.AsyncClient) -> None:
    await me.patch(ME, json={"name": "Zoe"})
    assert (await me.patch(ME, json={"name": None})).json()["name"] is None
    assert (await me.get(ME)).json()["name"] is None


async def test_a_patch_that_changes_nothing_is_no_new_version(me: httpx.AsyncClient) -> None:
    before = (await me.get(ME)).json()
    answer = await me.patch(ME, json={"name": None, "time_zone": "UTC"})
    assert (answer.status_code, answer.json()) == (200, before)


async def test_a_patch_over_an_older_version_is_refused_with_the_current_one(me: httpx.AsyncClient) -> None:
    current = (await me.patch(ME, json={"name": "First"}, headers={"If-Match": '"1"'})).json()
    for tag in ('"1"', 'W/"2"', '"12"', ""):
        answer = await me.patch(ME, json={"name": "Second"}, headers={"If-Match": tag})
        assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
        assert answer.json()["current"] == current
    assert (await me.get(ME)).json() == current
    for tag in ('"1", "2"', "*"):
        assert (await me.patch(ME, json={"name": tag}, headers={"If-Match": tag})).status_code == 200


async def test_of_two_patches_over_one_version_at_once_one_wins(me: httpx.AsyncClient) -> None:
    names = [f"name {n}" for n in range(5)]
    headers = {"If-Match": '"1"'}
    answers = await asyncio.gather(*(me.patch(ME, json={"name": name}, headers=headers) for name in names))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412]
    won = next(answer.json() for answer in answers if answer.status_code == 200)
    assert (await me.get(ME)).json() == won
    assert won["version"] == 2


async def test_a_new_zone_moves_what_is_due_by_the_users_clock(me: httpx.AsyncClient) -> None:
    task = (await me.post("/api/tasks", json={"title": "Rent", "due": {"date": "2026-11-30"}})).json()
    assert task["due_at"] == "2026-11-30T00:00:00Z"
    await me.patch(ME, json={"time_zone": "Europe/Berlin"})
    moved = (await me.get(f"/api/tasks/{task['id']}")).json()
    assert (moved["due_at"], moved["version"]) == ("2026-11-29T23:00:00Z", 2)
