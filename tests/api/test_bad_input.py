"""What no client should send: each is refused with its own status, repeats nothing of it, and changes no row."""

import json
import string
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from app.services.runtime import Runtime
from tests.support.accounts import PASSWORD, Account, NewAccount

CANARY: Final = "canary-7f3a"
JSON: Final = {"Content-Type": "application/json"}
FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
ALPHABET: Final = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"  # of base64url
DAY: Final = "2026-11-30"
UUID_TEXT: Final = "0192f0c1-7a3b-7c4d-8e5f-6a7b8c9d0e1f"
MALFORMED: Final = ("#", "malformed_json")
Fault = tuple[str, str]

# Bodies that are no JSON object at all, for every route that takes one.
BROKEN_BODIES: Final[dict[str, tuple[bytes, Fault]]] = {
    "empty": (b"", ("#", "missing")),
    "blank": (b" \n", MALFORMED),
    "text": (CANARY.encode(), MALFORMED),
    "cut off": (b'{"title": "' + CANARY.encode(), MALFORMED),
    "comma at the end": (b'{"title": "canary-7f3a",}', MALFORMED),
    "single quotes": (b"{'title': 'canary-7f3a'}", MALFORMED),
    "comment": (b'{"title": "A"} // canary-7f3a', MALFORMED),
    "two documents": (b'{"title": "canary-7f3a"}{}', MALFORMED),
    "NaN": (b'{"title": NaN}', MALFORMED),
    "Infinity": (b'{"title": -Infinity}', MALFORMED),
    "number of 5,000 digits": (b'{"title": ' + b"9" * 5000 + b"}", MALFORMED),
    "invalid UTF-8": (b'{"title": "canary-7f3a\xff"}', MALFORMED),
    "overlong UTF-8": (b'{"title": "canary-7f3a\xc0\xaf"}', MALFORMED),
    "raw lone surrogate": (b'{"title": "canary-7f3a\xed\xa0\x80"}', MALFORMED),
    "escaped lone surrogate": (rb'{"title": "canary-7f3a\ud800"}', MALFORMED),
    "surrogates the wrong way round": (rb'{"title": "canary-7f3a\udc00\ud800"}', MALFORMED),
    "raw control character": (b'{"title": "canary-7f3a\x01"}', MALFORMED),
    "byte order mark": (b'\xef\xbb\xbf{"title": "canary-7f3a"}', MALFORMED),
    "UTF-16": ('{"title": "canary-7f3a"}'.encode("utf-16"), MALFORMED),
    "100,000 arrays deep": (b"[" * 100_000, MALFORMED),
    "100,000 objects deep": (b'{"title":' * 100_000, MALFORMED),
    "deep and closed": (b'{"title":' + b"[" * 100_000 + b"]" * 100_000 + b"}", MALFORMED),
    "null": (b"null", ("#", "wrong_type")),
    "array": (b'["canary-7f3a"]', ("#", "wrong_type")),
    "string": (b'"canary-7f3a"', ("#", "wrong_type")),
    "number": (b"20261130", ("#", "wrong_type")),
    "true": (b"true", ("#", "wrong_type")),
}
CONTROLS: Final = tuple(CANARY + character for character in "\0\x07\x1b\r\x7f\x85\x9b")
Wrongs = tuple[tuple[str, str, tuple[Any, ...]], ...]
"""What is wrong in one place in many ways: the name, the fault's code, the values."""

