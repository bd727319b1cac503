"""The page at `/` and the documentation: what they say, and who may show them in a frame."""

from html import escape
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from app import __version__
from app.database.gate import OpenGate, ReplicaStatus
from app.database.urls import Backend
from app.main import create_app
from app.replication.situation import Situation
from tests.conftest import Apps, client_of, settings_for

FRAMED_BY: Final = "frame-ancestors 'self' https://huggingface.co"
REPOSITORY: Final = "https://git.example/somebody/todo"


async def _page(apps: Apps, **values: Any) -> str:
    async with client_of(apps.make(**values)) as client:
        return (await client.get("/")).text


async def test_the_root_is_a_page(client: httpx.AsyncClient) -> None:
    page, head = await client.get("/"), await client.head("/")
    assert (page.status_code, head.status_code) == (200, 200)
    assert page.headers["Content-Type"].startswith("text/html")
    assert head.content == b""
    for path in ("/docs", "/openapi.json", "/readyz"):
        assert f'<a href="{path}">' in page.text
        assert (await client.get(path)).status_code == 200


async def test_the_page_says_what_runs_here(apps: Apps, backend: Backend) -> None:
    page = await _page(apps, commit_sha="b9c1468f00d", repository_url=REPOSITORY)
    assert f"version {__version__} &middot; commit b9c1468 &middot; {backend}" in page
    assert f'<a href="{REPOSITORY}" target="_blank" rel="noopener">' in page
    assert REPOSITORY not in await _page(apps)


async def test_the_page_says_what_becomes_of_the_data(apps: Apps, backend: Backend, tmp_path: Path) -> None:
    said: dict[Situation, dict[str, str]] = {Situation.server: {}}
    if backend == "sqlite":
        said = {
            Situation.local: {},
            Situation.durable: {"replica_url": str(tmp_path)},
            Situation.ephemeral: {"space_id": "somebody/todo"},
        }
    for situation, values in said.items():
        page = await _page(apps, **values)
        assert [each for each in Situation if escape(each.sentence) in page] == [situation]
        assert ('class="note warning"' in page) is (situation is Situation.ephemeral)
        assert "Degraded" not in page


@pytest.mark.backends("sqlite")  # a server has no replica of ours
async def test_who_loses_what_is_written_is_told_how_to_keep_it(apps: Apps) -> None:
    page = await _page(apps, space_id="somebody/todo")
    assert "is gone at the next restart" in page
    assert "REPLICA_URL" in page


class Unwell(OpenGate):
    """A replica in a state."""

    def __init__(self, status: ReplicaStatus) -> None:
        self._status = status

    def status(self) -> ReplicaStatus:
        return self._status


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (ReplicaStatus("replicating", 0.1), None),
        (ReplicaStatus("stalled", 9.0), "The replica does not take what is written"),
        (ReplicaStatus("superseded", 0.0), "A newer instance has taken over"),
    ],
    ids=lambda value: value.state if isinstance(value, ReplicaStatus) else "",
)
async def test_the_page_says_that_writes_are_refused(
    database_url: str, status: ReplicaStatus, words: str | None
) -> None:
    app = create_app(settings_for(database_url), gate=Unwell(status))
    async with client_of(app) as client:
        page, ready = (await client.get("/")).text, (await client.get("/readyz")).json()
    await app.state.runtime.stop()
    assert (f"Degraded: {status.state}" in page) is (words is not None)
    assert (words or "An HTTP API") in page
    assert ready["status"] == ("healthy" if words is None else "degraded")


async def test_no_setting_can_become_markup(apps: Apps) -> None:
    page = await _page(apps, commit_sha='"><i>&', repository_url=f"{REPOSITORY}?a=\"><script>&b='")
    assert "commit &quot;&gt;&lt;i&gt;&amp; " in page
    assert f'href="{REPOSITORY}?a=&quot;&gt;&lt;script&gt;&amp;b=&#x27;"' in page
    assert "<script" not in page


async def test_every_page_may_be_framed_by_the_site_that_shows_spaces_and_by_no_other(
    client: httpx.AsyncClient, apps: Apps
) -> None:
    paths = {route.path for route in iter_route_contexts(apps.make().routes) if route.path and "{" not in route.path}
    answers = {path: await client.get(path) for path in sorted(paths)}
    pages = {path for path, answer in answers.items() if answer.headers["Content-Type"].startswith("text/html")}
    assert pages == {"/", "/docs", "/docs/oauth2-redirect"}
    for path in pages:
        headers = answers[path].headers
        assert headers["Content-Security-Policy"].endswith(FRAMED_BY), path
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert [path for path, answer in answers.items() if "X-Frame-Options" in answer.headers] == []


async def test_the_page_loads_nothing_and_runs_nothing(client: httpx.AsyncClient) -> None:
    policy = (await client.get("/")).headers["Content-Security-Policy"].split("; ")
    assert "default-src 'none'" in policy
    assert [rule for rule in policy if "unsafe" in rule or "script" in rule] == []


@pytest.mark.parametrize(
    ("setting", "servers"),
    [
        ("", None),
        ("somebody-todo.hf.space", [{"url": "https://somebody-todo.hf.space"}]),
        ("somebody-todo.hf.space, todo.example", [{"url": "https://somebody-todo.hf.space"}]),
    ],
    ids=["nowhere", "one host", "two hosts"],
)
async def test_the_document_names_the_host_that_the_platform_gave(
    apps: Apps, setting: str, servers: list[dict[str, str]] | None
) -> None:
    async with client_of(apps.make(space_host=setting)) as client:
        assert (await client.get("/openapi.json")).json().get("servers") == servers
