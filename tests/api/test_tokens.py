"""Access tokens: what is in one, until when it is good, and that nobody else can make one."""

import string
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import delete

from app.models.user import User
from app.services.runtime import Runtime
from tests.conftest import Apps, client_of
from tests.support.accounts import Account, NewAccount, register
from tests.support.tokens import FORGED, Forgery, Token

NOON: Final = datetime(2026, 11, 30, 12, tzinfo=UTC)
ALPHABET: Final = string.ascii_letters + string.digits + "-_"  # of base64url
OPEN_ROUTES: Final = {
    *("GET /", "GET /livez", "GET /readyz", "GET /health", "GET /version", "GET /problems/{code}"),
    *("POST /api/auth/register", "POST /api/auth/login", "POST /api/auth/token"),
}


class HeldClock:
    """A clock that a test moves."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


async def _asked(client: httpx.AsyncClient, authorization: str | bytes) -> httpx.Response:
    value = authorization.encode() if isinstance(authorization, str) else authorization
    return await client.get("/api/auth/me", headers=[(b"Authorization", value)])


async def _is_good(client: httpx.AsyncClient, token: object) -> bool:
    """Whether the token opens the account; if not, it must be refused in the one right way."""
    answer = await _asked(client, f"Bearer {token}")
    if answer.status_code == 200:
        return True
    _assert_refused(answer)
    return False


def _assert_refused(answer: httpx.Response) -> None:
    body: dict[str, Any] = answer.json()
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert body == {
        "type": "/problems/invalid-token",
        "title": "The token is not good",
        "status": 401,
        "detail": body["detail"],
        "instance": f"urn:request:{answer.headers['X-Request-ID']}",
        "code": "invalid_token",
    }


async def test_a_token_says_what_the_contract_says(apps: Apps) -> None:
    async with client_of(apps.make(HeldClock(NOON))) as client:
        account = await register(client)
    token = Token.of(account.token)
    assert token.header == {"alg": "HS256", "typ": "at+jwt", "kid": token.header["kid"]}
    now = int(NOON.timestamp())
    assert token.claims == {
        "iss": "todo",
        "aud": "todo",
        "sub": account.id,
        "exp": now + 15 * 60,
        "iat": now,
        "jti": token.claims["jti"],
        "sid": token.claims["sid"],
        "user_id": account.id,
        "email": account.email,
    }
    assert len({account.id, token.claims["jti"], token.claims["sid"]}) == 3
    assert [UUID(token.claims[name]).version for name in ("sub", "jti", "sid")] == [7, 7, 7]


async def test_a_token_made_by_hand_with_the_key_is_good(client: httpx.AsyncClient, account: Account) -> None:
    """So each of the forged ones below fails for its one fault."""
    token = Token.of(account.token)
    assert await _is_good(client, token)
    assert await _is_good(client, token.claiming(more="unknown claims are ignored"))
    assert await _is_good(client, token.claiming(nbf=token.claims["iat"]))


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED.keys())
async def test_a_forged_token_is_refused(client: httpx.AsyncClient, account: Account, forge: Forgery) -> None:
    assert not await _is_good(client, forge(Token.of(account.token)))


async def test_no_other_spelling_of_a_signature_is_good(client: httpx.AsyncClient, account: Account) -> None:
    """The last character of 43 carries two bits that a lenient decoder drops."""
    body, last = account.token[:-1], account.token[-1]
    assert [other for other in ALPHABET if await _is_good(client, body + other)] == [last]


async def test_somebody_elses_id_with_ones_own_session_is_refused(
    client: httpx.AsyncClient, account: Account, new_account: NewAccount
) -> None:
    other = await new_account()
    assert not await _is_good(client, Token.of(account.token).claiming(sub=other.id, user_id=other.id))
    assert not await _is_good(client, Token.of(account.token).claiming(sid=Token.of(other.token).claims["sid"]))


async def test_a_token_ends_with_its_session(client: httpx.AsyncClient, account: Account) -> None:
    assert await _is_good(client, account.token)
    assert (await client.post("/api/auth/logout", headers=account.headers)).status_code == 204
    assert not await _is_good(client, account.token)


async def test_a_token_ends_with_its_user(client: httpx.AsyncClient, account: Account, runtime: Runtime) -> None:
    async with runtime.database.writing() as session:
        await session.execute(delete(User).where(User.id == UUID(account.id)))
    assert not await _is_good(client, account.token)


async def test_a_token_is_good_until_the_second_before_it_expires(apps: Apps) -> None:
    clock = HeldClock(NOON)
    async with client_of(apps.make(clock)) as client:
        token = (await register(client)).token
        clock.now = NOON + timedelta(minutes=15, seconds=-1)
        assert await _is_good(client, token)
        clock.now = NOON + timedelta(minutes=15)
        assert not await _is_good(client, token)


async def test_no_token_outlives_its_session(apps: Apps) -> None:
    clock = HeldClock(NOON)
    async with client_of(apps.make(clock, session_days=1)) as client:
        token = Token.of((await register(client)).token).claiming(exp=int(NOON.timestamp()) + 86_400 + 600)
        clock.now = NOON + timedelta(days=1, seconds=-1)
        assert await _is_good(client, token)
        clock.now = NOON + timedelta(days=1)
        assert not await _is_good(client, token)


async def test_a_token_of_another_installation_is_refused(apps: Apps) -> None:
    elsewhere = apps.make(jwt_secret="the secret of another installation")
    async with client_of(elsewhere) as there, client_of(apps.make()) as here:
        account = await register(there)
        assert await _is_good(there, account.token)
        assert not await _is_good(here, account.token)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
async def test_the_schemes_case_does_not_matter(client: httpx.AsyncClient, account: Account, scheme: str) -> None:
    answer = await _asked(client, f"{scheme} {account.token}")
    assert answer.json()["id"] == account.id


async def test_bearer_with_nothing_behind_it_is_refused(client: httpx.AsyncClient) -> None:
    _assert_refused(await _asked(client, "Bearer"))
    _assert_refused(await _asked(client, "Bearer "))


@pytest.mark.parametrize("authorization", ["", "Basic dXNlcjpwYXNz", "Token abc", "abc", "\tBearer"])
async def test_another_scheme_is_no_token(client: httpx.AsyncClient, authorization: str) -> None:
    answer = await _asked(client, authorization)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_token_counts_in_the_header_alone(client: httpx.AsyncClient, account: Account) -> None:
    places: list[dict[str, Any]] = [
        {"params": {"access_token": account.token}},
        {"headers": {"Cookie": f"access_token={account.token}"}},
    ]
    for place in places:
        answer = await client.get("/api/auth/me", **place)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_every_other_route_demands_a_token(client: httpx.AsyncClient, shared_app: FastAPI) -> None:
    paths = shared_app.openapi()["paths"]
    operations = {(method.upper(), path) for path, item in paths.items() for method in item}
    for method, path in operations - {(*route.split(" "),) for route in OPEN_ROUTES}:
        answer = await client.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), (method, path)