FIELDS: Final[Wrongs] = (  # of a task, for POST, PUT and PATCH alike
    ("titel", "unknown_field", (CANARY,)),
    ("position", "unknown_field", (CANARY,)),
    ("user_id", "unknown_field", (UUID_TEXT,)),
    ("title", "too_short", ("", " \n\t\u00a0\u3000")),
    ("title", "wrong_type", (None, 10**30, True, [CANARY], {"text": CANARY})),
    ("title", "too_long", (CANARY + "t" * 190, "🗝" * 201, "e\u0301" * 201)),
    ("title", "too_long", ("\u0958" * 101,)),  # 202 characters in NFC
    ("title", "forbidden_character", CONTROLS),
    ("description", "forbidden_character", CONTROLS[:2]),
    ("description", "too_long", (CANARY + "d" * 9990,)),
    ("description", "wrong_type", (10**30, [CANARY])),
    ("completed", "wrong_type", ("true", 1, 10**30, None)),
    ("priority", "not_a_choice", (CANARY, 10**30, None, "HIGH")),
    ("due", "wrong_type", (CANARY, [CANARY], 10**30)),
)
NO_DATES: Final = ("2026-02-30", "2026-13-01", "2026-00-00", "20261129", "26-11-29", "2026-W48-1", "0000-01-01", CANARY)
FAR_DATES: Final = ("0001-01-01", "1900-12-31", "9000-01-01", "9999-12-31")
DUES: Final[Wrongs] = (
    ("date", "not_a_date", NO_DATES),
    ("date", "not_a_date", ("2026-11-30T00:00:00Z", "\u0662\u0660\u0662\u0666-11-30", f"{DAY}\n", None, 10**30)),
    ("date", "out_of_range", FAR_DATES),
    ("time", "wrong_form", ("24:00", "9:00", "09:00:00", "09:60", "0900", "09:00Z", "09:00\n", "\u0660\u0669:00")),
    ("time", "wrong_form", ("", CANARY)),
    ("time", "wrong_type", (10**30, ["09:00"])),
    ("time_zone", "unknown_time_zone", ("Europe/Atlantis", "europe/berlin", "CEST", "+02:00", "../../etc/passwd")),
    ("time_zone", "unknown_time_zone", ("", "UTC\0", "localtime", CANARY)),
    ("time_zone", "too_long", ("z" * 65,)),
    ("time_zone", "wrong_type", (10**30,)),
    ("at", "unknown_field", (CANARY,)),
)
QUERIES: Final[Wrongs] = (
    ("limit", "out_of_range", ("-1", "0", "201", str(10**30), "9" * 5000)),
    ("limit", "wrong_type", ("abc", "1.5", "", "0x10", "NaN")),
    ("sort", "not_a_choice", ("", CANARY, "password_hash", "--title", "title;DROP%20TABLE%20tasks")),
    ("status", "not_a_choice", ("", CANARY, "%ff")),
    ("priority", "not_a_choice", (CANARY, "3")),
    ("due", "not_a_choice", (CANARY,)),
    ("count", "wrong_type", (CANARY,)),
    ("due_from", "not_a_date", NO_DATES),
    ("due_to", "out_of_range", FAR_DATES),
    ("updated_since", "out_of_range", ("0001-01-01T00:00:00Z", "1900-12-31T23:59:59Z", "9000-01-01T00:00:00Z")),
    ("updated_since", "out_of_range", ("9999-12-31T23:59:59-23:59",)),
    ("updated_since", "not_an_instant", ("2026-11-29", "2026-11-29T09:00:00", "1795451253", "2026-02-30T09:00:00Z")),
    ("updated_since", "not_an_instant", ("2026-11-29T24:00:01Z", "2026-11-29T09:00:00%2B24:00", CANARY)),
    ("cursor", "bad_cursor", ("", CANARY, "%ff%00", "%C3%A9", "A" * 64)),
    ("cursor", "too_long", ("A" * 2001,)),
    ("colour", "unknown_field", (CANARY,)),
)
ACCOUNTS: Final[Wrongs] = (  # of a registration and a login
    ("email", "wrong_type", (None, 10**30, [f"{CANARY}@example.com"])),
    ("password", "wrong_type", (None, 10**30, [CANARY])),
    ("password", "too_long", (CANARY * 24,)),
    ("is_admin", "unknown_field", (CANARY,)),
)
REGISTRATIONS: Final[Wrongs] = (
    *ACCOUNTS,
    (
        "email",
        "wrong_form",
        ("", CANARY, f"{CANARY}@", "@example.com", f"{CANARY}@a@example.com", f"{CANARY}@localhost"),
    ),
    ("email", "wrong_form", (f"{CANARY} x@example.com", f"{CANARY}@example..com", f"{CANARY}@-example.com")),
    ("email", "wrong_form", (f"{CANARY}@[127.0.0.1]", f"{CANARY}\0@example.com", f"{CANARY}@{'e' * 250}.com")),
    ("email", "too_long", ("\ufdfa" * 20 + "@example.com",)),  # as an identity, in NFKC, 372 characters
    ("name", "too_short", (" ",)),
    ("name", "too_long", (CANARY + "n" * 190,)),
    ("name", "forbidden_character", CONTROLS[:1]),
)
LOGINS: Final[Wrongs] = (
    *ACCOUNTS,
    ("email", "too_long", (CANARY + "e" * 310,)),
    ("email", "forbidden_character", CONTROLS[:2]),
)
WRONG_FORMS: Final[dict[str, tuple[str, list[Fault]]]] = {
    "empty": ("", [("#/username", "missing"), ("#/password", "missing")]),
    "no password": (f"username={CANARY}", [("#/password", "missing")]),
    "user name of 321": (f"username={CANARY}{'u' * 310}&password=12345678", [("#/username", "too_long")]),
    "NUL": (f"username={CANARY}%00&password=12345678", [("#/username", "forbidden_character")]),
    "password of 257": (f"username=u&password={CANARY * 24}", [("#/password", "too_long")]),
    "another grant": (f"grant_type={CANARY}&username=u&password=12345678", [("#/grant_type", "not_a_choice")]),
}


