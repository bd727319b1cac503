"""What is said about one task."""

from typing import Any, Final

from tests.contract.transcript import Recorder

OWN: Final = "018f0000-0000-7000-8000-000000000001"
OTHER: Final = "018f0000-0000-7000-8000-000000000002"
_DUE: Final = {"date": "2026-12-24", "time": "09:00", "time_zone": "Europe/Berlin"}
_FULL: Final = {
    "title": "Pay the rent",
    "description": "To the landlady.\n\tBy standing order.",
    "completed": True,
    "priority": "high",
    "due": _DUE,
}

_GOOD_TASKS: Final[dict[str, dict[str, Any]]] = {
    "every field": _FULL,
    "every field at its default": {
        "title": "a",
        "description": None,
        "completed": False,
        "priority": "none",
        "due": None,
    },
    "blanks around the title": {"title": "  Pay rent \n"},
    "an empty description": {"title": "a", "description": ""},
    "a decomposed letter is composed": {"title": "Cafe\u0301", "description": "re\u0301sume\u0301"},
    "Windows line ends": {"title": "a", "description": "one\r\ntwo\r\n"},
    "200 characters beyond the first plane": {"title": "\U0001f600" * 200},
    "a long description": {"title": "a", "description": "\u00e4" * 10_000},
    "quotes, tags and a backslash": {"title": "<b>\"it's\"</b> \\ %s {0} ' OR 1=1 --"},
    "a day": {"title": "a", "due": {"date": "2026-12-24"}},
    "a day, and nulls": {"title": "a", "due": {"date": "2026-12-24", "time": None, "time_zone": None}},
    "a time on the wall": {"title": "a", "due": {"date": "2026-12-24", "time": "23:59"}},
    "a time in a zone": {"title": "a", "due": {"date": "2026-12-24", "time": "00:00", "time_zone": "Pacific/Apia"}},
    "a time that the zone skips": {"title": "a", "due": {**_DUE, "date": "2027-03-28", "time": "02:30"}},
    "a time that the zone has twice": {"title": "a", "due": {**_DUE, "date": "2027-10-31", "time": "02:30"}},
    "the first day there is": {"title": "a", "due": {"date": "1901-01-01"}},
    "the last day there is": {"title": "a", "due": {"date": "8999-12-31", "time": "23:59", "time_zone": "Etc/GMT+12"}},
    "the 29th of February": {"title": "a", "due": {"date": "2028-02-29"}},
}
_BAD_FIELDS: Final[dict[str, Any]] = {
    "title": (None, "", " \t\n ", "x" * 201, 7, ["a"], "a\x00b", "a\x1bb", "a\x7fb", "a\u0085b"),
    "description": ("x" * 10_001, 7, {}, "a\x00b", "a\rb"),
    "completed": (None, "true", 1, "yes"),
    "priority": (None, "", "urgent", "High", 3),
}
_BAD_DUES: Final = (
    *("2026-12-24", [], {}, {"date": None}, {"time": "09:00"}, {"date": 20261224}),
    *({"date": "24.12.2026"}, {"date": "2026-12-24T09:00:00Z"}, {"date": "20261224"}, {"date": "2026-02-29"}),
    *({"date": "1900-12-31"}, {"date": "9000-01-01"}, {"date": "\u0662\u0660\u0662\u0666-12-24"}),
    *({"date": "2026-12-24", "time": time} for time in ("9:00", "24:00", "09:60", "09:00:00", "", "09:00\n", 9)),
    {"date": "2026-12-24", "time_zone": "Europe/Berlin"},
    {"date": "2026-12-24", "time": None, "time_zone": "Europe/Berlin"},
    *({**_DUE, "time_zone": zone} for zone in ("Mars/Olympus", "europe/berlin", "+01:00", "", "../UTC", 1)),
    {**_DUE, "at": "x"},
)
_BAD_BODIES: Final = {
    "no object": b"[]",
    "a string": b'"Rent"',
    "null": b"null",
    "not JSON": b'{"title": Rent}',
    "cut off": b'{"title": "Rent"',
    "two of them": b'{"title": "a"}{"title": "b"}',
    "a comma too many": b'{"title": "Rent",}',
    "single quotes": b"{'title': 'Rent'}",
    "not a number": b'{"title": "a", "priority": NaN}',
    "half a character": b'{"title": "\\ud800"}',
    "not UTF-8": b'{"title": "\xff"}',
    "UTF-16": '{"title": "Rent"}'.encode("utf-16"),
    "very deep": b'{"title": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "a very long number": b'{"title": ' + b"9" * 5000 + b"}",
    "blanks only": b"   ",
}


async def new_tasks(say: Recorder) -> None:
    ada = await say.join("ada")
    await say("POST /api/tasks", {"title": "Rent"}, who=ada, note="a title alone")
    await say("POST /api/tasks/", {"title": "Rent"}, who=ada, note="a trailing slash is no redirect")
    for note, body in _GOOD_TASKS.items():
        await say("POST /api/tasks", body, who=ada, note=note)
    await say("POST /api/tasks", {"title": "a"}, who=ada, Content_Type="application/json; charset=utf-8")
    await say("POST /api/tasks", {"title": "a"}, who=ada, Content_Type="application/vnd.todo+json")
    await say("POST /api/tasks", who=ada, content=b'{"title": "a", "title": "b"}', note="the same field twice",
              Content_Type="application/json")  # fmt: skip
    await say("PATCH /api/auth/me", {"time_zone": "America/New_York"}, who=ada)
    await say("POST /api/tasks", {"title": "a", "due": {"date": "2026-12-24"}}, who=ada, note="a day in New York")
    await say("POST /api/tasks", {"title": "Rent"}, note="whose?")


async def bad_tasks(say: Recorder) -> None:
    ada = await say.join("ada")
    await say("POST /api/tasks", {}, who=ada)
    for field, values in _BAD_FIELDS.items():
        for value in values:
            await say("POST /api/tasks", {"title": "Rent", field: value}, who=ada)
    await say("POST /api/tasks", {"title": "Rent", "user_id": ada.id}, who=ada)
    await say("POST /api/tasks", {"title": "Rent", "id": OWN, "version": 3, "a/b~c": 1}, who=ada)
    await say("POST /api/tasks", {"title": "", "completed": 2, "priority": "x", "due": {"time": "x"}}, who=ada)
    await say("GET /api/tasks?count=true", who=ada, note="nothing has been made")


async def bad_dues(say: Recorder) -> None:
    ada = await say.join("ada")
    for due in _BAD_DUES:
        await say("POST /api/tasks", {"title": "Rent", "due": due}, who=ada)
    await say("GET /api/tasks?count=true", who=ada, note="nothing has been made")


async def bad_bodies(say: Recorder) -> None:
    ada = await say.join("ada")
    for note, content in _BAD_BODIES.items():
        await say("POST /api/tasks", who=ada, note=note, content=content, Content_Type="application/json")
    await say("POST /api/tasks", who=ada, note="no body")
    await say("POST /api/tasks", who=ada, note="no body, but a type", Content_Type="application/json")
    await say("POST /api/tasks", who=ada, note="no type", content=b'{"title": "Rent"}')
    for media_type in ("text/plain", "text/json", "application/x-www-form-urlencoded", "application/jsonx", "json"):
        await say("POST /api/tasks", who=ada, content=b'{"title": "Rent"}', Content_Type=media_type)
    await say("GET /api/tasks?count=true", who=ada, note="nothing has been made")


async def reading(say: Recorder) -> None:
    ada = await say.join("ada")
    made = await say("POST /api/tasks", _FULL, who=ada)
    path = f"/api/tasks/{made.json()['id']}"
    await say(f"GET {path}", who=ada)
    await say(f"GET {path}/", who=ada)
    await say(f"HEAD {path}", who=ada)
    await say(f"GET {path.upper().replace('/API/TASKS', '/api/tasks')}", who=ada, note="in capitals")
    await say(f"GET {path.replace('-', '')}", who=ada, note="without dashes")
    for wrong in (OTHER, "1", "x", "%00", "null", "018f0000-0000-7000-8000-00000000000g", f"{OTHER}0", "{}"):
        await say(f"GET /api/tasks/{wrong}", who=ada)
    await say(f"HEAD /api/tasks/{OTHER}", who=ada)
    await say(f"GET {path}", note="whose?")
    await say(f"GET {path}?expand=all", who=ada, note="a parameter that it does not have")


async def replacing(say: Recorder) -> None:
    ada = await say.join("ada")
    path = f"/api/tasks/{OWN}"
    await say(f"PUT {path}", {"title": "Rent"}, who=ada, note="an id of the client's own choosing")
    await say(f"PUT {path}", {"title": "Rent"}, who=ada, note="the same again changes nothing")
    await say(f"PUT {path}", _FULL, who=ada)
    await say(f"PUT {path}/", {**_FULL, "title": "Rent"}, who=ada)
    await say(f"PUT {path}", {"title": "Rent"}, who=ada, note="what is not sent is cleared")
    bodies: tuple[Any, ...] = ({}, {"description": "x"}, {"title": None}, {"title": "a", "done": True}, [], None)
    for body in bodies:
        await say(f"PUT {path}", body, who=ada)
    await say(f"PUT {path}", who=ada, note="no body")
    await say(f"PUT {path}", who=ada, content=b"x", Content_Type="text/plain")
    await say("PUT /api/tasks/1", {"title": "Rent"}, who=ada)
    await say("PUT /api/tasks/1", {"title": ""}, who=ada, note="both wrong")
    await say(f"PUT {path}", {"title": "Rent"})
    await say(f"GET {path}", who=ada)
