"""What is said when a task changes: patches, conditions, done and open, the trash, somebody else's."""

from typing import Any, Final

from tests.contract.transcript import Recorder
from tests.contract.transcript_tasks import OTHER, OWN

_PATCHES: Final[tuple[Any, ...]] = (
    {"title": " Rent, December "},
    {"title": "Rent, December"},
    {"description": "By standing order"},
    {"description": None},
    {"priority": "medium"},
    {"priority": "none"},
    {"completed": True},
    {"completed": True, "title": "Rent"},
    {"completed": False},
    {"due": {"date": "2026-12-24"}},
    {"due": {"time": "09:00"}},
    {"due": {"time_zone": "Europe/Berlin"}},
    {"due": {"date": "2027-07-01"}},
    {"due": {"time_zone": None}},
    {"due": {"time": None}},
    {"due": {"date": "2026-12-24", "time": "18:30", "time_zone": "Asia/Tokyo"}, "priority": "low"},
    {"due": None},
    {"due": None},
)
_BAD_PATCHES: Final[tuple[Any, ...]] = (
    {},
    {"title": None},
    {"title": " "},
    {"title": "x" * 201},
    {"description": "x" * 10_001},
    {"completed": None},
    {"completed": "no"},
    {"priority": None},
    {"priority": "urgent"},
    {"due": {}},
    {"due": {"time": "09:00"}},
    {"due": {"time_zone": "Europe/Berlin"}},
    {"due": {"date": None}},
    {"due": {"date": "2026-12-24", "time_zone": "Europe/Berlin"}},
    {"due": {"date": "2026-13-01", "time": "25:00", "time_zone": "Mars"}},
    {"due": "2026-12-24"},
    {"id": OTHER},
    {"version": 7},
    {"user_id": OTHER},
    {"title": "fine", "colour": "red"},
    [],
    "Rent",
    None,
)


async def patching(say: Recorder) -> None:
    ada = await say.join("ada")
    path = f"/api/tasks/{OWN}"
    await say(f"PUT {path}", {"title": "Rent"}, who=ada)
    for change in _PATCHES:
        await say(f"PATCH {path}", change, who=ada)
    await say(f"PATCH {path}/", {"title": "a"}, who=ada, Content_Type="application/merge-patch+json")
    await say(f"PATCH {path}", {"title": "b"}, who=ada, Content_Type="application/json-patch+json")
    await say(f"PATCH /api/tasks/{OTHER}", {"title": "a"}, who=ada)
    await say("PATCH /api/tasks/1", {"title": "a"}, who=ada)
    await say(f"PATCH {path}", {"title": "a"})
    await say(f"PATCH {path}", who=ada)
    await say(f"PATCH {path}", who=ada, content=b"{", Content_Type="application/json")
    await say(f"PATCH {path}", who=ada, content=b"{}", Content_Type="text/plain")


async def bad_patches(say: Recorder) -> None:
    ada = await say.join("ada")
    path = f"/api/tasks/{OWN}"
    await say(f"PUT {path}", {"title": "Rent"}, who=ada)
    for change in _BAD_PATCHES:
        await say(f"PATCH {path}", change, who=ada)
    due = {"date": "2026-12-24", "time": "09:00", "time_zone": "Europe/Berlin"}
    await say(f"PATCH {path}", {"due": due}, who=ada)
    await say(f"PATCH {path}", {"due": {"time": None}}, who=ada, note="a zone would stay without a time")
    await say(f"PATCH {path}", {"due": {"date": None}}, who=ada)
    await say(f"GET {path}", who=ada, note="one change in all")


async def done_and_open(say: Recorder) -> None:
    ada = await say.join("ada")
    path = f"/api/tasks/{OWN}"
    await say(f"PUT {path}", {"title": "Rent"}, who=ada)
    for verb in ("complete", "complete", "reopen/", "reopen", "complete/"):
        await say(f"POST {path}/{verb}", who=ada)
    for _ in range(3):
        await say(f"PATCH {path}/toggle", who=ada)
    await say(f"PATCH {path}/toggle/", {"anything": 1}, who=ada, note="a body is not looked at")
    for method, verb in (("POST", "complete"), ("POST", "reopen"), ("PATCH", "toggle")):
        await say(f"{method} /api/tasks/{OTHER}/{verb}", who=ada)
        await say(f"{method} /api/tasks/x/{verb}", who=ada)
        await say(f"{method} {path}/{verb}")
        await say(f"{method} {path}/{verb}", who=ada, If_Match='"1"')
        await say(f"{method} {path}/{verb}", who=ada, If_Match="*")
    await say(f"GET {path}", who=ada)


