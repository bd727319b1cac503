"""The golden transcript: what the service answers, byte for byte, on every database.

`WRITE_TRANSCRIPT=1 pytest tests/contract/test_transcript.py` writes it anew and fails, so that somebody reviews it.
"""

import difflib
import fcntl
import os
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Final

import pytest
from fastapi import FastAPI

from app.database.urls import Backend
from tests.conftest import Apps
from tests.contract import transcript_accounts as accounts
from tests.contract import transcript_changes as changes
from tests.contract import transcript_lists as lists
from tests.contract import transcript_service as service
from tests.contract import transcript_tasks as tasks
from tests.contract.transcript import Recorder, written
from tests.contract.transcript_service import ORIGIN

GOLDEN: Final = Path(__file__).with_name("transcript.txt")
HEADING: Final = "================ "
# What the answers depend on besides the database.
SETTINGS: Final[dict[str, object]] = {
    "environment": "development",
    "access_token_minutes": 15,
    "session_days": 90,
    "password_min_length": 8,
    "cors_origins": (ORIGIN,),
    "max_body_bytes": 1_048_576,
    "db_pool_size": 10,
    "space_id": None,
}
# A chapter's number is in its ids: a new one goes to the end and changes nothing before it.
CHAPTERS: Final[dict[str, Callable[[Recorder], Awaitable[None]]]] = {
    "Health and meta": service.service,
    "Paths and methods": service.paths,
    "Request ids": service.request_ids,
    "Browsers on other origins": service.browsers,
    "Large bodies": service.large_bodies,
    "Outages": service.outages,
    "Registration": accounts.registration,
    "Logins": accounts.logins,
    "Logins by form": accounts.forms,
    "Profiles": accounts.profiles,
    "Profiles on condition": accounts.profile_conditions,
    "Sessions": accounts.sessions,
    "Tokens": accounts.tokens,
    "New tasks": tasks.new_tasks,
    "Tasks that are no good": tasks.bad_tasks,
    "Dues that are no good": tasks.bad_dues,
    "Bodies that are no good": tasks.bad_bodies,
    "Reading a task": tasks.reading,
    "Replacing a task": tasks.replacing,
    "Patching a task": changes.patching,
    "Patches that are no good": changes.bad_patches,
    "Done and open": changes.done_and_open,
    "The trash": changes.trash,
    "Tasks on condition": changes.conditions,
    "Somebody else's tasks": changes.somebody_elses,
    "Lists": lists.lists,
    "Orders": lists.orders,
    "Filters": lists.filters,
    "Queries that are no good": lists.bad_queries,
    "Pages": lists.pages,
    "Foreign cursors": lists.foreign_cursors,
    "The paths of the family": lists.family,
    "Strangers in the family": lists.strangers_in_the_family,
    "Too many at once": service.crowds,
}
BROKEN: Final = {
    "postgresql": "postgresql://nobody@127.0.0.1:1/nothing?sslmode=disable",
    "mysql": "mysql://nobody@127.0.0.1:1/nothing?ssl-mode=disabled",
}


@pytest.fixture
def broken_url(backend: Backend, tmp_path: Path) -> str:
    """Where no database is to be had: a port nobody listens on; a file whose journal cannot be made."""
    (tmp_path / "todo.db-journal").mkdir()
    return BROKEN.get(backend, f"sqlite:///{tmp_path}/todo.db")


def fixed(apps: Apps) -> Callable[..., FastAPI]:
    """Makes applications that owe nothing to the tester's environment."""

    def make(**values: object) -> FastAPI:
        return apps.make(**{**SETTINGS, **values})  # type: ignore[arg-type]

    return make


async def told(chapter: str, apps: Apps, broken_url: str) -> str:
    """What is said in a chapter, as text."""
    say = Recorder(fixed(apps), broken_url, list(CHAPTERS).index(chapter) + 1)
    async with say.talking():
        await CHAPTERS[chapter](say)
    return "\n".join(line for exchange in say.exchanges for line in written(exchange)) + "\n"


def chapters_of(text: str) -> dict[str, str]:
    """The chapters of a golden file by their titles."""
    return dict(part.split("\n", 1) for part in text.split(HEADING)[1:])


def bound(chapters: Mapping[str, str]) -> str:
    """The golden file with these chapters."""
    return "".join(f"{HEADING}{title}\n{chapters[title]}" for title in CHAPTERS if title in chapters)


@pytest.mark.parametrize("chapter", CHAPTERS)
async def test_every_database_answers_as_the_golden_transcript(chapter: str, apps: Apps, broken_url: str) -> None:
    text = await told(chapter, apps, broken_url)
    if os.environ.get("WRITE_TRANSCRIPT"):
        write(chapter, text)
        pytest.fail("written, review it")
    if found := difference(golden().get(chapter, ""), text):
        pytest.fail(found, pytrace=False)


def golden() -> dict[str, str]:
    return chapters_of(GOLDEN.read_text(encoding="utf-8"))


def write(chapter: str, text: str) -> None:
    """Put a chapter into the golden file, while no other process of the test run does."""
    GOLDEN.touch()
    with GOLDEN.open("r+", encoding="utf-8", newline="\n") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        whole = bound({**chapters_of(file.read()), chapter: text})
        file.seek(0)
        file.write(whole)
        file.truncate()


def difference(expected: str, text: str) -> str:
    """The first lines of a diff; nothing when the two are equal byte for byte."""
    lines = difflib.unified_diff(expected.split("\n"), text.split("\n"), "golden", "now", lineterm="")
    return "\n".join(islice(lines, 60))


def test_the_golden_transcript_has_these_chapters_and_nothing_else() -> None:
    assert list(golden()) == list(CHAPTERS)
    assert GOLDEN.read_bytes() == bound(golden()).encode()


def test_the_golden_transcript_tells_of_every_kind_of_answer() -> None:
    statuses = Counter(int(line[2:]) for line in bound(golden()).split("\n") if re.fullmatch("> [0-9]{3}", line))
    assert statuses.keys() == {200, 201, 204, 304, 400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 503}
    assert statuses.total() > 600
