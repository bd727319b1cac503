"""PostgreSQL behind PgBouncer in transaction mode: the next statement may meet another server process."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from app.database import schema
from app.database.urls import Backend
from tests.e2e.refusals import output
from tests.e2e.test_workers import CLIENTS, ROUNDS, WAIT, work
from tests.support.databases import fresh_database
from tests.support.poolers import pooled
from tests.support.servers import environment, running, todo


@pytest.mark.pgbouncer
@pytest.mark.backends("postgresql")  # whose pooler it is
def test_migrations_and_many_clients_at_once_pass_a_pooler(backend: Backend, folder: Path, worker_id: str) -> None:
    with (
        fresh_database(backend, folder, f"todo_pooled_{worker_id}_{os.getpid()}") as direct,
        pooled(direct, folder) as url,
    ):
        env = environment(url)
        assert output(todo("migrate", env=env, folder=folder)).endswith(f": schema none → {schema.head()}\n")
        with running(env, folder, "--workers", "2") as server:
            assert httpx.get(f"{server.url}/readyz", timeout=WAIT).json()["status"] == "healthy"
            with ThreadPoolExecutor(CLIENTS) as pool:
                answers = list(pool.map(work, [server] * CLIENTS, range(CLIENTS)))
            assert server.stop() == 0
        assert answers == [[201] + [201, 200, 200] * ROUNDS] * CLIENTS
        assert [line for line in server.lines if line["level"] not in {"info", "debug"}] == []
