"""Conditional requests (RFC 9110, section 13): 304 for what is known, 412 for what has changed."""

from typing import Any

import httpx
import pytest

WRITES: list[tuple[str, str, Any]] = [
    ("PUT", "", {"title": "Mine"}),
    ("PATCH", "", {"title": "Mine"}),
    ("PATCH", "/toggle", None),
    ("POST", "/complete", None),
    ("POST", "/reopen", None),
    ("DELETE", "", None),
]


async def _at_version_3(me: httpx.AsyncClient) -> str:
    """The path of a new task at version 3, done."""
    task = (await me.post("/api/tasks", json={"title": "Pay rent"})).json()
    path = f"/api/tasks/{task['id']}"
    await me.patch(path, json={"title": "Pay the rent"})
    done = await me.post(f"{path}/complete")
    assert done.headers["ETag"] == '"3"'
    return path


@pytest.fixture
async def path(me: httpx.AsyncClient) -> str:
    return await _at_version_3(me)


@pytest.mark.parametrize(
    "tags",
    ['"3"', 'W/"3"', "*", '"1", "3"', '"1","2","3"', 'W/"1", W/"3"', '"9" ,\t"3"', '"3", "x,y"', " * "],
    ids=[
        "same",
        "weak",
        "star",
        "in a list",
        "without blanks",
        "weak list",
        "odd blanks",
        "comma in a tag",
        "star, blanks",
    ],
)
async def test_what_the_client_has_is_not_sent_again(me: httpx.AsyncClient, path: str, tags: str) -> None:
    answer = await me.get(path, headers={"If-None-Match": tags})
    assert answer.status_code == 304
    assert answer.headers["ETag"] == '"3"'
    assert answer.content == b""
    assert "content-type" not in answer.headers


@pytest.mark.parametrize(
    "tags",
    ['"2"', 'W/"2"', '"1", "2"', '"33"', '"*"', '"03"', '"3 "', ""],
    ids=["older", "weak older", "list", "longer", "a star in quotes", "leading zero", "blank in a tag", "empty"],
)
async def test_what_the_client_has_not_is_sent(me: httpx.AsyncClient, path: str, tags: str) -> None:
    answer = await me.get(path, headers={"If-None-Match": tags})
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"3"'
    assert answer.json()["version"] == 3


async def test_what_is_not_there_is_not_fresh_either(me: httpx.AsyncClient, path: str) -> None:
    await me.delete(path)
    assert (await me.get(path, headers={"If-None-Match": "*"})).status_code == 404


async def test_a_stale_tag_is_fresh_no_more_after_a_write(me: httpx.AsyncClient, path: str) -> None:
    await me.patch(path, json={"priority": "low"})
    answer = await me.get(path, headers={"If-None-Match": '"3"'})
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"4"'


@pytest.mark.parametrize(
    "tags",
    ['"3"', "*", '"1", "3"', '"1","2","3"', "3", " * ", None],
    ids=["same", "star", "in a list", "without blanks", "unquoted", "star, blanks", "none"],
)
async def test_a_write_over_the_version_named_or_none_goes_through(me: httpx.AsyncClient, tags: str | None) -> None:
    headers = {} if tags is None else {"If-Match": tags}
    for method, verb, body in WRITES:
        path = await _at_version_3(me)
        answer = await me.request(method, path + verb, json=body, headers=headers)
        assert answer.status_code == (204 if method == "DELETE" else 200), (method, verb)


@pytest.mark.parametrize(
    "tags",
    ['"2"', '"4"', 'W/"3"', '"1", "2"', '"33"', '"*"', '"2", W/"3"', "2", ""],
    ids=["older", "newer", "weak", "list", "longer", "a star in quotes", "weak in a list", "unquoted", "empty"],
)
async def test_a_write_over_another_version_fails_with_the_current_one(
    me: httpx.AsyncClient, path: str, tags: str
) -> None:
    before = (await me.get(path)).json()
    for method, verb, body in WRITES:
        answer = await me.request(method, path + verb, json=body, headers={"If-Match": tags})
        assert answer.status_code == 412, (method, verb)
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem = answer.json()
        assert (problem["code"], problem["current"]) == ("precondition_failed", before)
    assert (await me.get(path)).json() == before


async def test_what_is_only_for_new_things_touches_no_old_one(me: httpx.AsyncClient, path: str) -> None:
    before = (await me.get(path)).json()
    for method, verb, body in WRITES:
        answer = await me.request(method, path + verb, json=body, headers={"If-None-Match": "*"})
        assert answer.status_code == 412, (method, verb)
        assert answer.json()["current"] == before
    assert (await me.get(path)).json() == before


async def test_the_tag_of_one_write_is_good_for_the_next(me: httpx.AsyncClient, path: str) -> None:
    written = await me.patch(path, json={"priority": "high"})
    for method, verb, body in WRITES:
        answer = await me.request(method, path + verb, json=body, headers={"If-Match": written.headers["ETag"]})
        assert answer.status_code == (204 if method == "DELETE" else 200), (method, verb)
        written = answer


async def test_an_invalid_write_is_told_so_before_its_version_is_looked_at(me: httpx.AsyncClient, path: str) -> None:
    answer = await me.patch(path, json={"title": ""}, headers={"If-Match": '"1"'})
    assert answer.status_code == 422


async def test_the_list_of_if_match_may_come_in_several_lines(me: httpx.AsyncClient, path: str) -> None:
    several = [("If-Match", '"1"'), ("If-Match", '"3"'), ("If-Match", '"2"')]
    assert (await me.patch(path, json={"priority": "low"}, headers=several)).status_code == 200


async def test_the_list_of_if_none_match_may_come_in_several_lines(me: httpx.AsyncClient, path: str) -> None:
    several = [("If-None-Match", '"1"'), ("If-None-Match", '"3"'), ("If-None-Match", '"2"')]
    assert (await me.get(path, headers=several)).status_code == 304
