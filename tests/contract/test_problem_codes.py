"""The codes of problems are a promise: one golden file lists them, and every place that speaks of them agrees."""

import json
import re
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from app.api.problems import KINDS

# Nothing here depends on the database.
pytestmark = pytest.mark.backends("sqlite")

GOLDEN: Final[dict[str, dict[str, Any]]] = json.loads(
    Path(__file__).with_name("problem_codes.json").read_text(encoding="utf-8")
)
# What the server answers before it knows the route, so that no route declares it.
BEFORE_ANY_ROUTE: Final = {"cors_refused", "method_not_allowed"}
# What takes a bug, a full disk, a lock that somebody holds, or a replica.
NOT_TO_BE_PROVOKED: Final = {"busy", "internal_error", "replica_stalled", "storage_full", "superseded"}


def test_the_golden_file_lists_every_code_with_its_status_and_title() -> None:
    assert {code: {"status": kind.status, "title": kind.title} for code, kind in KINDS.items()} == GOLDEN


@pytest.mark.parametrize("code", GOLDEN)
async def test_every_code_is_explained(code: str, client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/problems/{code.replace('_', '-')}")
    told = answer.json()
    assert answer.status_code == 200
    assert told.pop("explanation")
    assert told == {"code": code, **GOLDEN[code]}


async def test_every_code_is_declared_by_a_route_or_given_before_any(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    declared = {
        (int(status), code)
        for path in document["paths"].values()
        for operation in path.values()
        for status, response in operation["responses"].items()
        if "application/problem+json" in response.get("content", {})
        for code in re.findall("`([a-z_]+)`", response["description"])
    }
    promised = {(golden["status"], code) for code, golden in GOLDEN.items()}
    assert declared <= promised
    assert {code for _, code in promised - declared} <= BEFORE_ANY_ROUTE


def test_every_code_that_can_be_provoked_is_in_the_golden_transcript() -> None:
    transcript = Path(__file__).with_name("transcript.txt").read_text(encoding="utf-8")
    told = {name.replace("-", "_") for name in re.findall('^{"type":"/problems/([a-z-]+)"', transcript, re.MULTILINE)}
    assert told == GOLDEN.keys() - NOT_TO_BE_PROVOKED
