"""PATCH: a JSON Merge Patch (RFC 7396) touches what is sent and nothing else."""

import json
from typing import Any

import httpx
import pytest

WHOLE: dict[str, Any] = {
    "title": "Pay rent",
    "description": "To the landlord",
    "completed": True,
    "priority": "high",
    "due": {"date": "2026-11-30", "time": "09:00", "time_zone": "Europe/Berlin"},
}
DAY = {"date": "2026-11-30", "time": None, "time_zone": None}
FLOATING = DAY | {"time": "09:00"}
ZONED = FLOATING | {"time_zone": "Europe/Berlin"}


async def _make(me: httpx.AsyncClient, **fields: Any) -> Any:
    answer = await me.post("/api/tasks", json={"title": "Pay rent", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("patch", "changed"),
    [
        ({"title": " Pay the rent "}, {"title": "Pay the rent"}),
        ({"description": "By hand"}, {"description": "By hand"}),
        ({"description": None}, {"description": None}),
        ({"description": ""}, {"description": ""}),
        ({"completed": False}, {"completed": False, "completed_at": None}),
        ({"priority": "low"}, {"priority": "low"}),
        ({"priority": "none"}, {"priority": "none"}),
        ({"due": None}, {"due": None, "due_at": None}),
        ({"due": {"date": "2026-12-01"}}, {"due": ZONED | {"date": "2026-12-01"}, "due_at": "2026-12-01T08:00:00Z"}),
        ({"title": "Rent", "due": None}, {"title": "Rent", "due": None, "due_at": None}),
    ],
    ids=[
        "title",
        "description",
        "description null",
        "description empty",
        "completed",
        "priority",
        "priority none",
        "due null",
        "due",
        "two fields",
    ],
)
async def test_a_patch_changes_what_is_sent_and_nothing_else(
    me: httpx.AsyncClient, patch: dict[str, Any], changed: dict[str, Any]
) -> None:
    task = await _make(me, **WHOLE)
    answer = await me.patch(f"/api/tasks/{task['id']}", json=patch)
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"2"'
    patched = answer.json()
    assert patched["updated_at"] > task["updated_at"]
    assert patched == task | changed | {"version": 2, "updated_at": patched["updated_at"]}
    assert (await me.get(f"/api/tasks/{task['id']}")).json() == patched


@pytest.mark.parametrize(
    ("before", "patch", "after"),
    [
        (ZONED, {"time": "10:30"}, ZONED | {"time": "10:30"}),
        (ZONED, {"time_zone": "Asia/Tokyo"}, ZONED | {"time_zone": "Asia/Tokyo"}),
        (ZONED, {"time_zone": None}, FLOATING),
        (ZONED, {"time": None, "time_zone": None}, DAY),
        (ZONED, {"date": "2027-01-31"}, ZONED | {"date": "2027-01-31"}),
        (FLOATING, {"time": None}, DAY),
        (FLOATING, {"time_zone": "Europe/Berlin"}, ZONED),
        (FLOATING, {"time_zone": None}, FLOATING),
        (DAY, {"time": "09:00"}, FLOATING),
        (DAY, {"time": "09:00", "time_zone": "Europe/Berlin"}, ZONED),
        (None, {"date": "2026-11-30"}, DAY),
        (None, {"date": "2026-11-30", "time": None}, DAY),
        (None, ZONED, ZONED),
    ],
    ids=[
        "time",
        "zone",
        "zoned to floating",
        "zoned to a day",
        "day of a zoned one",
        "floating to a day",
        "floating to zoned",
        "floating stays",
        "day to floating",
        "day to zoned",
        "a day at last",
        "a day, nulls sent",
        "all at once",
    ],
)
async def test_a_patch_merges_within_due(
    me: httpx.AsyncClient, before: dict[str, Any] | None, patch: dict[str, Any], after: dict[str, Any]
) -> None:
    task = await _make(me, due=before)
    answer = await me.patch(f"/api/tasks/{task['id']}", json={"due": patch})
    assert answer.status_code == 200, answer.text
    assert answer.json()["due"] == after
    whole = await _make(me, due=after)
    assert answer.json()["due_at"] == whole["due_at"]
    assert (await me.get(f"/api/tasks/{task['id']}")).json() == answer.json()


@pytest.mark.parametrize(
    ("before", "patch", "pointer", "code"),
    [
        (None, {"time": "09:00"}, "#/due/date", "missing"),
        (DAY, {"time_zone": "Europe/Berlin"}, "#/due", "time_missing"),
        (ZONED, {"time": None}, "#/due", "time_missing"),
        (ZONED, {"date": None}, "#/due/date", "not_a_date"),
        (ZONED, {}, "#/due", "empty_patch"),
        (ZONED, {"day": "2026-11-30"}, "#/due/day", "unknown_field"),
        (ZONED, {"time": "9:00"}, "#/due/time", "wrong_form"),
        (ZONED, {"time": "24:00"}, "#/due/time", "wrong_form"),
        (ZONED, {"date": "2026-02-29"}, "#/due/date", "not_a_date"),
        (ZONED, {"date": "1900-12-31"}, "#/due/date", "out_of_range"),
        (ZONED, {"time_zone": "Europe/Atlantis"}, "#/due/time_zone", "unknown_time_zone"),
        (ZONED, "2026-11-30", "#/due", "wrong_type"),
    ],
    ids=[
        "time without a day",
        "zone without a time",
        "time taken from a zone",
        "date null",
        "empty",
        "unknown field",
        "short time",
        "24:00",
        "no such day",
        "too early",
        "no such zone",
        "text",
    ],
)
async def test_a_patch_of_due_that_leaves_no_sense_is_refused(
    me: httpx.AsyncClient, before: dict[str, Any] | None, patch: Any, pointer: str, code: str
) -> None:
    task = await _make(me, due=before)
    answer = await me.patch(f"/api/tasks/{task['id']}", json={"title": "Lost", "due": patch})
    assert answer.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]] == [(pointer, code)]
    assert (await me.get(f"/api/tasks/{task['id']}")).json() == task


