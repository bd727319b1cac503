"""Several workers on every database: they share the work, the numbers and the end."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import httpx
import pytest

from app.database.urls import Backend
from tests.support.accounts import PASSWORD
from tests.support.databases import migrated_database
from tests.support.metrics import HEADERS, TOKEN, Scraped
from tests.support.servers import RunningServer, environment, running, todo

CLIENTS: Final = 8
ROUNDS: Final = 15
WAIT: Final = 30.0
ROUTE: Final = "/api/tasks/{task_id}"


@pytest.fixture
def two(backend: Backend, folder: Path, worker_id: str) -> Iterator[RunningServer]:
    """A server with two workers that both serve."""
    with migrated_database(backend, folder, f"todo_workers_{worker_id}_{os.getpid()}") as url:
        env = environment(url, METRICS_TOKEN=TOKEN, TMPDIR=str(folder))
        with running(env, folder, "--workers", "2") as server:
            wait_for(server, 2)
            yield server


def started(server: RunningServer) -> list[int]:
    """The processes that have begun to serve, in this order."""
    return [line["pid"] for line in list(server.lines) if line["message"] == "Application startup complete."]


def wait_for(server: RunningServer, count: int) -> None:
    """Until so many processes have begun to serve; another server would be asked meanwhile in vain."""
    while len(started(server)) < count:
        assert server.process.poll() is None
        assert httpx.get(f"{server.url}/livez", timeout=WAIT).status_code == 200


def scraped(server: RunningServer) -> Scraped:
    return Scraped(httpx.get(f"{server.url}/metrics", headers=HEADERS, timeout=WAIT).text)


def counted(server: RunningServer, method: str, expected: int) -> float:
    """How many requests were counted; each is a moment after its answer, so it may have to be asked again."""
    found = 0.0
    for _ in range(100):
        found = scraped(server).total("todo_request_seconds_count", route=ROUTE, method=method, status="200")
        if found >= expected:
            break
    return found


def work(server: RunningServer, number: int) -> list[int]:
    """One user makes, changes and reads tasks, each request on a connection of its own; the statuses."""
    person = {"email": f"{number}@example.com", "password": PASSWORD}
    made = httpx.post(f"{server.url}/api/auth/register", json=person, timeout=WAIT)
    headers = {"Authorization": f"Bearer {made.json()['access_token']}"}
    statuses = [made.status_code]
    for turn in range(ROUNDS):
        task = httpx.post(f"{server.url}/api/tasks", json={"title": f"{turn}"}, headers=headers, timeout=WAIT)
        address = f"{server.url}/api/tasks/{task.json()['id']}"
        changed = httpx.patch(address, json={"title": "done"}, headers=headers, timeout=WAIT)
        read = httpx.get(address, headers=headers, timeout=WAIT)
        assert {"title": "done", "version": 2}.items() <= read.json().items(), [task.text, changed.text, read.text]
        statuses += [task.status_code, changed.status_code, read.status_code]
    return statuses


def test_two_workers_share_the_work_and_either_tells_of_both(two: RunningServer, folder: Path) -> None:
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(work, [two] * CLIENTS, range(CLIENTS)))
    assert answers == [[201] + [201, 200, 200] * ROUNDS] * CLIENTS
    for method in ("GET", "PATCH"):
        assert counted(two, method, CLIENTS * ROUNDS) == CLIENTS * ROUNDS
    page = scraped(two)
    assert page.total("todo_workers") == 2
    assert page.total("todo_build_info") == 1
    assert list(folder.glob("todo-metrics-*"))
    assert two.stop() == 0
    served = {line["pid"] for line in two.lines if line["message"] == "request" and line["route"] == ROUTE}
    assert served == set(started(two))
    assert len(served) == 2
    assert not list(folder.glob("todo-metrics-*"))


def test_a_worker_that_is_killed_is_replaced_and_its_requests_still_count(two: RunningServer) -> None:
    work(two, 1)
    assert counted(two, "GET", ROUNDS) == ROUNDS
    victim = started(two)[0]
    os.kill(victim, signal.SIGKILL)
    wait_for(two, 3)
    assert scraped(two).total("todo_workers") == 2
    work(two, 2)
    assert counted(two, "GET", 2 * ROUNDS) == 2 * ROUNDS
    assert two.stop() == 0


def test_a_server_whose_workers_cannot_start_says_why_and_ends_with_an_error(folder: Path) -> None:
    """What a worker reads is wrong, and what their parent has read was not."""
    hook = folder / "hook"
    hook.mkdir()
    lines = (
        "import os, sys",
        'if "spawn_main" in " ".join(sys.orig_argv):',
        '    os.environ["LOG_LEVEL"] = "loud"',
        "",
    )
    (hook / "sitecustomize.py").write_text("\n".join(lines), encoding="utf-8")
    env = environment("sqlite:///todo.db")
    env["PYTHONPATH"] = f"{hook}{os.pathsep}{env['PYTHONPATH']}"
    run = todo("serve", "--port", "0", "--workers", "2", env=env, folder=folder)
    assert run.returncode == 1
    assert "a worker cannot start: LOG_LEVEL: " in run.stderr
    assert "Traceback" not in run.stderr
