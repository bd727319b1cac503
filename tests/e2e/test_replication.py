"""A written task outlives its container: real servers, a real replica, real ends of processes."""

import json
import os
import signal
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from tests.support.instances import Instance, Replica
from tests.support.servers import todo

# Only a file has a replica; nothing here depends on which databases are under test.


@pytest.fixture
def replica(tmp_path: Path) -> Replica:
    return Replica(tmp_path)


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def writing(instance: Instance, until: int) -> tuple[set[str], set[str]]:
    """Several clients write at once until so many are acknowledged, then everything is killed: sent, acknowledged."""
    sent: set[str] = set()
    kept: set[str] = set()
    numbers = count()

    def client() -> None:
        with httpx.Client(headers={"Authorization": f"Bearer {instance.token}"}, timeout=30) as user:
            while True:
                task_id = str(uuid4())
                sent.add(task_id)
                try:
                    answer = user.put(f"{instance.server.url}/api/tasks/{task_id}", json={"title": "Rent"})
                except httpx.TransportError:
                    return
                assert answer.status_code == 201
                kept.add(task_id)
                if next(numbers) == until:
                    instance.kill()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(client) for _ in range(4)]:
            done.result()
    return sent, kept


def tasks_in(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {str(UUID(bytes=row[0])) for row in connection.execute("SELECT id FROM tasks")}


def test_a_stopped_instance_leaves_everything_behind(replica: Replica) -> None:
    written = [str(uuid4()) for _ in range(3)]
    with replica.instance() as instance:
        token = instance.token
        for task_id in written:
            assert instance.put(task_id).status_code == 201
        assert instance.server.stop() == 0
    instance.wipe()
    with replica.starting() as again:
        again.server.said("is ready")
        again.token = token  # the login too is still good
        assert all(again.has(task_id) for task_id in written)
        assert tasks_in(again.disk / "todo.db") == set(written)


def test_an_acknowledged_write_survives_the_end_of_everything(replica: Replica) -> None:
    kept: set[str] = set()
    for _ in range(3):
        with replica.instance() as instance:
            assert kept <= tasks_in(instance.disk / "todo.db")
            _, now = writing(instance, until=40)
            kept |= now
        instance.wipe()
    with replica.instance() as instance:
        assert kept <= tasks_in(instance.disk / "todo.db")


def test_without_durable_writes_what_survives_has_no_hole(replica: Replica) -> None:
    with replica.instance(DURABLE_WRITES="0") as instance:
        written = [str(uuid4()) for _ in range(60)]
        for task_id in written:
            assert instance.put(task_id).status_code == 201
        instance.kill()
    instance.wipe()
    with replica.instance() as instance:
        found = tasks_in(instance.disk / "todo.db")
        assert found == set(written[: len(found)])


def test_a_stalled_replica_refuses_writes_and_recovers(replica: Replica) -> None:
    with replica.instance(REPLICA_TIMEOUT="1") as instance:
        before, caught, refused = str(uuid4()), str(uuid4()), str(uuid4())
        assert instance.put(before).status_code == 201
        (litestream,) = instance.children()
        os.kill(litestream, signal.SIGSTOP)
        assert problem(instance.put(caught)) == (503, "replica_stalled")  # committed here, not known to be kept
        while (answer := instance.ask("GET", "/readyz")).json()["status"] != "degraded":
            assert answer.status_code == 200
        assert instance.ask("GET", "/readyz").json()["replica"]["state"] == "stalled"
        answer = instance.put(refused)
        assert problem(answer) == (503, "replica_stalled")  # refused before anything was done
        assert int(answer.headers["Retry-After"]) > 0
        assert instance.has(before)
        assert not instance.has(refused)
        os.kill(litestream, signal.SIGCONT)
        while instance.ask("GET", "/readyz").json()["status"] == "degraded":
            pass
        assert instance.put(caught).status_code == 200  # the retry finds it
        assert instance.put(refused).status_code == 201


def test_litestream_is_started_again_when_it_dies(replica: Replica) -> None:
    with replica.instance() as instance:
        (litestream,) = instance.children()
        os.kill(litestream, signal.SIGKILL)
        instance.server.said("is started again")
        task_id = str(uuid4())
        assert instance.put(task_id).status_code == 201
        instance.kill()
    instance.wipe()
    with replica.instance() as instance:
        assert instance.has(task_id)


def test_a_younger_instance_takes_over(replica: Replica) -> None:
    before, late = str(uuid4()), str(uuid4())
    with replica.instance("elder") as elder:
        assert elder.put(before).status_code == 201
        with replica.instance("younger") as younger:
            assert elder.server.said("takes over")
            assert problem(elder.put(late)) == (503, "superseded")
            assert elder.has(before)
            assert elder.ask("GET", "/readyz").json()["replica"]["state"] == "superseded"
            assert younger.has(before)
            assert not younger.has(late)
            assert younger.put(late).status_code == 201
            assert elder.server.stop() == 0
            assert younger.server.stop() == 0
    with replica.instance("third") as third:
        assert third.has(before)
        assert third.has(late)


def test_nobody_is_ready_before_the_elder_has_stopped(replica: Replica) -> None:
    with replica.instance("elder", REPLICA_ELDER="60") as elder:
        os.kill(elder.server.process.pid, signal.SIGSTOP)
        with replica.starting("younger", REPLICA_ELDER="60") as younger:
            younger.server.said("waiting for 00000001-")
            assert younger.ask("GET", "/livez").json() == {"status": "alive"}
            for path in ("/readyz", "/", "/api/tasks"):
                answer = younger.ask("GET", path)
                assert problem(answer) == (503, "not_ready")
                assert int(answer.headers["Retry-After"]) > 0
            os.kill(elder.server.process.pid, signal.SIGCONT)
            younger.server.said("is ready")
            assert younger.ask("GET", "/readyz").status_code == 200


def test_an_instance_that_waits_can_be_stopped(replica: Replica) -> None:
    with replica.instance("elder", REPLICA_ELDER="60") as elder:
        os.kill(elder.server.process.pid, signal.SIGSTOP)
        with replica.starting("younger", REPLICA_ELDER="60") as younger:
            younger.server.said("waiting for 00000001-")
            assert younger.server.stop() == 0
        os.kill(elder.server.process.pid, signal.SIGCONT)
        assert elder.put().status_code == 201  # it has made way again before the elder looked


def test_an_elder_that_was_taken_for_dead_acknowledges_nothing_more(replica: Replica) -> None:
    """It slept through the end of its time: what it takes afterwards would be in nobody's history."""
    with replica.instance("elder") as elder:
        pids = [elder.server.process.pid, *elder.children()]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        with replica.instance("younger") as younger:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
            answer = elder.put()
            assert answer.status_code == 503
            assert answer.json()["code"] in {"replica_stalled", "superseded"}
            assert younger.put().status_code == 201


def test_a_start_that_died_half_way_is_passed_over(replica: Replica) -> None:
    task_id = str(uuid4())
    with replica.instance("elder") as elder:
        assert elder.put(task_id).status_code == 201
        assert elder.server.stop() == 0
    newest = max((replica.folder / "replica" / "notes").iterdir())
    half = newest.with_name("00000002-00000000")
    half.mkdir()
    (half / "boot.json").write_text((newest / "boot.json").read_text())  # of long ago
    (replica.folder / "replica/history/00000002-00000000/ltx/0").mkdir(parents=True)
    with replica.instance("next", REPLICA_ELDER="1") as following:
        assert following.has(task_id)
        assert following.server.said("generation 00000003-")


def test_an_elder_starts_anew_when_nobody_is_left(replica: Replica) -> None:
    before = str(uuid4())
    with replica.instance("elder") as elder:
        with replica.instance("younger") as younger:
            assert younger.put(before).status_code == 201
            assert younger.server.stop() == 0
        elder.server.said("starting anew")
        elder.server.said("generation 00000003-", "is ready")
        elder.server.url = elder.server.heard("listening on ")[-1].removeprefix("listening on ")
        assert elder.has(before)  # what the other has written since
        assert elder.put().status_code == 201
    aside = [path.name for path in elder.disk.glob("todo.db.00000001-*")]
    assert aside, "the file that was behind is kept"


def test_a_file_that_no_history_belongs_to_is_not_written_over(replica: Replica) -> None:
    with replica.instance("one") as instance:
        assert instance.server.stop() == 0
    (instance.disk / "todo.db.generation").unlink()
    done = todo("serve", "--port", "0", env=replica.environment("one"), folder=replica.folder)
    assert done.returncode == 1
    assert "move one of them away" in done.stderr.splitlines()[-1]


def test_a_disk_that_was_kept_is_gone_on_with(replica: Replica) -> None:
    task_id = str(uuid4())
    with replica.instance() as instance:
        assert instance.put(task_id).status_code == 201
        instance.kill()
    with replica.instance() as instance:
        assert instance.has(task_id)
        assert not any("restored" in line["message"] for line in instance.server.lines)


def test_a_damaged_history_stops_the_start(replica: Replica) -> None:
    with replica.instance() as instance:
        assert instance.put().status_code == 201
        assert instance.server.stop() == 0
    instance.wipe()
    for page in (replica.folder / "replica/history").rglob("*.ltx"):
        page.write_bytes(page.read_bytes()[:-20])
    env = replica.environment("one")
    process = todo("serve", "--port", "0", env=env, folder=replica.folder)
    assert process.returncode == 1
    assert process.stderr.splitlines()[-1].startswith("error: ")
    assert not (instance.disk / "todo.db").exists()


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[str]:
    """A stand-in for an S3-compatible store, on this machine."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    httpx.put(f"{endpoint}/bucket").raise_for_status()
    yield f"s3://bucket/some/prefix?endpoint={endpoint}"
    server.stop()


def test_a_bucket_keeps_as_a_folder_does(tmp_path: Path, bucket: str) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "somebody", "AWS_SECRET_ACCESS_KEY": "a canary of a key"}
    replica = Replica(tmp_path, bucket, keys)
    with replica.instance("elder") as elder:
        _, kept = writing(elder, until=10)
    with replica.instance("younger") as younger:
        assert kept <= tasks_in(younger.disk / "todo.db")
        assert "canary" not in json.dumps([*elder.server.lines, *younger.server.lines])


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"REPLICA_URL": "ftp://host/folder"}, "error: REPLICA_URL: is neither a folder nor a bucket"),
        ({"REPLICA_URL": "/proc/no-such-place"}, "error: REPLICA_URL: /proc/no-such-place cannot be used"),
        ({"WORKERS": "2"}, "error: WORKERS: a replicated file is served by one worker"),
        ({"JWT_SECRET": ""}, "error: JWT_SECRET: is not set"),
        ({"DATABASE_URL": "postgresql://localhost/none"}, "error: REPLICA_URL: is for an SQLite file"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_cannot_be_replicated_stops_the_start(replica: Replica, variables: dict[str, str], line: str) -> None:
    done = todo("serve", "--port", "0", env=replica.environment("one") | variables, folder=replica.folder)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(line)