async def trash(say: Recorder) -> None:
    ada = await say.join("ada")
    path = f"/api/tasks/{OWN}"
    await say(f"PUT {path}", {"title": "Rent", "completed": True}, who=ada)
    await say(f"DELETE {path}")
    await say(f"DELETE {path}", who=ada)
    await say(f"DELETE {path}", who=ada, note="again")
    for request in (f"GET {path}", f"HEAD {path}", f"POST {path}/complete", f"POST {path}/reopen"):
        await say(request, who=ada)
    await say(f"PATCH {path}/toggle", who=ada)
    await say(f"PATCH {path}", {"title": "a"}, who=ada)
    await say(f"PUT {path}", {"title": "a"}, who=ada, If_Match="*", note="there is nothing to match")
    await say("GET /api/tasks?count=true", who=ada)
    await say(f"PUT {path}", {"title": "Anew"}, who=ada, If_None_Match="*", note="out of the trash it is made anew")
    await say(f"PUT {path}", {"title": "Anew"}, who=ada, If_None_Match="*", note="and now it is there")
    await say(f"DELETE {path}/", who=ada)
    await say(f"DELETE /api/tasks/{OTHER}", who=ada)
    await say("DELETE /api/tasks/x", who=ada)


async def conditions(say: Recorder) -> None:
    ada = await say.join("ada")
    path = f"/api/tasks/{OWN}"
    await say(f"PUT {path}", {"title": "Rent"}, who=ada, If_Match='"1"', note="there is nothing to match")
    await say(f"PUT {path}", {"title": "Rent"}, who=ada, If_Match="*")
    await say(f"PUT {path}", {"title": "Rent"}, who=ada, If_None_Match="*", note="only make it")
    await say(f"PUT {path}", {"title": "Rent"}, who=ada, If_None_Match="*", note="it is there")
    for tag in ('"1"', 'W/"1"', '"9","1"', "*", '"2"', '"01"', "1", "", '"', "nonsense"):
        await say(f"GET {path}", who=ada, If_None_Match=tag)
    await say(f"HEAD {path}", who=ada, If_None_Match='"1"')
    await say(f"GET /api/tasks/{OTHER}", who=ada, If_None_Match="*")
    await say(f"PUT {path}", {"title": "Two"}, who=ada, If_Match='"1"')
    for tag in ('"1"', 'W/"2"', '"x"', "", '"02"'):
        await say(f"PUT {path}", {"title": "Three"}, who=ada, If_Match=tag)
        await say(f"PATCH {path}", {"title": "Three"}, who=ada, If_Match=tag)
        await say(f"DELETE {path}", who=ada, If_Match=tag)
    await say(f"PATCH {path}", {"title": "Three"}, who=ada, If_Match='"1", "2"')
    await say(f"PATCH {path}", {"title": "Four"}, who=ada, If_Match="*")
    await say(f"PATCH /api/tasks/{OTHER}", {"title": "a"}, who=ada, If_Match="*")
    await say(f"DELETE /api/tasks/{OTHER}", who=ada, If_Match='"1"')
    await say(f"PATCH {path}", {"title": ""}, who=ada, If_Match='"1"', note="a body that is no good comes first")
    await say(f"DELETE {path}", who=ada, If_Match='"4"')


async def somebody_elses(say: Recorder) -> None:
    ada, eve = await say.join("ada"), await say.join("eve")
    await say(f"PUT /api/tasks/{OWN}", {"title": "Ada's"}, who=ada)
    for task in (OWN, OTHER):
        path = f"/api/tasks/{task}"
        note = "Ada's" if task == OWN else "nobody's: the same answer"
        for method in ("GET", "HEAD", "DELETE"):
            await say(f"{method} {path}", who=eve, note=note)
        await say(f"PATCH {path}", {"title": "Eve's"}, who=eve, note=note)
        await say(f"PATCH {path}", {"title": "Eve's"}, who=eve, note=note, If_Match='"1"')
        await say(f"POST {path}/complete", who=eve, note=note)
        await say(f"PUT {path}", {"title": "Eve's"}, who=eve, note=note, If_Match='"1"')
    await say("GET /api/tasks?count=true", who=eve)
    await say(f"PUT /api/tasks/{OWN}", {"title": "Eve's"}, who=eve, note="the same id makes one of her own")
    await say(f"GET /api/tasks/{OWN}", who=ada)
    await say(f"GET /api/tasks/{OWN}", who=eve)
