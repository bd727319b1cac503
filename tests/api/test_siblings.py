"""What broke in other todo backends when they were asked. tests/architecture/test_siblings.py has the whole list."""

import shutil
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx
import pytest
from sqlalchemy import make_url, select, text

from app.database.urls import Backend
from app.models.user import User
from app.services.runtime import Runtime
from tests.conftest import Apps, client_of
from tests.support.accounts import PASSWORD, Account, NewAccount, register
from tests.support.tokens import Token

PAGE: Final = "https://app.example"
OTHER: Final = "https://other.example"


async def test_an_unauthenticated_call_is_401_and_not_500(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/tasks")).status_code == 401
    for sent in ("", "Bearer", "Bearer nonsense", "nonsense"):
        answer = await client.get("/api/tasks", headers={"Authorization": sent})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_preflight_and_an_error_carry_cors_headers(apps: Apps) -> None:
    asked = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization"}
    async with client_of(apps.make(cors_origins=PAGE)) as client:
        answers = {
            200: await client.options("/api/tasks", headers={"Origin": PAGE, **asked}),
            401: await client.get("/api/tasks", headers={"Origin": PAGE}),
            404: await client.get("/nothing", headers={"Origin": PAGE}),
            422: await client.post("/api/auth/login", json={}, headers={"Origin": PAGE}),
        }
    assert [answer.status_code for answer in answers.values()] == list(answers)
    assert [answer.headers["Access-Control-Allow-Origin"] for answer in answers.values()] == [PAGE] * 4


async def test_an_origin_with_a_trailing_slash_is_that_origin(apps: Apps) -> None:
    async with client_of(apps.make(cors_origins=f"{PAGE}/")) as client:
        answer = await client.get("/livez", headers={"Origin": PAGE})
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE


@pytest.mark.parametrize("setting", ["*", PAGE])
async def test_no_foreign_origin_is_reflected_with_credentials(apps: Apps, setting: str) -> None:
    async with client_of(apps.make(cors_origins=setting)) as client:
        answer = await client.get("/livez", headers={"Origin": OTHER, "Cookie": "a=b"})
    is_open = answer.headers.get("Access-Control-Allow-Origin") in {"*", OTHER}
    assert is_open is (setting == "*")
    assert not (is_open and "Access-Control-Allow-Credentials" in answer.headers)


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
async def test_the_documentation_needs_no_login(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 200


async def test_head_is_answered_as_get_and_405_says_what_is_allowed(client: httpx.AsyncClient) -> None:
    for path in ("/", "/livez", "/readyz"):
        assert (await client.head(path)).status_code == 200
    wrong = await client.put("/livez")
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


async def test_a_slash_at_the_end_is_no_redirect_to_http(me: httpx.AsyncClient) -> None:
    for answer in (await me.get("/api/tasks/"), await me.post("/api/tasks/", json={"title": "A"})):
        assert answer.status_code in {200, 201}
        assert not answer.headers.get("Location", "/").startswith("http")


async def test_a_token_that_never_expires_is_refused(client: httpx.AsyncClient, account: Account) -> None:
    token = Token.of(account.token)
    answers = [
        await client.get("/api/tasks", headers={"Authorization": f"Bearer {each}"})
        for each in (token, token.lacking("exp"))
    ]
    assert [answer.status_code for answer in answers] == [200, 401]


async def test_a_password_counts_beyond_its_72nd_byte(client: httpx.AsyncClient) -> None:
    account = {"email": "ada@example.com", "password": "ä" * 36 + "the end"}
    assert (await client.post("/api/auth/register", json=account)).status_code == 201
    for end, status in (("the end", 200), ("another", 401), ("", 401)):
        login = account | {"password": "ä" * 36 + end}
        assert (await client.post("/api/auth/login", json=login)).status_code == status


async def test_two_who_have_one_password_have_two_hashes(new_account: NewAccount, runtime: Runtime) -> None:
    users = [await new_account(), await new_account()]
    async with runtime.database.reading() as session:
        found = await session.scalars(select(User.password_hash).where(User.id.in_(UUID(user.id) for user in users)))
    hashes = set(found)
    assert len(hashes) == 2
    assert all(each.startswith("$argon2id$") and PASSWORD not in each for each in hashes)


async def test_a_toggle_that_is_retried_does_not_flip_back(me: httpx.AsyncClient) -> None:
    path = f"/api/tasks/{(await me.post('/api/tasks', json={'title': 'A'})).json()['id']}"
    toggles = [await me.patch(f"{path}/toggle", headers={"If-Match": '"1"'}) for _ in range(2)]
    assert [answer.status_code for answer in toggles] == [200, 412]
    assert (await me.get(path)).json()["completed"] is True
    for _ in range(2):
        assert (await me.post(f"{path}/reopen")).json()["completed"] is False


async def test_204_has_no_body(me: httpx.AsyncClient) -> None:
    answer = await me.delete(f"/api/tasks/{(await me.post('/api/tasks', json={'title': 'A'})).json()['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert {"Content-Length", "Content-Type"}.isdisjoint(answer.headers)


async def test_health_is_red_while_the_database_is_down(database_url: str, backend: Backend, tmp_path: Path) -> None:
    data = tmp_path / "data"
    away = make_url(database_url).set(port=1).render_as_string(hide_password=False)
    apps = Apps(f"sqlite:///{data}/todo.db" if backend == "sqlite" else away)
    async with client_of(apps.make()) as client:
        shutil.rmtree(data, ignore_errors=True)
        for path in ("/health", "/readyz"):
            assert (await client.get(path)).status_code == 503
    await apps.stop()


WHO: Final = {"postgresql": "SELECT pg_backend_pid()", "mysql": "SELECT CONNECTION_ID()"}
END: Final = {"postgresql": "SELECT pg_terminate_backend({})", "mysql": "KILL {}"}


@pytest.mark.backends("postgresql", "mysql")  # nobody cuts a file off
async def test_a_connection_that_the_server_cut_is_replaced_unseen(
    apps: Apps, runtime: Runtime, backend: Backend
) -> None:
    app = apps.make(db_pool_size=1)
    async with client_of(app) as client:
        account = await register(client)
        async with app.state.runtime.database.reading() as session:
            cut = await session.scalar(text(WHO[backend]))
        async with runtime.database.writing() as session:
            await session.execute(text(END[backend].format(cut)))
        assert (await client.get("/api/tasks", headers=account.headers)).status_code == 200


@pytest.mark.backends("postgresql")  # it is before PostgreSQL that such poolers stand
async def test_behind_a_pooler_no_prepared_statement_is_left_behind(database_url: str, runtime: Runtime) -> None:
    apps = Apps(f"{database_url}?pgbouncer=true")
    app = apps.make(db_pool_size=1)
    async with client_of(app) as client:
        account = await register(client)
        assert (await client.get("/api/tasks", headers=account.headers)).status_code == 200
        async with app.state.runtime.database.reading() as session:
            left = await session.scalars(text("SELECT statement FROM pg_prepared_statements"))
            assert [each for each in left if "pg_prepared_statements" not in each] == []
    await apps.stop()