def _each(wrongs: Wrongs, place: str) -> pytest.MarkDecorator:
    """A test for each value: the field, the value and the fault that it is."""
    cases = [(name, value, (f"{place}/{name}", code)) for name, code, values in wrongs for value in values]
    return pytest.mark.parametrize(("name", "value", "fault"), cases, ids=[f"{c[0]}={str(c[1])[:30]!a}" for c in cases])


def _leaves(value: Any) -> Iterator[str]:
    """The values sent that are long enough to be told from our own words."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)
    elif len(str(value)) >= 5:
        yield str(value)


def _assert_refused(answer: httpx.Response, faults: list[Fault], sent: Any) -> None:
    assert answer.status_code == 422, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    instance = body.pop("instance")
    assert instance == f"urn:request:{answer.headers['X-Request-ID']}"
    assert set(body) == {"type", "title", "status", "detail", "code", "errors"}
    assert (body["type"], body["status"], body["code"]) == ("/problems/validation-failed", 422, "validation_failed")
    assert [(fault["pointer"], fault["code"]) for fault in body["errors"]] == faults
    told = json.dumps(body, ensure_ascii=False)
    assert [leaf for leaf in _leaves(sent) if leaf in told] == []
    assert CANARY not in str(answer.headers) + answer.text


async def _rows(runtime: Runtime) -> list[Any]:
    async with runtime.database.reading() as session:
        users = await session.execute(text("SELECT * FROM users ORDER BY id"))
        tasks = await session.execute(text("SELECT * FROM tasks ORDER BY id"))
        return [users.all(), tasks.all()]


class Place:
    """An account with one task, and every route that writes there."""

    def __init__(self, client: httpx.AsyncClient, account: Account, task: Any) -> None:
        self.client = client
        self.email = account.email
        family, one = f"/api/{account.id}/tasks", f"/{task['id']}"
        self.lists = ["/api/tasks", family]
        self.whole = [("PUT", f"/api/tasks/{name}") for name in (task["id"], uuid4())]
        self.whole += [("POST", path) for path in self.lists]
        self.partial = [("PATCH", "/api/tasks" + one), ("PATCH", family + one), ("PUT", family + one)]
        self.others = [("PATCH", "/api/auth/me"), ("POST", "/api/auth/register"), ("POST", "/api/auth/login")]


@pytest.fixture
async def place(me: httpx.AsyncClient, runtime: Runtime, account: Account) -> AsyncIterator[Place]:
    """What is there before a test is there afterwards, to the last value."""
    task = await me.post("/api/tasks", json={"title": "A", "description": "B", "priority": "low"})
    before = await _rows(runtime)
    yield Place(me, account, task.json())
    assert await _rows(runtime) == before


@pytest.mark.parametrize(("body", "fault"), BROKEN_BODIES.values(), ids=BROKEN_BODIES)
async def test_a_body_that_is_no_object_is_refused_everywhere(place: Place, body: bytes, fault: Fault) -> None:
    for method, path in place.whole + place.partial + place.others:
        _assert_refused(await place.client.request(method, path, content=body, headers=JSON), [fault], [])


@_each(FIELDS, "#")
async def test_a_wrong_field_is_refused_everywhere(place: Place, name: str, value: Any, fault: Fault) -> None:
    for method, path in place.whole:
        answer = await place.client.request(method, path, json={"title": "C", name: value})
        _assert_refused(answer, [fault], value)
    for method, path in place.partial:
        _assert_refused(await place.client.request(method, path, json={name: value}), [fault], value)


@_each(DUES, "#/due")
async def test_a_wrong_due_is_refused_everywhere(place: Place, name: str, value: Any, fault: Fault) -> None:
    for method, path in place.whole + place.partial:
        sent = {"title": "C", "due": {"date": DAY, "time": "09:00", name: value}}
        _assert_refused(await place.client.request(method, path, json=sent), [fault], value)


async def test_a_zone_without_a_time_is_refused_everywhere(place: Place) -> None:
    for method, path in place.whole + place.partial:
        sent = {"title": "C", "due": {"date": DAY, "time": None, "time_zone": "Europe/Rome"}}
        _assert_refused(await place.client.request(method, path, json=sent), [("#/due", "time_missing")], sent)


@_each(QUERIES, "query")
async def test_a_wrong_query_is_refused(place: Place, name: str, value: str, fault: Fault) -> None:
    for path in place.lists:
        _assert_refused(await place.client.get(f"{path}?{name}={value}"), [fault], value)


@_each(REGISTRATIONS, "#")
async def test_a_wrong_registration_is_refused(place: Place, name: str, value: Any, fault: Fault) -> None:
    sent = {"email": "new@example.com", "password": PASSWORD, name: value}
    _assert_refused(await place.client.post("/api/auth/register", json=sent), [fault], value)


@_each(LOGINS, "#")
async def test_a_wrong_login_is_refused(place: Place, name: str, value: Any, fault: Fault) -> None:
    sent = {"email": place.email, "password": PASSWORD, name: value}
    _assert_refused(await place.client.post("/api/auth/login", json=sent), [fault], value)


@pytest.mark.parametrize(("form", "faults"), WRONG_FORMS.values(), ids=WRONG_FORMS)
async def test_a_wrong_password_form_is_refused(place: Place, form: str, faults: list[Fault]) -> None:
    _assert_refused(await place.client.post("/api/auth/token", content=form, headers=FORM), faults, [])


@pytest.mark.parametrize("name", [CANARY, "1", str(10**30), UUID_TEXT + "0", UUID_TEXT[:-1], "%00", "%ff", "null"])
async def test_an_id_that_is_no_uuid_is_refused(place: Place, name: str) -> None:
    for method, path in place.whole[:1] + place.partial:
        there = f"{path.rpartition('/')[0]}/{name}"
        for route in ((method, there), ("GET", there), ("DELETE", there)):
            answer = await place.client.request(*route, json={"title": "C"})
            _assert_refused(answer, [("path/task_id", "not_a_uuid")], name)


async def test_a_title_of_ten_megabytes_is_refused_everywhere(place: Place) -> None:
    for method, path in place.whole + place.partial + place.others:
        answer = await place.client.request(method, path, json={"title": CANARY * 900_000})
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        assert CANARY not in answer.text


async def test_a_cursor_is_good_for_its_user_its_order_and_untouched(
    me: httpx.AsyncClient, new_account: NewAccount
) -> None:
    other, bad = await new_account(), [("query/cursor", "bad_cursor")]
    for _ in range(2):
        await me.post("/api/tasks", json={"title": "A"})
    for sort in ("position", "title", "-title"):  # their lengths differ, and so do the spare bits at the end
        first = await me.get(f"/api/tasks?limit=1&sort={sort}")
        cursor = first.links["next"]["url"].partition("cursor=")[2]
        page = f"/api/tasks?sort={sort}&cursor="
        assert len((await me.get(page + cursor)).json()) == 1
        _assert_refused(await me.get(f"/api/tasks?sort=due&cursor={cursor}"), bad, cursor)
        _assert_refused(await me.get(page + cursor, headers=other.headers), bad, cursor)
        for place, character in enumerate(cursor):
            following = ALPHABET[(ALPHABET.index(character) + 1) % 64]
            changed = cursor[:place] + following + cursor[place + 1 :]
            _assert_refused(await me.get(page + changed), bad, changed)


async def test_of_a_field_sent_twice_the_last_counts_everywhere(me: httpx.AsyncClient) -> None:
    body = b'{"title": "first", "title": "second"}'
    made = await me.post("/api/tasks", content=body, headers=JSON)
    put = await me.put(f"/api/tasks/{uuid4()}", content=body, headers=JSON)
    patched = await me.patch(f"/api/tasks/{made.json()['id']}", content=body, headers=JSON)
    assert [answer.json()["title"] for answer in (made, put, patched)] == ["second"] * 3


async def test_what_nfc_makes_fit_is_taken(me: httpx.AsyncClient) -> None:
    made = await me.post("/api/tasks", json={"title": "e\u0301" * 200, "description": "o\u0308" * 10_000})
    kept = (await me.get(made.headers["Location"])).json()
    assert (kept["title"], kept["description"]) == ("\u00e9" * 200, "\u00f6" * 10_000)
