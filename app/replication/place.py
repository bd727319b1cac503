"""Where the replica of the SQLite file lives: a folder, or an S3-compatible bucket."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from urllib.parse import parse_qsl, urlsplit

from app.config.settings import Settings, SettingsError

SPACE_MOUNT: Final = Path("/data")
"""Where a Space's storage bucket is mounted by custom; such a mount is taken for a replica without being named."""

_PARAMETERS: Final = frozenset({"endpoint", "region"})
_SPELLINGS: Final = "write a folder, as /data, or s3://bucket/prefix?endpoint=https://host&region=name"


@dataclass(frozen=True, slots=True)
class Place:
    """A folder (`location` is its path), or a prefix in a bucket (`location` is `bucket/prefix`)."""

    kind: Literal["folder", "s3"]
    location: str
    endpoint: str | None = None
    region: str | None = None

    def __str__(self) -> str:
        return self.location if self.kind == "folder" else f"s3://{self.location}"

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self.location.partition("/")[0]

    @property
    def prefix(self) -> str:
        """What every key in the bucket starts with, without slashes around it; may be empty."""
        return self.location.partition("/")[2]


def place_of(settings: Settings) -> Place | None:
    """The place that REPLICA_URL names, or a Space's mounted bucket; raises SettingsError for what is neither."""
    if settings.replica_url is not None:
        return _parsed(settings.replica_url.strip())
    if settings.is_space and os.path.ismount(SPACE_MOUNT):
        return Place("folder", str(SPACE_MOUNT))
    return None


def _parsed(text: str) -> Place:
    if text.startswith("/"):
        return Place("folder", str(Path(text)))
    parts = urlsplit(text)
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return Place("folder", str(Path(parts.path)))
    if parts.scheme != "s3" or not parts.hostname:
        raise SettingsError(f"REPLICA_URL: is neither a folder nor a bucket; {_SPELLINGS}")
    if "@" in parts.netloc:
        raise SettingsError("REPLICA_URL: must carry no key; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    parameters = dict(parse_qsl(parts.query))
    if unknown := sorted(parameters.keys() - _PARAMETERS):
        raise SettingsError(f"REPLICA_URL: unknown parameter {unknown[0][:32]}; {_SPELLINGS}")
    prefix = parts.path.strip("/")
    location = f"{parts.netloc}/{prefix}" if prefix else parts.netloc
    return Place("s3", location, parameters.get("endpoint"), parameters.get("region"))
