"""One task: made, read, thrown away; and what its texts become."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select

from app.models.task import Task
from app.services.runtime import Runtime
from tests.support.accounts import Account

WHOLE: dict[str, Any] = {
    "title": "Pay rent",
    "description": "To the landlord",
    "completed": True,
    "priority": "high",
    "due": {"date": "2026-11-30", "time": "09:00", "time_zone": "Europe/Berlin"},
}


async def _make(me: httpx.AsyncClient, **fields: Any) -> Any:
    answer = await me.post("/api/tasks", json={"title": "Pay rent", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_new_task_has_every_field_of_the_contract(me: httpx.AsyncClient, account: Account) -> None:
    answer = await me.post("/api/tasks", json={"title": "  Pay rent  "})
    task = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/tasks/{task['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert task["created_at"] == task["updated_at"]
    assert task | {"id": "", "created_at": "", "updated_at": ""} == {
        "id": "",
        "user_id": account.id,
        "title": "Pay rent",
        "description": None,
        "completed": False,
        "completed_at": None,
        "priority": "none",
        "due": None,
        "due_at": None,
        "position": "a0",
        "version": 1,
        "created_at": "",
        "updated_at": "",
        "deleted_at": None,
    }


async def test_a_new_task_has_what_was_sent(me: httpx.AsyncClient) -> None:
    task = await _make(me, **WHOLE)
    assert {name: task[name] for name in WHOLE} == WHOLE
    assert task["due_at"] == "2026-11-30T08:00:00Z"
    assert task["completed_at"] == task["updated_at"] == task["created_at"]
    assert task["version"] == 1


async def test_what_was_made_is_what_is_read(me: httpx.AsyncClient) -> None:
    task = await _make(me, **WHOLE)
    answer = await me.get(f"/api/tasks/{task['id']}")
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"1"'
    assert answer.json() == task


async def test_the_server_makes_ids_of_version_7(me: httpx.AsyncClient) -> None:
    assert UUID((await _make(me))["id"]).version == 7


async def test_instants_are_in_utc_with_microseconds(me: httpx.AsyncClient, runtime: Runtime) -> None:
    task = await _make(me, completed=True)
    async with runtime.database.reading() as session:
        row = await session.scalar(select(Task).where(Task.id == UUID(task["id"])))
    assert row is not None
    for field in ("created_at", "updated_at", "completed_at"):
        assert task[field].endswith("Z")
        assert datetime.fromisoformat(task[field]) == getattr(row, field)


async def test_a_new_task_stands_behind_all_others_even_those_in_the_trash(me: httpx.AsyncClient) -> None:
    first, second, third = [await _make(me) for _ in range(3)]
    assert first["position"] < second["position"] < third["position"]
    await me.delete(f"/api/tasks/{third['id']}")
    assert (await _make(me))["position"] > third["position"]


@pytest.mark.parametrize("nobody", [str(uuid4()), "00000000-0000-0000-0000-000000000000"], ids=["random", "nil"])
async def test_an_id_that_nobody_has_is_not_found(me: httpx.AsyncClient, nobody: str) -> None:
    answer = await me.get(f"/api/tasks/{nobody}")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


async def test_what_is_no_id_at_all_is_refused(me: httpx.AsyncClient) -> None:
    answer = await me.get("/api/tasks/seven")
    assert answer.status_code == 422
    assert answer.json()["errors"][0] == {
        "pointer": "path/task_id",
        "code": "not_a_uuid",
        "detail": "must be a UUID",
    }


async def test_deleting_answers_without_a_body(me: httpx.AsyncClient) -> None:
    task = await _make(me)
    answer = await me.delete(f"/api/tasks/{task['id']}")
    assert answer.status_code == 204
    assert answer.content == b""
    assert "content-type" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"title": "Back"}),
        ("DELETE", "", None),
        ("POST", "/complete", None),
        ("POST", "/reopen", None),
        ("PATCH", "/toggle", None),
    ],
    ids=["get", "patch", "delete again", "complete", "reopen", "toggle"],
)
async def test_what_is_deleted_is_found_nowhere(
    me: httpx.AsyncClient, method: str, path: str, body: dict[str, Any] | None
) -> None:
    task = await _make(me)
    await me.delete(f"/api/tasks/{task['id']}")
    answer = await me.request(method, f"/api/tasks/{task['id']}{path}", json=body)
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


async def test_what_is_deleted_is_in_no_list(me: httpx.AsyncClient) -> None:
    kept, gone = await _make(me), await _make(me)
    await me.delete(f"/api/tasks/{gone['id']}")
    answer = await me.get("/api/tasks", params={"count": "true"})
    assert [task["id"] for task in answer.json()] == [kept["id"]]
    assert answer.headers["X-Total-Count"] == "1"


async def test_deleting_keeps_the_row_in_the_trash(me: httpx.AsyncClient, runtime: Runtime) -> None:
    task = await _make(me)
    await me.delete(f"/api/tasks/{task['id']}")
    async with runtime.database.reading() as session:
        row = await session.scalar(select(Task).where(Task.id == UUID(task["id"])))
    assert row is not None
    assert row.deleted_at == row.updated_at > row.created_at
    assert (row.title, row.version) == ("Pay rent", 2)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("  Pay rent\t\n", "Pay rent"),
        ("\u00a0\u3000Pay rent\u2003", "Pay rent"),
        ("Pay  rent", "Pay  rent"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("  " + "x" * 200 + "  ", "x" * 200),
        ("e\u0301" * 200, "\u00e9" * 200),
        ("\N{PARTY POPPER}" * 200, "\N{PARTY POPPER}" * 200),
        ("a\r\nb", "a\nb"),
    ],
    ids=["blanks", "wide blanks", "inner blanks", "NFC", "200 trimmed", "200 as NFC", "200 beyond the BMP", "CRLF"],
)
async def test_a_title_is_trimmed_and_normal(me: httpx.AsyncClient, sent: str, kept: str) -> None:
    task = await _make(me, title=sent)
    assert task["title"] == kept
    assert (await me.get(f"/api/tasks/{task['id']}")).json()["title"] == kept


@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("", "too_short"),
        (" \t\n\u00a0\u3000", "too_short"),
        ("x" * 201, "too_long"),
        ("a\x00b", "forbidden_character"),
        ("a\rb", "forbidden_character"),
        (None, "wrong_type"),
        (7, "wrong_type"),
    ],
    ids=["empty", "blanks", "201", "NUL", "lone CR", "null", "number"],
)
async def test_a_title_that_is_none_is_refused(me: httpx.AsyncClient, title: Any, code: str) -> None:
    answer = await me.post("/api/tasks", json={"title": title})
    assert answer.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]] == [("#/title", code)]
    assert (await me.get("/api/tasks")).json() == []


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("one\r\ntwo\r\n", "one\ntwo\n"),
        ("  kept\tas it is  ", "  kept\tas it is  "),
        ("", ""),
        ("Cafe\u0301", "Caf\u00e9"),
        ("x" * 10_000, "x" * 10_000),
        ("\r\n" * 10_000, "\n" * 10_000),
        (None, None),
    ],
    ids=["CRLF", "blanks", "empty", "NFC", "10,000", "10,000 lines", "null"],
)
async def test_a_description_is_normal_and_not_trimmed(
    me: httpx.AsyncClient, sent: str | None, kept: str | None
) -> None:
    task = await _make(me, description=sent)
    assert task["description"] == kept
    assert (await me.get(f"/api/tasks/{task['id']}")).json()["description"] == kept


async def test_a_description_too_long_is_refused(me: httpx.AsyncClient) -> None:
    answer = await me.post("/api/tasks", json={"title": "Pay rent", "description": "x" * 10_001})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/description"


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "#/title", "missing"),
        ({"title": "a", "tilte": "b"}, "#/tilte", "unknown_field"),
        ({"title": "a", "priority": "urgent"}, "#/priority", "not_a_choice"),
        ({"title": "a", "priority": None}, "#/priority", "not_a_choice"),
        ({"title": "a", "completed": None}, "#/completed", "wrong_type"),
        ({"title": "a", "completed": "true"}, "#/completed", "wrong_type"),
        ({"title": "a", "version": 7}, "#/version", "unknown_field"),
        ([], "#", "wrong_type"),
    ],
    ids=[
        "no title",
        "misspelt field",
        "unknown priority",
        "null priority",
        "null completed",
        "completed as text",
        "read-only field",
        "a list",
    ],
)
async def test_a_body_that_is_no_task_is_refused(me: httpx.AsyncClient, body: Any, pointer: str, code: str) -> None:
    answer = await me.post("/api/tasks", json=body)
    assert answer.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]] == [(pointer, code)]
    assert (await me.get("/api/tasks")).json() == []
