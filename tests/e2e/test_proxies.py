"""Who a client is behind proxies: as a real server logs it, since its answers do not depend on it."""

from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.e2e.refusals import refusal
from tests.support.servers import environment, running, todo

URL: Final = "sqlite:///todo.db"
PEER: Final = "127.0.0.1"
CLIENT: Final = "203.0.113.9"
FORGED: Final = "192.0.2.66"


def _logged(folder: Path, headers: list[tuple[str, str]], **variables: str) -> dict[str, Any]:
    """The line of one request with these headers."""
    with running(environment(URL, **variables), folder) as server:
        given = [("X-Request-ID", "one"), *headers]
        assert httpx.get(f"{server.url}/livez", headers=given, timeout=30).status_code == 200
    [line] = [line for line in server.lines if line["request_id"] == "one"]
    return line


@pytest.mark.parametrize("trusted", ["", "10.0.0.0/8,::1"], ids=["nobody", "others"])
def test_a_peer_that_is_no_trusted_proxy_is_the_client_whatever_it_says(folder: Path, trusted: str) -> None:
    said = [("X-Forwarded-For", FORGED), ("X-Forwarded-Proto", "https"), ("Forwarded", f"for={FORGED};proto=https")]
    line = _logged(folder, said, TRUSTED_PROXIES=trusted, FORWARDED_ALLOW_IPS="*")
    assert (line["client"], line["scheme"]) == (PEER, "http")


@pytest.mark.parametrize(
    "chain",
    [
        [CLIENT],
        [f"{FORGED}, {CLIENT}"],
        [f"{FORGED}, 10.0.0.7, {CLIENT}, 10.0.0.7"],
        [FORGED, f"{CLIENT}, 10.1.2.3"],
        [f"{FORGED}, {CLIENT}:54321"],
    ],
    ids=["one proxy", "a forged entry", "two proxies", "two lines", "with a port"],
)
def test_behind_trusted_proxies_the_last_entry_that_is_none_is_the_client(folder: Path, chain: list[str]) -> None:
    said = [*(("X-Forwarded-For", entry) for entry in chain), ("X-Forwarded-Proto", "https")]
    line = _logged(folder, said, TRUSTED_PROXIES="127.0.0.1, 10.0.0.0/8")
    assert (line["client"], line["scheme"]) == (CLIENT, "https")


def test_a_trusted_proxy_that_says_nothing_is_the_client_itself(folder: Path) -> None:
    line = _logged(folder, [], TRUSTED_PROXIES="127.0.0.0/8")
    assert (line["client"], line["scheme"]) == (PEER, "http")


def test_no_server_starts_that_would_trust_everybody(folder: Path) -> None:
    line = refusal(todo("serve", "--port", "0", env=environment(URL, TRUSTED_PROXIES="*"), folder=folder))
    assert line.startswith("TRUSTED_PROXIES: must name the proxies")
    assert list(folder.iterdir()) == []