@pytest.mark.parametrize(
    ("patch", "pointer", "code"),
    [
        ({}, "#", "empty_patch"),
        ({"title": None}, "#/title", "wrong_type"),
        ({"completed": None}, "#/completed", "wrong_type"),
        ({"priority": None}, "#/priority", "not_a_choice"),
        ({"title": "  "}, "#/title", "too_short"),
        ({"done": True}, "#/done", "unknown_field"),
        ({"id": "0193a6c8-7b1e-7c3a-8d2f-0123456789ab"}, "#/id", "unknown_field"),
        ({"position": "a5"}, "#/position", "unknown_field"),
        ([], "#", "wrong_type"),
    ],
    ids=[
        "empty",
        "null title",
        "null completed",
        "null priority",
        "title of blanks",
        "unknown field",
        "id",
        "position",
        "a list",
    ],
)
async def test_a_patch_that_says_nothing_or_too_much_is_refused(
    me: httpx.AsyncClient, patch: Any, pointer: str, code: str
) -> None:
    task = await _make(me)
    answer = await me.patch(f"/api/tasks/{task['id']}", json=patch)
    assert answer.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]] == [(pointer, code)]
    assert (await me.get(f"/api/tasks/{task['id']}")).json() == task


@pytest.mark.parametrize(
    "patch",
    [
        {"title": "  Pay rent "},
        {"description": "To the landlord"},
        {"completed": True},
        {"priority": "high"},
        {"due": {"time": "09:00"}},
        {"due": WHOLE["due"]},
        WHOLE,
    ],
    ids=["title", "description", "completed", "priority", "part of due", "due", "everything"],
)
async def test_a_patch_that_changes_nothing_leaves_version_and_time(
    me: httpx.AsyncClient, patch: dict[str, Any]
) -> None:
    task = await _make(me, **WHOLE)
    answer = await me.patch(f"/api/tasks/{task['id']}", json=patch)
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"1"'
    assert answer.json() == task
    assert (await me.get(f"/api/tasks/{task['id']}")).json() == task


@pytest.mark.parametrize(
    "media_type",
    ["application/merge-patch+json", "application/merge-patch+json; charset=utf-8", "application/json"],
)
async def test_a_merge_patch_goes_by_its_own_type_too(me: httpx.AsyncClient, media_type: str) -> None:
    task = await _make(me, description="By hand")
    body = json.dumps({"description": None})
    answer = await me.patch(f"/api/tasks/{task['id']}", content=body, headers={"Content-Type": media_type})
    assert answer.status_code == 200
    assert answer.json()["description"] is None


async def test_a_patch_sets_when_it_was_done(me: httpx.AsyncClient) -> None:
    task = await _make(me)
    done = (await me.patch(f"/api/tasks/{task['id']}", json={"completed": True})).json()
    assert done["completed_at"] == done["updated_at"] > task["updated_at"]


async def test_texts_of_a_patch_become_normal_too(me: httpx.AsyncClient) -> None:
    task = await _make(me)
    patch = {"title": " Cafe\u0301 ", "description": "one\r\ntwo"}
    patched = (await me.patch(f"/api/tasks/{task['id']}", json=patch)).json()
    assert (patched["title"], patched["description"]) == ("Caf\u00e9", "one\ntwo")
