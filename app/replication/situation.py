"""What becomes of the data when the process, its container or its machine ends."""

from enum import StrEnum
from pathlib import Path
from typing import Final

from app.config.settings import Settings, SettingsError
from app.database.urls import Target
from app.replication.place import Place, place_of

_LAYERS: Final = frozenset({"overlay", "aufs", "tmpfs", "ramfs"})


class Situation(StrEnum):
    """One image, told apart by its environment."""

    durable = "durable"
    """An SQLite file with a replica elsewhere: it outlives the container and its disk."""
    local = "local"
    """An SQLite file without a replica, on a disk that stays: as durable as that disk."""
    ephemeral = "ephemeral"
    """An SQLite file that goes with the container."""
    server = "server"
    """A database server keeps the data."""

    @property
    def sentence(self) -> str:
        """What it means for somebody who writes something here."""
        return _SENTENCES[self]


_SENTENCES: Final = {
    Situation.durable: "What is written here is replicated elsewhere and outlives this machine and its disk.",
    Situation.local: "What is written here is kept in a file and is as safe as the disk that the file lies on.",
    Situation.ephemeral: "What is written here is gone at the next restart. To keep it, set REPLICA_URL to a folder "
    "that stays or to a bucket.",
    Situation.server: "What is written here is kept by a database server.",
}


def situation_of(settings: Settings, target: Target) -> Situation:
    """Raises SettingsError for a replica of something that has none."""
    if target.path is None:
        if settings.replica_url:
            raise SettingsError(
                "REPLICA_URL: is for an SQLite file, and DATABASE_URL names a server: unset one of them"
            )
        return Situation.server
    if replica_of(settings, target) is not None:
        return Situation.durable
    return Situation.ephemeral if settings.is_space or _goes_with_container(target.path) else Situation.local


def replica_of(settings: Settings, target: Target) -> Place | None:
    """Where the file is replicated to; None for a server and where no replica is configured."""
    return None if target.path is None else place_of(settings)


def _goes_with_container(path: Path) -> bool:
    """Whether the file lies in a container's own layer or in memory, by the kind of the file system under it."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not Linux
        return False
    folder = path.absolute().parent
    kinds = {Path(mount.split()[1].replace("\\040", " ")): mount.split()[2] for mount in mounts}
    under = max((mounted for mounted in kinds if folder.is_relative_to(mounted)), default=None)
    return under is not None and kinds[under] in _LAYERS
