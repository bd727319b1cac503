"""An empty database for each test of the migrations."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.database.urls import Backend, parse
from tests.migrations.steps import Steps
from tests.support.databases import fresh_database


@pytest.fixture
def empty_url(backend: Backend, tmp_path: Path, worker_id: str) -> Iterator[str]:
    with fresh_database(backend, tmp_path, f"todo_migrations_{worker_id}_{os.getpid()}") as url:
        yield url


@pytest.fixture
def steps(empty_url: str) -> Steps:
    """The migrations, to be run on an empty database."""
    return Steps(parse(empty_url))
