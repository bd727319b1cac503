"""Where a replica may be, in every spelling; and what becomes of the data."""

from pathlib import Path

import pytest

from app.config.settings import Settings, SettingsError
from app.database.urls import parse
from app.replication.guard import timing_of
from app.replication.place import Place, place_of
from app.replication.situation import Situation, situation_of

SECRET = "a secret of the tests with 32 bytes and more"


def settings(**values: object) -> Settings:
    return Settings(_env_file=None, **{"jwt_secret": SECRET, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "place"),
    [
        (None, None),
        ("/data", Place("folder", "/data")),
        (" /data/ ", Place("folder", "/data")),
        ("file:///srv/replica", Place("folder", "/srv/replica")),
        ("s3://bucket", Place("s3", "bucket")),
        ("s3://bucket/", Place("s3", "bucket")),
        ("s3://bucket/a/b/", Place("s3", "bucket/a/b")),
        (
            "s3://bucket/a?endpoint=https://s3.example:9000&region=eu-west-1",
            Place("s3", "bucket/a", "https://s3.example:9000", "eu-west-1"),
        ),
    ],
)
def test_every_spelling_of_a_place(url: str | None, place: Place | None) -> None:
    assert place_of(settings(replica_url=url)) == place


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("  ", "neither a folder nor a bucket"),
        ("data", "neither a folder nor a bucket"),
        ("./data", "neither a folder nor a bucket"),
        ("file://host/data", "neither a folder nor a bucket"),
        ("s3://", "neither a folder nor a bucket"),
        ("gs://bucket", "neither a folder nor a bucket"),
        ("s3://key:secret@bucket", "must carry no key"),
        ("s3://bucket?acl=public", "unknown parameter acl"),
    ],
)
def test_what_is_no_place(url: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=f"^REPLICA_URL: .*{reason}") as caught:
        place_of(settings(replica_url=url))
    assert "secret@" not in str(caught.value)


def test_a_bucket_and_the_prefix_in_it() -> None:
    assert (Place("s3", "bucket/a/b").bucket, Place("s3", "bucket/a/b").prefix) == ("bucket", "a/b")
    assert (Place("s3", "bucket").bucket, Place("s3", "bucket").prefix) == ("bucket", "")
    assert str(Place("s3", "bucket/a", "https://host")) == "s3://bucket/a"


@pytest.mark.parametrize(
    ("values", "url", "situation"),
    [
        ({}, "sqlite:///{folder}/todo.db", Situation.local),
        ({"space_id": "somebody/todo"}, "sqlite:///{folder}/todo.db", Situation.ephemeral),
        ({}, "sqlite:////dev/shm/todo.db", Situation.ephemeral),
        ({"replica_url": "/data"}, "sqlite:///{folder}/todo.db", Situation.durable),
        ({"replica_url": "/data", "space_id": "somebody/todo"}, "sqlite:///{folder}/todo.db", Situation.durable),
        ({}, "postgresql://localhost/todo", Situation.server),
        ({"space_id": "somebody/todo"}, "mysql://localhost/todo", Situation.server),
    ],
)
def test_what_becomes_of_the_data(values: dict[str, str], url: str, situation: Situation, tmp_path: Path) -> None:
    target = parse(url.format(folder=tmp_path))
    assert situation_of(settings(**values), target) is situation


def test_a_server_has_no_replica() -> None:
    with pytest.raises(SettingsError, match=r"^REPLICA_URL: is for an SQLite file"):
        situation_of(settings(replica_url="/data"), parse("postgresql://localhost/todo"))


@pytest.mark.parametrize(
    ("values", "place", "delay"),
    [
        ({}, Place("folder", "/data"), 0),
        ({"space_id": "somebody/todo"}, Place("folder", "/data"), 10),
        ({"space_id": "somebody/todo"}, Place("s3", "bucket"), 0),
        ({"space_id": "somebody/todo", "replica_delay": 3}, Place("folder", "/data"), 3),
    ],
)
def test_how_late_a_file_may_show(values: dict[str, object], place: Place, delay: float) -> None:
    assert timing_of(settings(**values), place).delay == delay
