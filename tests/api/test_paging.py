"""Pages: together they are the list, whatever others write in between; cursors are good for nothing else."""

import re
from collections import Counter
from typing import Any, Final, get_args
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.schemas.task import Sort
from tests.support.accounts import NewAccount

SORTS: Final[tuple[str, ...]] = get_args(Sort)
BASE64: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
DUES: Final = [None, {"date": "2026-11-30"}, {"date": "2026-11-30", "time": "09:00"}]


async def _make(me: httpx.AsyncClient, number: int, priority: str | None = None) -> Any:
    """A task that is equal to many others in what lists are sorted by, under an id by chance."""
    body = {
        "title": f"{'aBc'[number % 3]} task",
        "priority": priority or ("none", "low", "medium", "high")[number % 4],
        "due": DUES[number % 3],
        "completed": number % 2 == 0,
    }
    answer = await me.put(f"/api/tasks/{uuid4()}", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def _next(answer: httpx.Response) -> str | None:
    """The address in a Link header, whose whole form is looked at here."""
    if "Link" not in answer.headers:
        return None
    match = re.fullmatch(r'<(/api/[^>]*)>; rel="next"', answer.headers["Link"])
    assert match, answer.headers["Link"]
    return match[1]


async def _walk(me: httpx.AsyncClient, **params: Any) -> list[list[Any]]:
    """Every page, from the first to the last."""
    answer = await me.get("/api/tasks", params=params)
    pages = [answer.json()]
    while (url := _next(answer)) is not None:
        answer = await me.get(url)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
        assert len(pages) < 250, "pages without end"
    return pages


def _joined(pages: list[list[Any]]) -> list[Any]:
    return [task for page in pages for task in page]


@pytest.mark.parametrize("sort", SORTS)
async def test_the_pages_together_are_the_list(me: httpx.AsyncClient, sort: str) -> None:
    for number in range(15):
        await _make(me, number)
    whole = (await me.get("/api/tasks", params={"sort": sort, "limit": 200})).json()
    assert len({task["id"] for task in whole}) == 15
    for limit, sizes in ((1, [1] * 15), (2, [2] * 7 + [1]), (5, [5] * 3), (7, [7, 7, 1]), (50, [15])):
        pages = await _walk(me, sort=sort, limit=limit)
        assert [len(page) for page in pages] == sizes
        assert _joined(pages) == whole


async def test_a_page_has_50_unless_told_otherwise_and_200_at_most(me: httpx.AsyncClient) -> None:
    for number in range(203):
        await _make(me, number)
    large = {sort: _joined(await _walk(me, sort=sort, limit=200)) for sort in SORTS}
    assert {len(tasks) for tasks in large.values()} == {203}
    for sort, tasks in large.items():
        pages = await _walk(me, sort=sort)
        assert [len(page) for page in pages] == [50, 50, 50, 50, 3]
        assert _joined(pages) == tasks
        assert len({task["id"] for task in tasks}) == 203
        assert tasks == large[sort.removeprefix("-") if sort.startswith("-") else f"-{sort}"][::-1]


async def test_the_link_keeps_the_filters(me: httpx.AsyncClient) -> None:
    for number in range(12):
        await _make(me, number)
    params = {
        "status": "pending",
        "updated_since": "2020-01-01T00:00:00+02:00",
        "sort": "-title",
        "limit": "2",
        "count": "true",
    }
    answer = await me.get("/api/tasks", params=params)
    seen = answer.json()
    while (url := _next(answer)) is not None:
        parts = urlsplit(url)
        *kept, (name, cursor) = parse_qsl(parts.query)
        assert (parts.scheme, parts.netloc, parts.path, name) == ("", "", "/api/tasks", "cursor")
        assert kept == list(params.items())
        assert re.fullmatch("[A-Za-z0-9_-]+", cursor)
        answer = await me.get(url)
        assert answer.headers["X-Total-Count"] == "6"
        seen += answer.json()
        assert len(seen) <= 6
    assert [task["completed"] for task in seen] == [False] * 6
    assert len({task["id"] for task in seen}) == 6


async def test_the_last_page_has_no_link(me: httpx.AsyncClient) -> None:
    for number in range(4):
        await _make(me, number)
    for limit, pages in ((4, 1), (5, 1), (2, 2), (3, 2)):
        assert len(await _walk(me, limit=limit)) == pages


async def test_a_page_behind_tasks_that_are_gone_since_is_empty(me: httpx.AsyncClient) -> None:
    tasks = [await _make(me, number) for number in range(3)]
    url = _next(await me.get("/api/tasks", params={"limit": 1}))
    assert url is not None
    for task in tasks:
        await me.delete(f"/api/tasks/{task['id']}")
    answer = await me.get(url)
    assert (answer.status_code, answer.json()) == (200, [])
    assert "Link" not in answer.headers


WRITES = st.lists(
    st.tuples(st.sampled_from(["make", "delete", "patch", "complete"]), st.integers(0, 40), st.integers(0, 11)),
    max_size=3,
)


async def _write(me: httpx.AsyncClient, kind: str, tasks: list[Any], which: int, number: int) -> str:
    """Do it, and give the id of what is no longer as it was."""
    if kind == "make":
        return str((await _make(me, number))["id"])
    identity: str = tasks[which % len(tasks)]["id"]
    path = f"/api/tasks/{identity}"
    if kind == "delete":
        await me.delete(path)
    elif kind == "complete":
        await me.patch(f"{path}/toggle")
    else:
        await me.patch(path, json={"title": f"{'AbC'[number % 3]} task", "priority": ("low", "high")[number % 2]})
    return identity


@given(
    sort=st.sampled_from(SORTS),
    limit=st.integers(1, 4),
    count=st.integers(3, 12),
    between=st.lists(WRITES, min_size=1, max_size=6),
)
@settings(max_examples=15, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_pages_neither_skip_nor_repeat_what_stays_as_it_is(
    client: httpx.AsyncClient,
    new_account: NewAccount,
    sort: str,
    limit: int,
    count: int,
    between: list[list[tuple[str, int, int]]],
) -> None:
    client.headers.update((await new_account()).headers)
    tasks = [await _make(client, number) for number in range(count)]
    before = (await client.get("/api/tasks", params={"sort": sort})).json()
    others: set[str] = set()
    answer = await client.get("/api/tasks", params={"sort": sort, "limit": limit})
    seen, turn = [task["id"] for task in answer.json()], 0
    while (url := _next(answer)) is not None:
        for kind, which, number in between[turn % len(between)] if turn < 10 else []:
            others.add(await _write(client, kind, tasks, which, number))
        answer, turn = await client.get(url), turn + 1
        assert turn < 50, "pages without end"
        seen += [task["id"] for task in answer.json()]
    assert [one for one in seen if one not in others] == [task["id"] for task in before if task["id"] not in others]
    made_since = others - {task["id"] for task in tasks}
    assert all(times == 1 for one, times in Counter(seen).items() if one in made_since)


@pytest.fixture
async def cursor(me: httpx.AsyncClient) -> str:
    """A cursor that is good for the titles of the user who is logged in."""
    for number in range(3):
        await _make(me, number)
    return _cursor(await me.get("/api/tasks", params={"limit": 1, "sort": "title"}))


def _cursor(answer: httpx.Response) -> str:
    url = _next(answer)
    assert url is not None
    return parse_qsl(urlsplit(url).query)[-1][1]


async def _is_refused(me: httpx.AsyncClient, cursor: str, sort: str = "title") -> bool:
    answer = await me.get("/api/tasks", params={"sort": sort, "cursor": cursor})
    if answer.status_code != 422:
        return False
    faults = [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]]
    return faults == [("query/cursor", "bad_cursor")]


async def test_a_cursor_is_good_as_often_as_one_likes(me: httpx.AsyncClient, cursor: str) -> None:
    answers = [await me.get("/api/tasks", params={"sort": "title", "cursor": cursor}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize("title", ["a", "ab", "abc"])
async def test_a_cursor_with_any_character_changed_is_refused(me: httpx.AsyncClient, title: str) -> None:
    for behind in ("", " more"):
        await me.post("/api/tasks", json={"title": title + behind})
    cursor = _cursor(await me.get("/api/tasks", params={"limit": 1, "sort": "title"}))
    for place, letter in enumerate(cursor):
        # The neighbour differs in the lowest bit alone, which the last character may not need.
        other = BASE64[BASE64.index(letter) ^ 1]
        assert await _is_refused(me, cursor[:place] + other + cursor[place + 1 :]), (place, letter, other)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _cursor: "",
        lambda cursor: cursor[:-1],
        lambda cursor: cursor[1:],
        lambda cursor: cursor + "A",
        lambda cursor: cursor + "AAAA",
        lambda cursor: cursor + "=",
        lambda cursor: cursor + "\u00e9",
        lambda cursor: cursor[:8] + "\n" + cursor[8:],
        lambda cursor: cursor * 2,
        lambda _cursor: "WyJ0aXRsZSIsImEiLCIwMCJd",
        lambda _cursor: "a" * 22,
    ],
    ids=["empty", "cut", "begun late", "A", "AAAA", "padded", "accent", "newline", "twice", "unsealed", "seal alone"],
)
async def test_a_cursor_that_is_none_of_ours_is_refused(me: httpx.AsyncClient, cursor: str, spoil: Any) -> None:
    assert await _is_refused(me, spoil(cursor))


async def test_a_cursor_beyond_measure_is_refused(me: httpx.AsyncClient) -> None:
    answer = await me.get("/api/tasks", params={"cursor": "a" * 2001})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "query/cursor"


@pytest.mark.parametrize("sort", [sort for sort in SORTS if sort != "title"])
async def test_a_cursor_of_another_order_is_refused(me: httpx.AsyncClient, cursor: str, sort: str) -> None:
    assert await _is_refused(me, cursor, sort)


async def test_a_cursor_of_another_user_is_refused(me: httpx.AsyncClient, cursor: str, new_account: NewAccount) -> None:
    me.headers.update((await new_account()).headers)
    assert await _is_refused(me, cursor)
