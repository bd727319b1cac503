"""The page at `/` in a real browser: on a phone and on a desk, by day and by night, and in another site's frame."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from app.replication.situation import Situation
from tests.support.browsers import browser
from tests.support.node import installed, tool
from tests.support.servers import environment, running

SOURCES: Final = Path(__file__).with_name("page")
SITUATIONS: Final[dict[Situation, dict[str, str]]] = {
    Situation.local: {},
    Situation.ephemeral: {"SPACE_ID": "somebody/todo", "REPOSITORY_URL": "https://git.example/somebody/todo"},
}

pytestmark = [pytest.mark.node, pytest.mark.browser]


@dataclass(frozen=True)
class Seen:
    """What the browser made of one server's pages; the `name` of a picture begins with the situation."""

    situation: Situation
    url: str
    views: list[dict[str, Any]]
    frames: list[dict[str, Any]]
    pictures: Path
    log: list[dict[str, Any]]


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(SOURCES, tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="session", params=SITUATIONS)
def seen(request: pytest.FixtureRequest, tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    situation: Situation = request.param
    folder = tmp_path_factory.mktemp("looked")
    pictures = Path(os.environ.get("SCREENSHOTS", folder))
    with running(environment("sqlite:///todo.db", **SITUATIONS[situation]), folder) as server:
        given = {"url": server.url, "chromium": browser(), "folder": str(pictures), "name": situation}
        found = json.loads(tool(tools, "node", "page.mjs", json.dumps(given)))
    return Seen(situation, server.url, found["views"], found["frames"], pictures, server.lines)


def test_the_page_says_in_every_view_what_becomes_of_the_data(seen: Seen) -> None:
    assert [(view["viewport"], view["scheme"]) for view in seen.views] == [
        (375, "light"),
        (375, "dark"),
        (1280, "light"),
        (1280, "dark"),
    ]
    for view in seen.views:
        assert view["title"] == "todo backend"
        assert seen.situation.sentence in view["words"]
        assert f"{seen.url}/docs" in view["links"]


def test_nothing_is_wider_than_the_screen_or_too_small_for_a_thumb(seen: Seen) -> None:
    for view in seen.views:
        assert view["width"] <= view["viewport"]
        assert view["smallest_link"] >= 44  # pixels: WCAG 2.2, success criterion 2.5.5


def test_every_word_can_be_read_by_day_and_by_night(seen: Seen) -> None:
    grounds = {view["scheme"]: view["ground"] for view in seen.views}
    assert grounds == {"light": "rgb(251, 251, 253)", "dark": "rgb(22, 22, 27)"}
    for view in seen.views:
        assert view["contrast"] >= 4.5  # WCAG 2.2, success criterion 1.4.3


def test_the_page_is_all_that_is_loaded_and_the_browser_has_nothing_to_complain_of(seen: Seen) -> None:
    for view in seen.views:
        assert view["requests"] == [f"{seen.url}/"]
        assert view["complaints"] == []


def test_the_site_that_shows_spaces_shows_every_page_in_its_frame(seen: Seen) -> None:
    shown = {frame["path"]: frame["title"] for frame in seen.frames if frame["site"] == "https://huggingface.co"}
    assert shown == {
        "/": "todo backend",
        "/docs": "todo backend",
        "/docs/oauth2-redirect": "Swagger UI: OAuth2 Redirect",
    }


def test_no_other_site_shows_any_page_in_its_frame(seen: Seen) -> None:
    others = [frame for frame in seen.frames if frame["site"] != "https://huggingface.co"]
    assert len(others) == 12
    for frame in others:
        assert (frame["title"], frame["is_refused"]) == (None, True), frame


def test_pictures_are_kept(seen: Seen) -> None:
    sizes = [f"{size}-{scheme}" for size in ("375x667", "1280x800") for scheme in ("light", "dark")]
    for name in (*sizes, "framed"):
        picture = seen.pictures / f"{seen.situation}-{name}.png"
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_log_says_at_the_start_what_the_page_says(seen: Seen) -> None:
    told = [(line["level"], line["message"]) for line in seen.log if line["logger"] == "app.serve"]
    assert ("info", f"situation: {seen.situation}") in told
    is_warned = ("warning", seen.situation.sentence) in told
    assert is_warned is (seen.situation is Situation.ephemeral)
